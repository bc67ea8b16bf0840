'use strict';

/**
 * The handle of a socket: the JavaScript side of the C core's dgram_socket_t.
 * Its methods have the names of Node's internal UDP handle, because tests,
 * tools and Node's own cluster code call them. The addon implements most. Like
 * Node's handle, it is the async resource of its callbacks.
 *
 * Methods return 0 (or a number) or a negative UV_ code; they do not throw.
 */

const { AsyncResource } = require('node:async_hooks');
const { listenerCount } = require('node:events').prototype;
const binding = require('../load/binding');
const errors = require('../errors/errors');
const { BOTH } = require('../batch/loopback');
const outbox = require('../batch/outbox');
const { defineDefaults } = require('./defaults');
const { OWN_LOOKUP } = require('./lookup');
const table = require('./table');

/** The property of a request that send() of a handle reads the settings of. */
const kSettings = Symbol('settings');

/**
 * No prototype, since AsyncResource reads other options too, such as
 * `triggerAsyncId`.
 */
const MANUAL = { __proto__: null, requireManualDestroy: true };

/** 'destroy' is also emitted when the resource is collected. */
const AUTOMATIC = { __proto__: null };

class UDP extends AsyncResource {
  // Fields are defined, not assigned: setters on Object.prototype do not run.
  /** The id of the socket in the C core. */
  id = this.createSocket();
  /** The Socket. */
  owner = null;
  closed = false;

  /**
   * @param {string} [type] of the async resource
   * @param {boolean} [isWeak] it is closed when it is collected
   */
  constructor(type = 'UDPWRAP', isWeak = false) {
    super(type, isWeak ? AUTOMATIC : MANUAL);
    if (isWeak) table.addWeak(this);
    else table.add(this);
  }

  getAsyncId() {
    const id = this.asyncId();
    // As a small integer if it is one: V8 allocates other numbers.
    return id === (id | 0) ? id | 0 : id;
  }

  /**
   * @param {string} event
   * @returns {boolean} whether the socket has listeners for it
   */
  hasListeners(event) {
    // Not the socket's own method: receiving must not depend on user code.
    return this.owner !== null && listenerCount.call(this.owner, event) > 0;
  }

  /** Emits an event other than 'message' on the socket. */
  emit(event, value) {
    this.owner.emit(event, value);
  }

  /**
   * @param {string} address of the source
   * @param {string} family 'IPv4' or 'IPv6'
   * @returns {boolean|undefined} true: its datagrams are ignored
   */
  blocks(address, family) {
    return this.receiveBlockList?.check(address, family.toLowerCase());
  }

  // The next three are called for every socket. C would take 0.1 µs longer to
  // read the id of its receiver than it takes for an argument.

  /**
   * @param {string} address
   * @param {number} port
   * @param {number} flags
   */
  bind(address, port, flags) {
    return binding.bindSocket(this.id, 4, address, port, flags);
  }

  bind6(address, port, flags) {
    return binding.bindSocket(this.id, 6, address, port, flags);
  }

  recvStart() {
    return binding.startReceiving(this.id);
  }

  /**
   * Closes the socket. Pending connected datagrams and deferred ones are sent
   * first; other unconnected ones are dropped, as in Node.
   * @param {function()} [callback] called once libuv has released the socket
   */
  close(callback) {
    if (this.closed) return;
    outbox.flushBeforeClose();
    this.closed = true;
    this.foreign?.close();
    this.exported?.close();
    const hasCallback = typeof callback === 'function';
    if (hasCallback) {
      this.onClosed = callback;
      table.add(this);
    }
    binding.closeSocket(this.id, hasCallback);
    if (hasCallback) return;
    table.remove(this);
    this.emitDestroy();
  }

  /**
   * Closes the handle after leave(). The socket of the C core remains until its
   * queued datagrams are sent.
   */
  closeLeft() {
    this.closed = true;
    this.foreign?.close();
    this.exported?.close();
    this.finish();
    table.remove(this);
    this.emitDestroy();
  }

  /**
   * Sends one IPv4 datagram at once.
   * @param {object} request retained until `request.oncomplete(status, bytes)`
   * @param {Array<Uint8Array>} list the parts of the message
   * @param {number} count of elements in the list
   * @param {...*} rest port, address, hasCallback; connected: hasCallback
   * @returns {number} bytes + 1 if it was sent, 0 if it was queued and will
   *   complete later, or a negative UV_ code
   */
  send(request, list, count, ...rest) {
    return sendOne(this, 4, request, list, rest);
  }

  /** The same for IPv6; on a dual-stack socket for both. */
  send6(request, list, count, ...rest) {
    return sendOne(this, this.family === BOTH ? BOTH : 6, request, list, rest);
  }
}

// Defaults that most sockets never change are on the prototype: 10,000 idle
// sockets do not need a copy each.
defineDefaults(UDP.prototype, {
  /** 4, 6 or BOTH. */
  family: 4,
  /** Resolves names, see lookup.js. */
  lookup: OWN_LOOKUP[4],
  /** Whether the messages of one batch are views of one ArrayBuffer. */
  sharedBuffers: false,
  /** Whether the memory of a 'batch' is written again after its listeners. */
  reuseBatch: false,
  /** Received batches during which answers are not deferred: answers.js. */
  promptBatches: 0,
  /** How long that was last time. */
  promptPenalty: 0,
  /** What 'message' and 'batch' have in addition, a ReceiveInfo. */
  receiveInfo: null,
  /** Whether pause() was called. */
  paused: false,
  /** The option, in bytes; undefined: the default. */
  sendHighWaterMark: undefined,
  /** A net.BlockList of sources to ignore. */
  receiveBlockList: undefined,
  /** The built-in handle that this one replaces; see adoptHandle(). */
  foreign: null,
  /** The built-in handle that was sent to other processes; see node/ipc.js. */
  exported: null,
  /** The callback of close(). */
  onClosed: null,
  /** This package's `send`; another one is a program's. See setMethods(). */
  ownSend: UDP.prototype.send,
  /** Creates the socket in the C core and returns its id. */
  createSocket: binding.init,
});

binding.define(UDP.prototype);
for (const name of [
  'getAsyncId', 'bind', 'bind6', 'recvStart', 'close', 'send', 'send6',
]) {
  Object.defineProperty(UDP.prototype, name,
                        { __proto__: null, enumerable: true });
}

function sendOne(handle, family, request, list, rest) {
  if (handle.closed) return errors.errno('EBADF');
  const connected = rest.length === 1;
  const [port, address, hasCallback] = connected ? [0, null, rest[0]] : rest;
  // null is the connected peer, even if a lookup has returned null.
  const peer = connected ? null : address ?? '';
  return outbox.sendNow(handle, family, list, port, peer,
                        hasCallback ? request : null,
                        request?.[kSettings] ?? null);
}

module.exports = { UDP, kSettings };
