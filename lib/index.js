'use strict';

/**
 * The exports of node:dgram, and `transport`: what carries the datagrams of
 * this process. 'linux' or 'uv' is a data path of ours; 'node' is node:dgram
 * itself, untouched, where there is no compiled addon.
 */

const nodeDgram = require('node:dgram');
const binding = require('./binding');

function ours() {
  const deprecated = require('./deprecated');
  const ipc = require('./ipc');
  const { Socket, createSocket, ...actions } = require('./socket');

  deprecated.install(Socket, actions);
  ipc.install(Socket);
  return { createSocket, Socket, transport: binding.transport };
}

function theirs() {
  const { Socket, createSocket } = nodeDgram;
  return { createSocket, Socket, transport: 'node' };
}

/**
 * The addon is loaded once a thread, and knows one set of handles and of
 * destinations. Whoever evaluates this file again (a hot reloader, Jest) gets
 * the classes of the first time, as with node:dgram.
 */
function once() {
  binding.api ??= ours();
  return binding.api;
}

const { createSocket, Socket, transport } =
  binding === null ? theirs() : once();

// In this form, so that Node finds the names for `import { ... }`.
module.exports = { createSocket, Socket, transport };

// Makes bare handles for Node's own cluster code (until Node 24): Node's.
const descriptor =
  Object.getOwnPropertyDescriptor(nodeDgram, '_createSocketHandle');
if (descriptor !== undefined) {
  Object.defineProperty(module.exports, '_createSocketHandle', descriptor);
}
