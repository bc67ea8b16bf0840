'use strict';

/** The addresses of a socket, without properties that C has to define. */

const { TEXT_WORDS, readSource } = require('../batch/sources');
const binding = require('../load/binding');
const { UDP } = require('./handle');

const { getsockname, getpeername } = UDP.prototype;

/** C writes one text here; see readSource(). */
const memory = new ArrayBuffer(4 * TEXT_WORDS);
const text = {
  texts: new Int32Array(memory), textBytes: Buffer.from(memory),
};
const table = [null];

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
  const { address, family, port } = readSource(text, table, 0, 0);
  return { address, family, port };
}

module.exports = { readName };
