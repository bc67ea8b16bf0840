'use strict';

/** The addresses of a socket, without properties that C has to define. */

const binding = require('../load/binding');
const { UDP } = require('./handle');

const {
  TEXT_BYTES, TEXT_FAMILY, TEXT_PORT, TEXT_LENGTH, TEXT_TEXT,
} = binding.layout;

const { latin1Slice } = Buffer.prototype;
const { getsockname, getpeername } = UDP.prototype;

const memory = new ArrayBuffer(TEXT_BYTES);
const words = new Int32Array(memory);
const bytes = Buffer.from(memory);

/**
 * @typedef {{address: string, family: 'IPv4'|'IPv6', port: number}} Name
 *
 * @param {UDP} handle
 * @param {boolean} ofPeer
 * @returns {Name|undefined} undefined: the method of the handle has to be
 *   called, since it fails or is not this package's
 */
function readName(handle, ofPeer) {
  const isOwn = ofPeer ?
    handle.getpeername === getpeername : handle.getsockname === getsockname;
  if (!isOwn || !binding.readName(handle.id, ofPeer, memory)) return undefined;
  return {
    address: latin1Slice.call(bytes, TEXT_TEXT, TEXT_TEXT + words[TEXT_LENGTH]),
    family: words[TEXT_FAMILY] === 6 ? 'IPv6' : 'IPv4',
    port: words[TEXT_PORT],
  };
}

module.exports = { readName };
