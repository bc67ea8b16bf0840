'use strict';

/**
 * Tickets of detach(), and the option `from` of createSocket() that uses them.
 * The C core keeps the descriptor and a note with what only JavaScript knows.
 */

const binding = require('../load/binding');
const errors = require('../errors/errors');
const { validateAbortSignal } = require('../errors/validators');
const { ReceiveInfo } = require('../batch/receive-info');
const { takeHandle } = require('../handle/create');
const { requireFeature } = require('../handle/require-feature');
const { clearTimeout, setTimeout } = require('../node/clock');
const { throwOnError } = require('./common');
const { NAMES: OPEN_OPTIONS } = require('./open-options');
const { bitsOf, namesOf } = require('./receive-info');
const { BOUND, kState } = require('./state');

/** Options that the descriptor has already. */
const FIXED = [
  'reuseAddr', 'reusePort', 'ipv6Only', 'recvBufferSize', 'sendBufferSize',
  ...OPEN_OPTIONS, 'steering', 'workers', 'receiveInfo',
];

/** @returns {boolean} whether a code of the addon says so */
function isMissing(code) {
  return typeof code === 'number' && errors.codeName(code) === 'ENOENT';
}

/**
 * @param {string} type of the socket
 * @param {object} state of the socket
 * @returns {string}
 */
function writeNote(type, state) {
  const { handle, connectState, reuseAddr, reusePort, ipv6Only } = state;
  return JSON.stringify({
    __proto__: null,
    type,
    connectState,
    reuseAddr: reuseAddr ? true : undefined,
    reusePort: reusePort ? true : undefined,
    ipv6Only: ipv6Only ? true : undefined,
    sharedBuffers: handle.sharedBuffers,
    reuseBatch: handle.reuseBatch ? true : undefined,
    receiveInfo: handle.receiveInfo === null ?
      undefined :
      namesOf(handle.receiveInfo),
  });
}

/** The timers of tickets that this thread has made, by token. */
const expiring = new Map();

/**
 * Closes a ticket that is not used in time. If this thread ends before, the C
 * core closes it later: tickets.h.
 * @param {string} token
 * @param {number} timeout milliseconds
 */
function expireTicket(token, timeout) {
  expiring.set(token, setTimeout(discard, timeout, token).unref());
}

function discard(token) {
  expiring.delete(token);
  binding.discardTicket(token);
}

/** The ticket was used, in this thread. */
function keepTicket(token) {
  clearTimeout(expiring.get(token));
  expiring.delete(token);
}

function invalidTicket(value, above) {
  return errors.invalidArgValue(
    'options.from', value, 'must be a ticket of detach(), of this process, ' +
    'that was not used and has not expired', above);
}

/** Loaded by the first ticket of another process. */
function processTickets() {
  return require('./process-ticket');
}

/**
 * @param {string} token of a ticket of this process, which is used up, or
 *   closed if this fails
 * @param {...*} rest see process-ticket.js
 * @returns {{ticket: object, handle: object}}
 * @throws {Error} ENOMEM, EBADF
 */
function exportTicket(token, ...rest) {
  try {
    return processTickets().exportTicket(token, ...rest);
  } finally {
    binding.discardTicket(token); // unless it was taken
  }
}

/** @returns {object} what writeNote() has written, and the token */
function findTicket(from, above) {
  const { token } = from;
  if (typeof token !== 'string') throw invalidTicket(from, above);
  const note = binding.ticketNote(token);
  if (isMissing(note)) throw invalidTicket(from, above);
  if (typeof note === 'number') throwOnError(note, 'open', above);
  return { __proto__: null, ...JSON.parse(note), token };
}

/**
 * @param {object} options of createSocket(), with `from`
 * @param {Function} above where the stack begins, see errors.js
 * @returns {object} what writeNote() has written, and the token or, of a ticket
 *   of another process, what process-ticket.js needs
 * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE,
 *   ERR_FEATURE_UNAVAILABLE_ON_PLATFORM
 */
function readTicket(options, above) {
  const { from } = options;
  requireFeature('detach', 'the option from', above);
  if (typeof from !== 'object' || from === null) {
    throw errors.invalidArgType('options.from', 'of type object', from, above);
  }
  const ticket = from.version === undefined ?
    findTicket(from, above) :
    processTickets().readProcessTicket(from, options.handle, above);
  const { type, signal } = options;
  // Its check in the constructor would come too late: the ticket is used once.
  if (signal !== undefined) {
    validateAbortSignal(signal, 'options.signal', above);
  }
  if (type !== undefined && type !== ticket.type) {
    throw errors.invalidArgValue('options.type', type, 'must be that of the ' +
      `ticket, '${ticket.type}'`, above);
  }
  for (const name of FIXED) {
    if (options[name] !== undefined) {
      throw errors.invalidArgValue(
        `options.${name}`, options[name],
        'cannot be changed: it comes with options.from', above);
    }
  }
  return ticket;
}

/**
 * Uses a ticket.
 * @param {object} ticket of readTicket()
 * @param {object} options of createSocket()
 * @param {object} [lookupCache] see lookup-cache.js
 * @param {Function} above where the stack begins, see errors.js
 * @returns {UDP} an open handle
 * @throws {TypeError} ERR_INVALID_ARG_VALUE, if another thread was faster
 * @throws {Error} a system error of open; the ticket is still valid
 */
function openTicket(ticket, options, lookupCache, above) {
  const { from, lookup, closeWhenCollected } = options;
  const isImported = ticket.token === undefined;
  const token = isImported ?
    processTickets().importTicket(ticket, from, above) :
    ticket.token;
  let handle;
  try {
    handle = takeHandle(token, ticket.type, lookup, lookupCache,
                        closeWhenCollected);
  } finally {
    if (isImported) binding.discardTicket(token); // unless it was taken
  }
  if (isMissing(handle)) throw invalidTicket(from, above);
  if (typeof handle === 'number') throwOnError(handle, 'open', above);
  if (isImported) processTickets().endTicket(ticket);
  else keepTicket(token);
  if (ticket.receiveInfo !== undefined) {
    const names = new Set(ticket.receiveInfo);
    handle.receiveInfo = new ReceiveInfo(names, bitsOf(names));
  }
  return handle;
}

/** Sets the state of the socket whose handle openTicket() has opened. */
function restoreState(socket, ticket) {
  const state = socket[kState];
  state.bindState = BOUND;
  state.connectState = ticket.connectState;
  state.reuseAddr = ticket.reuseAddr;
  state.reusePort = ticket.reusePort;
  state.ipv6Only = ticket.ipv6Only;
}

module.exports = {
  expireTicket, exportTicket, openTicket, readTicket, restoreState, writeNote,
};
