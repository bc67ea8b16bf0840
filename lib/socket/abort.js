'use strict';

/** The option `signal` of createSocket(). */

const EventEmitter = require('node:events');
const { validateAbortSignal } = require('../errors/validators');
const { kState } = require('./state');

/**
 * @param {Socket} socket
 * @param {AbortSignal} signal closes the socket
 * @throws {TypeError} ERR_INVALID_ARG_TYPE
 */
function closeOnAbort(socket, signal) {
  validateAbortSignal(signal, 'options.signal', closeOnAbort);
  const onAborted = () => {
    if (socket[kState].handle) socket.close();
  };
  if (signal.aborted) {
    onAborted();
    return;
  }
  const listening = EventEmitter.addAbortListener(signal, onAborted);
  socket.once('close', listening[Symbol.dispose]);
}

module.exports = { closeOnAbort };
