'use strict';

/**
 * Sources of received datagrams. The C core passes the text of an address once
 * and then refers to it by slot.
 */

const binding = require('../load/binding');

const {
  RECV_SOURCE, RECV_NEW_TEXT, TEXT_BYTES, TEXT_FAMILY, TEXT_PORT, TEXT_LENGTH,
  TEXT_ERROR, TEXT_TEXT,
} = binding.layout;

const TEXT_WORDS = TEXT_BYTES / 4;

const { latin1Slice } = Buffer.prototype;

class Source {
  constructor(address, family, port, error) {
    this.address = address;
    this.family = family; // 'IPv4' or 'IPv6'
    this.port = port;
    this.error = error; // a UV_ code: the address has no text
    /** The entry of destinations.js that an answer goes to, once known. */
    this.destination = null;
  }
}

/** By slot. The C core assigns slots in ascending order. */
const sources = [];

/** The source of the datagram that was delivered last. */
const latest = { source: new Source('', '', -1, 0) };

/**
 * The source of a GRO buffer. A new one is read from its text and remembered.
 * @param {Inbox} inbox
 * @param {number} at first word of the GRO buffer's descriptor
 * @returns {Source}
 */
function findSource(inbox, at) {
  const { groBuffers } = inbox;
  const newText = groBuffers[at + RECV_NEW_TEXT];
  if (newText === 0) return sources[groBuffers[at + RECV_SOURCE]];
  return readSource(inbox, sources, groBuffers[at + RECV_SOURCE], newText - 1);
}

/**
 * Reads the text of an address and remembers it.
 * @param {{texts: Int32Array, textBytes: Buffer}} memory
 * @param {Array<Source|null>} table by slot
 * @param {number} slot
 * @param {number} index of the text
 * @returns {Source}
 */
function readSource({ texts, textBytes }, table, slot, index) {
  const word = index * TEXT_WORDS;
  const from = index * TEXT_BYTES + TEXT_TEXT;
  const source = new Source(
    latin1Slice.call(textBytes, from, from + texts[word + TEXT_LENGTH]),
    texts[word + TEXT_FAMILY] === 6 ? 'IPv6' : 'IPv4',
    texts[word + TEXT_PORT],
    texts[word + TEXT_ERROR]);
  // A slot whose text was not read leaves no hole.
  while (table.length <= slot) table.push(null);
  table[slot] = source;
  return source;
}

module.exports = { Source, TEXT_WORDS, findSource, latest, readSource };
