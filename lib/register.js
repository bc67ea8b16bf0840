'use strict';

/**
 * `node --require dgram-native/register app.js` (or --import): each module that
 * requires or imports dgram or node:dgram receives this package. The exports
 * object of node:dgram is changed in place, so that modules that hold it, such
 * as Node's child_process, see the same classes. On the fallback it is left
 * unchanged.
 */

const { Socket, createSocket, transport } = require('./index');

// Avoids the `require` of a sandbox or a bundle; see index.js.
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
