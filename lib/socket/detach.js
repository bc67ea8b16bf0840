'use strict';

/** detach(), which hands the descriptor of a socket to another one. */

const errors = require('../errors/errors');
const {
  validateBoolean, validateInt32, validateObject,
} = require('../errors/validators');
const outbox = require('../batch/outbox');
const { UDP } = require('../handle/handle');
const { requireFeature } = require('../handle/require-feature');
const { isDenied } = require('../node/permission');
const { addMethods, healthCheck, throwOnError } = require('./common');
const { Socket } = require('./constructor');
const { BOUND, CONNECTING, detached, kState } = require('./state');

// Programs may replace the global.
const { process } = globalThis;

/** In milliseconds. */
const TIMEOUT = 60_000;
const TIMEOUT_MAX = 0x7fffffff;

/**
 * @throws {Error} if the socket has no descriptor, is about to connect, or has
 *   calls that wait for the end of 'listening'
 */
function checkState({ bindState, connectState, handle, queue }) {
  const isBusy = connectState === CONNECTING || queue !== undefined;
  let code;
  if (bindState !== BOUND) code = 'EBADF';
  else if (isBusy) code = 'EALREADY';
  else if (!(handle instanceof UDP)) code = 'ENOTSUP';
  if (code !== undefined) {
    throwOnError(errors.errno(code), 'detach', checkState);
  }
}

addMethods(Socket.prototype, {
  /**
   * Closes the socket, and leaves its descriptor to createSocket({ from:
   * ticket }) of any thread of this process: the same port, options,
   * memberships and peer. Datagrams that were received and not emitted yet, and
   * those that arrive meanwhile, are emitted there. Datagrams of earlier calls
   * of send() leave before detach() returns; those that would block are still
   * sent by this thread. 'close' follows in the next tick.
   *
   * With `process: true` the ticket is for another process: child.send(ticket,
   * handle), and there createSocket({ from: ticket, handle }). The handle is
   * closed here once it is sent.
   * @param {{timeout?: number, process?: boolean}} [options] timeout:
   *   milliseconds after which a ticket that was not used, or a handle that was
   *   not sent, is closed; default 60000
   * @returns {{token: string}|{ticket: object, handle: object}} the ticket: a
   *   plain object, which can be posted to another thread, and used once
   * @throws {Error} ERR_SOCKET_DGRAM_NOT_RUNNING; EBADF of a socket that is not
   *   bound, EALREADY during connect() and before queued calls, EMFILE; with
   *   `process: true` also ERR_ACCESS_DENIED
   * @throws {TypeError} ERR_FEATURE_UNAVAILABLE_ON_PLATFORM,
   *   ERR_INVALID_ARG_TYPE
   * @throws {RangeError} ERR_OUT_OF_RANGE
   * @since 0.1.0
   */
  detach(options = {}) {
    healthCheck(this);
    requireFeature('detach', 'detach()');
    validateObject(options, 'options');
    const { timeout = TIMEOUT, process: toProcess = false } = options;
    validateInt32(timeout, 'options.timeout', 1, TIMEOUT_MAX);
    validateBoolean(toProcess, 'options.process');
    healthCheck(this); // reading the option may have run code of the program
    const state = this[kState];
    checkState(state);
    // Node's handle, which takes the descriptor, would fail too late.
    if (toProcess && isDenied()) throw errors.accessDenied('');
    // Loaded by the first ticket: most programs have none.
    const { expireTicket, exportTicket, writeNote } = require('./ticket');
    const { handle } = state;
    outbox.flushBeforeLeave();
    const note = writeNote(this.type, state);
    // exportTicket() takes it at once, but not always within a millisecond.
    const token = handle.leave(note, toProcess ? TIMEOUT : timeout);
    if (typeof token === 'number') throwOnError(token, 'detach');
    handle.closeLeft();
    state.receiving = false;
    detached.add(state);
    state.handle = null;
    process.nextTick(emitClose, this);
    if (toProcess) return exportTicket(token, note, timeout);
    expireTicket(token, timeout);
    return { token };
  },
});

function emitClose(socket) {
  socket.emit('close');
}
