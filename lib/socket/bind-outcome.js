'use strict';

/** The outcome of a bind(): 'listening', or 'error'. */

const { startReceiving } = require('./receive');
const { UNBOUND, kState } = require('./state');

const { process } = globalThis;

const [major, minor] = process.versions.node.split('.').map(Number);

/**
 * Until Node 24.21 and 26.8, a callback of bind() counts as an 'error' listener
 * for an error of bind(), which is therefore not thrown.
 */
const CALLBACK_LISTENS = major < 24 || (major === 24 && minor < 21) ||
  major === 25 || (major === 26 && minor < 8);

/**
 * Finishes a bind() that the program is still inside. As in Node, an invalid
 * buffer size is thrown.
 * @param {Socket} socket
 * @param {Function} above see common.js
 * @throws {Error} ERR_SOCKET_BUFFER_SIZE
 */
function startListening(socket, above) {
  const error = startReceiving(socket, above);
  if (error !== undefined) throw error;
  socket.emit('listening');
}

/** Finishes a bind() that may have returned, so that errors are emitted. */
function startListeningLater(socket) {
  const error = startReceiving(socket);
  if (error === undefined) socket.emit('listening');
  else failListening(socket, error);
}

/** As in Node, the socket is bound and receives in spite of the error. */
function failListening(socket, error) {
  forgetCallback(socket);
  socket.emit('error', error);
}

/**
 * @param {Socket} socket
 * @param {Error} error the reason why bind() failed
 */
function failBind(socket, error) {
  const state = socket[kState];
  const listens = CALLBACK_LISTENS && state.onBound !== undefined;
  state.bindState = UNBOUND;
  if (state.bindError === null) state.bindError = error;
  forgetCallback(socket);
  if (listens) emitHandled(socket, error);
  else socket.emit('error', error);
}

/** Emits 'error' with an additional listener, so that it is not thrown. */
function emitHandled(socket, error) {
  const listener = () => {};
  socket.on('error', listener);
  try {
    socket.emit('error', error);
  } finally {
    socket.removeListener('error', listener);
  }
}

/**
 * The bind() of a send() or connect() on an unbound socket.
 * @param {Socket} socket
 * @returns {Error|undefined} the error, if bind() has failed already: 'error'
 *   was emitted, and no listener has called bind() again
 */
function bindImplicitly(socket) {
  const state = socket[kState];
  state.bindError = null; // failBind() replaces it
  socket.bind({ port: 0, exclusive: true }, null);
  const { bindError } = state;
  state.bindError = undefined;
  return state.bindState === UNBOUND ? bindError ?? undefined : undefined;
}

/**
 * Has bind()'s callback called on 'listening', but not after a failed bind().
 * Node removes it with an 'error' listener. That would be one event more than
 * the small property table of an emitter holds, and 10,000 idle sockets would
 * each keep the large one; failBind() removes it instead.
 */
function onceBound(socket, callback) {
  socket[kState].onBound = () => {
    forgetCallback(socket);
    callback.call(socket);
  };
  socket.on('listening', socket[kState].onBound);
}

function forgetCallback(socket) {
  const state = socket[kState];
  if (state.onBound === undefined) return;
  socket.removeListener('listening', state.onBound);
  state.onBound = undefined;
}

module.exports = {
  bindImplicitly,
  failBind,
  onceBound,
  startListening,
  startListeningLater,
};
