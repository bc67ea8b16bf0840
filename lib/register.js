'use strict';

/**
 * `node --require dgram-native/register app.js` (or --import): every module of
 * the process that requires or imports dgram or node:dgram gets this package.
 * Node's own exports object is changed in place, so that holders of it, Node's
 * child_process among them, see the same classes. It is left alone where there
 * is no compiled addon, for it is what we would put there.
 */

const { Socket, createSocket, transport } = require('./index');

// Where it exists: past the `require` of a sandbox or a bundle, see index.js.
const getBuiltin = globalThis.process?.getBuiltinModule;
const nodeDgram =
  getBuiltin === undefined ? require('node:dgram') : getBuiltin('dgram');
const { syncBuiltinESMExports } =
  getBuiltin === undefined ? require('node:module') : getBuiltin('module');

if (transport !== 'node') {
  nodeDgram.Socket = Socket;
  nodeDgram.createSocket = createSocket;
  syncBuiltinESMExports();
}
