'use strict';

/** Where datagrams came from. */

const binding = require('../load/binding');

const {
  RECV_PEER, RECV_NEW_TEXT, TEXT_BYTES, TEXT_FAMILY, TEXT_PORT, TEXT_LENGTH,
  TEXT_ERROR, TEXT_TEXT, SOURCES_MAX,
} = binding.layout;

const TEXT_WORDS = TEXT_BYTES / 4;

const { latin1Slice } = Buffer.prototype;

/** Sources whose address the C core remembers, by slot. */
const sources = new Array(SOURCES_MAX).fill(null);

/** The source of a run; a fresh one is read from its text and remembered. */
function findSource(inbox, at) {
  const { runs, texts } = inbox;
  const slot = runs[at + RECV_PEER];
  const fresh = runs[at + RECV_NEW_TEXT];
  if (fresh === 0) return sources[slot];
  const word = (fresh - 1) * TEXT_WORDS;
  const from = (fresh - 1) * TEXT_BYTES + TEXT_TEXT;
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
