'use strict';

/** send() and sendto(). */

const errors = require('../errors/errors');
const {
  validateFunction, validateNumber, validatePort, validateString,
} = require('../errors/validators');
const outbox = require('../batch/outbox');
const { kSettings } = require('../handle/handle');
const { hasOwnSend, takesLiterals } = require('../handle/methods');
const { findCached } = require('../handle/lookup');
const { requireOfTransport } = require('../handle/require-feature');
const { isBlocked } = require('./block-lists');
const { callLater, healthCheck } = require('./common');
const { Socket } = require('./constructor');
const { bindImplicitly } = require('./bind-outcome');
const {
  checkMessage, copyBytes, copyMessage, isBytes, sliceMessage, toList,
} = require('./outgoing-message');
const { enqueue, enqueueBinder } = require('./queue');
const { readSettings, toTarget } = require('./send-settings');
const { BOUND, CONNECTED, UNBOUND, detached, kState } = require('./state');

// Programs may replace the global.
const { process } = globalThis;

/**
 * send() of Node 0.x, which checks that all arguments are present.
 * @param {string|ArrayBufferView} buffer
 * @param {number} offset bytes
 * @param {number} length bytes
 * @param {number} port
 * @param {string} address
 * @param {function(Error|null, number)} [callback]
 * @throws {TypeError} ERR_INVALID_ARG_TYPE, and the errors of send()
 */
Socket.prototype.sendto = function(buffer,
                                   offset,
                                   length,
                                   port,
                                   address,
                                   callback) {
  validateNumber(offset, 'offset');
  validateNumber(length, 'length');
  validateNumber(port, 'port');
  validateString(address, 'address');
  this.send(buffer, offset, length, port, address, callback);
};

/**
 * Unconnected: send(msg[, offset, length], port[, address][, callback]).
 * Connected: send(msg[, offset, length][, callback]).
 * With settings, an addition of this package:
 * send(msg[, offset, length], { port, address, ...settings }[, callback]);
 * connected without port and address.
 * An unbound socket is bound first.
 * @param {string|ArrayBufferView|Array<string|ArrayBufferView>} buffer the
 *   message; its bytes are copied before send() returns
 * @param {...*} rest `offset` and `length` count bytes; the default address is
 *   the loopback address; `callback` is called with (error) or (null, bytes)
 * @throws {TypeError} ERR_INVALID_ARG_TYPE; of settings:
 *   ERR_INVALID_ARG_VALUE, ERR_INVALID_IP_ADDRESS,
 *   ERR_FEATURE_UNAVAILABLE_ON_PLATFORM
 * @throws {RangeError} ERR_BUFFER_OUT_OF_BOUNDS, ERR_SOCKET_BAD_PORT; of
 *   settings: ERR_OUT_OF_RANGE
 * @throws {Error} ERR_SOCKET_DGRAM_IS_CONNECTED, ERR_SOCKET_DGRAM_NOT_RUNNING
 * @since Node 0.1.99; connected: 12.0
 */
Socket.prototype.send = function(buffer,
                                 offset,
                                 length,
                                 port,
                                 address,
                                 callback) {
  const state = this[kState];
  const connected = state.connectState === CONNECTED;
  // The form of the call follows from the types of its arguments by position,
  // not from their number.
  if (connected) {
    if (typeof length === 'number') {
      buffer = sliceMessage(buffer, offset, length);
      if (typeof port === 'function') {
        callback = port;
        port = null;
      }
    } else {
      if (typeof offset === 'object' && offset) {
        sendWithArguments(this, buffer, offset, length, port, address);
        return;
      }
      callback = offset;
    }
    if (port || address) {
      sendWithArguments(this, buffer, offset, length, port, address);
      return;
    }
  } else if (address || (port && typeof port !== 'function')) {
    buffer = sliceMessage(buffer, offset, length);
  } else {
    callback = port;
    port = offset;
    address = length;
  }

  const message = checkMessage(buffer);
  if (typeof port === 'object' && port) {
    sendToTarget(this, message, port, address);
    return;
  }
  if (!connected) port = validatePort(port, 'Port', false);
  if (typeof callback !== 'function') callback = undefined;
  if (typeof address === 'function') {
    callback = address;
    address = undefined;
  } else if (typeof address !== 'string' && address != null) {
    validateString(address, 'address');
  }

  // healthCheck() is written out, and validateString() is called only for a
  // value that it rejects. Calling both instead costs 15 ns per send().
  if (!state.handle) throw errors.notRunning();
  if (state.bindState !== BOUND) {
    sendUnbound(this, message, port, address, callback);
  } else if (connected) {
    sendConnected(this, message, callback);
  } else {
    sendTo(this, message, port, address, callback);
  }
};

// Cold paths are functions of their own, so that the hot path is short enough
// for V8 to inline.

/**
 * send() on a connected socket with an object, a port or an address. Only an
 * object between the message, or its `length`, and the callback is a form of
 * send(); others have node:dgram's error.
 */
function sendWithArguments(socket, buffer, offset, length, port, address) {
  const isSlice = typeof length === 'number';
  const isForm = isSlice ?
    port && typeof port === 'object' &&
      (!address || typeof address === 'function') :
    !port && !address;
  if (!isForm) throw errors.isConnected(sendWithArguments);
  const target = isSlice ? port : offset;
  const callback = isSlice ? address : length;
  sendToTarget(socket, checkMessage(buffer), target, callback);
}

const nameOfOption = (name) => `options.${name}`;

/** send() with an object in the place of the port. */
function sendToTarget(socket, message, target, callback) {
  const state = socket[kState];
  const connected = state.connectState === CONNECTED;
  let { port, address } = target;
  if (!connected) {
    // Without a port, the message is that of Node: the port is an object.
    port = validatePort(port === undefined ? target : port, 'Port', false);
  } else if (port || address) {
    throw errors.isConnected(sendToTarget);
  }
  address ??= undefined;
  if (address !== undefined) {
    validateString(address, 'options.address', sendToTarget);
  }
  if (typeof callback !== 'function') {
    // A connected socket ignores others, as node:dgram does in this form.
    if (callback != null && !connected) {
      validateFunction(callback, 'callback', sendToTarget);
    }
    callback = undefined;
  }
  healthCheck(socket, sendToTarget);
  const settings =
    readSettings(target, state.handle.family, nameOfOption, sendToTarget);
  if (settings !== null) {
    requireOfTransport('sendSettings', 'settings of sends', sendToTarget);
  }
  // Reading them, even if there are none, may have run code of the program.
  healthCheck(socket, sendToTarget);
  if (state.bindState !== BOUND) {
    sendUnbound(socket, message, port, address, callback, settings);
  } else if (connected) {
    sendConnected(socket, message, callback, settings);
  } else {
    sendTo(socket, message, port, address, callback, settings);
  }
}

/** @returns {boolean} false if bind() failed; the callback gets its error */
function bindForSend(socket, callback) {
  const error = bindImplicitly(socket);
  if (error === undefined) {
    // A program's own bind() may have closed the socket.
    healthCheck(socket, bindForSend);
    return true;
  }
  callLater(callback, error);
  return false;
}

const { bind, send: ownSend } = Socket.prototype;

/** send() on a socket that is not bound yet, nor connected. */
function sendUnbound(socket, message, port, address, callback,
                     settings = null) {
  const state = socket[kState];
  const binds = state.bindState === UNBOUND;
  if (binds && !bindForSend(socket, callback)) return;
  if (state.bindState === BOUND) {
    sendTo(socket, message, port, address, callback, settings);
    return;
  }
  const call =
    new UnboundSend(socket, message, port, address, callback, settings);
  // 'listening' has the context of this call, unless the program's own bind()
  // or lookup changes it.
  if (binds && state.queue === undefined && socket.bind === bind &&
      takesLiterals(state.handle)) {
    enqueueBinder(socket, call);
  } else {
    enqueue(socket, () => call.finish('bound'),
            (error) => call.finish('failed', error));
  }
}

/**
 * Calls the socket's own `send` once it is bound. As in Node, a `send` of a
 * subclass or a tool is called again, with a list as message. An address is
 * rejected if the socket is connected by then.
 */
class UnboundSend {
  constructor(socket, message, port, address, callback, settings) {
    this.socket = socket;
    this.send = socket.send;
    this.message = this.send === ownSend && isBytes(message) ?
      copyBytes(message) :
      copyMessage(message);
    this.port = port;
    this.address = address;
    this.callback = callback;
    this.settings = settings;
  }

  /**
   * @param {'bound'|'failed'} event
   * @param {Error} [error] of bind()
   */
  finish(event, error) {
    const { message, port, address, callback, settings } = this;
    if (event === 'failed') {
      callLater(callback, error);
      return;
    }
    const args = settings === null ?
      [message, port, address, callback] :
      [message, toTarget(settings, port, address), callback];
    Reflect.apply(this.send, this.socket, args);
  }
}

function sendConnected(socket, message, callback, settings = null) {
  const { handle } = socket[kState];
  if (hasOwnSend(handle)) {
    outbox.sendConnected(handle, message, callback, settings);
  } else {
    sendThroughHandle(socket, toList(message), null, undefined, undefined,
                      callback, settings);
  }
}

function sendTo(socket, message, port, address, callback, settings = null) {
  const { handle, sendBlockList } = socket[kState];
  if (sendBlockList !== undefined || !takesLiterals(handle) ||
      !outbox.sendUnconnected(handle, message, address, port, callback,
                              settings)) {
    sendAfterLookup(socket, message, port, address, callback, settings);
  }
}

/** @returns {boolean} whether it was sent with an answer of `lookupCache` */
function sendCached({ handle, sendBlockList }, message, port, address, callback,
                    settings) {
  if (sendBlockList !== undefined) return false;
  const ip = findCached(handle.lookup, address);
  return ip !== undefined && hasOwnSend(handle) &&
    outbox.sendUnconnected(handle, message, address, port, callback, settings,
                           ip);
}

function sendAfterLookup(socket, message, port, address, callback, settings) {
  if (sendCached(socket[kState], message, port, address, callback, settings)) {
    return;
  }
  const list = copyMessage(message);
  socket[kState].handle.lookup(address, (error, ip) => {
    if (error) failSend(socket, error, callback);
    else sendThroughHandle(socket, list, ip, port, address, callback, settings);
  });
}

function failSend(socket, error, callback) {
  if (callback !== undefined) process.nextTick(callback, error);
  else process.nextTick(() => socket.emit('error', error));
}

/** Sends after a lookup, or through a `send` that replaces the handle's. */
function sendThroughHandle(socket, list, ip, port, address, callback,
                           settings) {
  const { handle, sendBlockList } = socket[kState];
  if (!handle) {
    if (detached.has(socket[kState])) {
      callLater(callback, canceled(address, port));
    }
    return;
  }
  if (ip && isBlocked(sendBlockList, ip)) {
    if (callback) process.nextTick(callback, errors.ipBlocked(ip));
    return;
  }
  const hasCallback = callback !== undefined;
  const request = { list, address, port };
  if (settings !== null) request[kSettings] = settings;
  if (hasCallback) {
    request.callback = callback;
    request.oncomplete = completeSend;
  }
  const status = port ?
    handle.send(request, list, list.length, port, ip, hasCallback) :
    handle.send(request, list, list.length, hasCallback);
  if (!hasCallback) return;
  if (status >= 1) {
    process.nextTick(callback, null, status - 1);
  } else if (status) {
    process.nextTick(
      callback, errors.hostPortException(status, 'send', address, port));
  }
}

/** The lookup has finished after detach(). */
function canceled(address, port) {
  return errors.hostPortException(errors.errno('ECANCELED'), 'send', address,
                                  port);
}

function completeSend(status, bytes) {
  const error = status ?
    errors.hostPortException(status, 'send', this.address, this.port) :
    null;
  this.callback(error, bytes);
}
