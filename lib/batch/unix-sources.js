'use strict';

/**
 * Sources of the datagrams of Unix sockets: names, in a table of their own. The
 * C core passes the bytes of a name if it is not in this table.
 */

const binding = require('../load/binding');
const { Source, TEXT_WORDS } = require('./sources');

const {
  RECV_WORDS, RECV_SOURCE, RECV_NEW_TEXT, RECV_STATUS, TEXT_BYTES, TEXT_LENGTH,
  TEXT_TEXT,
} = binding.layout;

const { utf8Slice } = Buffer.prototype;

/** By slot. */
const sources = [];

/**
 * Finds the source of each datagram of a batch. A name may replace one that an
 * earlier datagram of the batch has, so they are read in order.
 * @param {Inbox} inbox
 * @param {number} count of datagrams
 */
function findPathSources(inbox, count) {
  const { groBuffers, statuses } = inbox;
  for (let i = 0; i < count; i++) {
    const at = i * RECV_WORDS;
    if (statuses[at + RECV_STATUS] < 0) continue;
    const slot = groBuffers[at + RECV_SOURCE];
    const newText = groBuffers[at + RECV_NEW_TEXT];
    if (newText > 0) sources[slot] = readSource(inbox, newText - 1);
    inbox.sources[i] = sources[slot];
  }
}

function readSource({ texts, textBytes }, index) {
  const from = index * TEXT_BYTES + TEXT_TEXT;
  const length = texts[index * TEXT_WORDS + TEXT_LENGTH];
  const name = utf8Slice.call(textBytes, from, from + length);
  return new Source(toPath(name), 'unix', 0, 0);
}

/**
 * A name such that send() takes it for the same one: in an argument, '@' stands
 * for the NUL of an abstract name.
 * @param {string} name of the kernel
 * @returns {string}
 */
function toPath(name) {
  return name.charCodeAt(0) === 0x40 ? `./${name}` : name;
}

module.exports = { findPathSources, toPath };
