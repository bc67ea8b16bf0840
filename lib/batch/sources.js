'use strict';

/**
 * Sources of received datagrams. The C core passes the text of an address once
 * and then refers to it by slot.
 */

const binding = require('../load/binding');

const {
  RECV_SOURCE, RECV_NEW_TEXT, TEXT_BYTES, TEXT_FAMILY, TEXT_PORT, TEXT_LENGTH,
  TEXT_ERROR, TEXT_TEXT, SOURCES_MAX,
} = binding.layout;

const TEXT_WORDS = TEXT_BYTES / 4;

const { latin1Slice } = Buffer.prototype;

/** By slot. */
const sources = new Array(SOURCES_MAX).fill(null);

/**
 * The source of a GRO buffer. A new one is read from its text and remembered.
 * @param {Inbox} inbox
 * @param {number} at first word of the GRO buffer's descriptor
 * @returns {{address: string, family: string, port: number, error: number}}
 */
function findSource(inbox, at) {
  const { groBuffers, texts } = inbox;
  const slot = groBuffers[at + RECV_SOURCE];
  const newText = groBuffers[at + RECV_NEW_TEXT];
  if (newText === 0) return sources[slot];
  const word = (newText - 1) * TEXT_WORDS;
  const from = (newText - 1) * TEXT_BYTES + TEXT_TEXT;
  const source = {
    address: latin1Slice.call(inbox.textBytes, from,
                              from + texts[word + TEXT_LENGTH]),
    family: texts[word + TEXT_FAMILY] === 6 ? 'IPv6' : 'IPv4',
    port: texts[word + TEXT_PORT],
    error: texts[word + TEXT_ERROR],
  };
  sources[slot] = source;
  return source;
}

module.exports = { TEXT_WORDS, findSource };
