'use strict';

/** sendMany(), an addition of this package. */

const errors = require('../errors/errors');
const { requireOfTransport } = require('../handle/require-feature');
const { isDenied } = require('../node/permission');
const { isBlocked } = require('./block-lists');
const { callLater, healthCheck } = require('./common');
const { Socket } = require('./constructor');
const { enqueue } = require('./queue');
const { isTarget } = require('./send-settings');
const { BOUND, CONNECTED, UNBOUND, kState } = require('./state');

// Loaded by the first call: most programs make none.
let packetList;
let packetSender;

/**
 * Sends many datagrams with one call, at once and in order. All arguments are
 * checked before a datagram is sent. An unbound socket is bound first.
 * @param {Array|object} packets connected: [message, message, ...];
 *   unconnected: [message, port, address, ...] with numeric addresses (null,
 *   undefined or '': loopback). Either: columns, as in the 'batch' event; or an
 *   object as in send() after each message, [message, { port, address,
 *   ...settings }, ...]
 * @param {object} [settings] of all datagrams: localAddress, interface, tos,
 *   ttl; each one value, or a column with an element per datagram
 * @param {function(Error|null, number)} [callback] called once all datagrams
 *   were sent or failed: the first error, and the number of datagrams that the
 *   kernel accepted
 * @returns {number} datagrams that the kernel or its queue was given; 0 while a
 *   bind() is in progress: they are sent once it is done
 * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE,
 *   ERR_INVALID_IP_ADDRESS, ERR_FEATURE_UNAVAILABLE_ON_PLATFORM
 * @throws {RangeError} ERR_OUT_OF_RANGE, ERR_SOCKET_BAD_PORT
 * @throws {Error} ERR_SOCKET_DGRAM_NOT_RUNNING, ERR_ACCESS_DENIED, or the
 *   system error of bind(2)
 * @since 0.1.0
 */
function sendMany(packets, settings, callback) {
  healthCheck(this);
  if (settings !== undefined && !isTarget(settings)) {
    callback = settings;
    settings = undefined;
  }
  const state = this[kState];
  packetList ??= require('./send-many-list');
  packetSender ??= require('./send-many-sender');
  const batch = readPackets(this, packets, settings, callback);
  if (batch.settings !== null) {
    requireOfTransport('sendSettings', 'settings of sends');
  }
  if (state.bindState === UNBOUND) this.bindSync();
  if (state.bindState === BOUND) return sendPackets(this, batch, callback);
  packetList.copyPackets(batch);
  enqueue(this, () => sendPackets(this, batch, callback),
          (error) => callLater(callback, error, 0));
  return 0;
}

function readPackets(socket, packets, settings, callback) {
  const { handle, connectState } = socket[kState];
  try {
    return packetList.readPackets(packets, settings, callback, handle.family,
                                  connectState === CONNECTED,
                                  packetSender.isNumeric);
  } catch (error) {
    throw errors.asThrownBy(error, readPackets);
  }
}

function sendPackets(socket, batch, callback) {
  healthCheck(socket, sendPackets);
  if (isDenied()) throw errors.accessDenied('', sendPackets);
  const { handle, sendBlockList } = socket[kState];
  const blocks =
    sendBlockList && ((address) => isBlocked(sendBlockList, address));
  return packetSender.sendPackets(handle, batch, blocks, callback);
}

// Not enumerable: the enumerable methods are those of Node.
Object.defineProperty(Socket.prototype, 'sendMany', {
  __proto__: null, value: sendMany, configurable: true, writable: true,
});
