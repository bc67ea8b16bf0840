'use strict';

/**
 * The exports of node:dgram, and `transport`: what carries the datagrams of
 * this process. 'linux' or 'uv' is a data path of ours; 'node' is node:dgram
 * itself, untouched, where there is no compiled addon.
 */

const binding = require('./load/binding');
const { record } = require('./node/thread');

/** Users see it; their bundler may have given it another one. */
function setName(fn, name) {
  Object.defineProperty(fn, 'name',
                        { __proto__: null, value: name, configurable: true });
}

function ours() {
  const { Socket, createSocket } = require('./socket/socket');
  setName(Socket, 'Socket');
  setName(createSocket, 'createSocket');
  require('./node/deprecations').install(Socket);
  require('./node/ipc').install(require('./handle/handle').UDP);
  return { createSocket, Socket, transport: binding.transport };
}

function theirs() {
  const { createSocket, Socket } = record;
  return { createSocket, Socket, transport: 'node' };
}

module.exports = binding === null ? theirs() : ours();
