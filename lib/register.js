'use strict';

/**
 * `node --require dgram-native/register app.js` (or --import): every module of
 * the process that requires or imports dgram or node:dgram gets this package.
 * Node's own exports object is changed in place, so that holders of it, Node's
 * child_process among them, see the same classes. It is left alone where there
 * is no compiled addon, for it is what we would put there.
 */

const { syncBuiltinESMExports } = require('node:module');
const nodeDgram = require('node:dgram');
const { Socket, createSocket, transport } = require('./index');

if (transport !== 'node') {
  nodeDgram.Socket = Socket;
  nodeDgram.createSocket = createSocket;
  syncBuiltinESMExports();
}
