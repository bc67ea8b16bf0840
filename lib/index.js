'use strict';

/**
 * The exports of node:dgram, and `transport`: which data path carries the
 * datagrams of this process ('uv' or 'linux').
 */

const nodeDgram = require('node:dgram');
const binding = require('./binding');
const deprecated = require('./deprecated');
const ipc = require('./ipc');
const { Socket, createSocket, ...actions } = require('./socket');

deprecated.install(Socket, actions);
ipc.install(Socket);

module.exports = { createSocket, Socket, transport: binding.transport };

// Makes bare handles for Node's own cluster code (until Node 24): Node's.
const descriptor =
  Object.getOwnPropertyDescriptor(nodeDgram, '_createSocketHandle');
if (descriptor !== undefined) {
  Object.defineProperty(module.exports, '_createSocketHandle', descriptor);
}
