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
const inbox = require('../batch/inbox');
const { BOTH } = require('../batch/loopback');
const outbox = require('../batch/outbox');
const permission = require('../node/permission');
const uncaught = require('../node/uncaught');
const { defineDefaults } = require('./defaults');
const { emitDrain } = require('./drain');
const { publishDrops } = require('./drops');
const { emitIcmp } = require('./icmp');
const { OWN_LOOKUP, createLookup, skipsLiterals } = require('./lookup');
const table = require('./table');
const { validateFunction } = require('../errors/validators');

// Programs may replace the global.
const { process } = globalThis;

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

/**
 * Creates a handle for a descriptor that another one has left.
 * @param {string} token of leave()
 * @param {...*} args of createHandle()
 * @returns {UDP|number} the handle, or a negative UV_ code
 */
function takeHandle(token, ...args) {
  const handle = createHandle(...args);
  let status;
  try {
    status = handle.take(token); // throws if access to the network is denied
  } finally {
    if (status !== 0) handle.close();
  }
  if (status !== 0) return status;
  updateFamily(handle);
  return handle;
}

/**
 * A listener may have closed the socket, or the garbage collector has found it.
 */
function deliver(id, name) {
  const handle = table.find(id);
  return handle === undefined ? inbox.GONE : inbox.deliver(handle, name);
}

/**
 * Counts the hooks that are running. After a termination no `finally` runs and
 * the count stays up, which lets C tell it from a `throw null`.
 */
function counted(hook) {
  return (a, b, c) => {
    running[0]++;
    try {
      return hook(a, b, c);
    } finally {
      running[0]--;
    }
  };
}

const running = new Uint32Array(binding.hook({
  deliver: counted(deliver),
  complete: counted(outbox.completeQueued),
  closed: counted((id) => {
    const handle = table.find(id);
    if (handle === undefined) return;
    table.remove(handle);
    try {
      uncaught.run(handle, handle.onClosed, handle);
    } finally {
      handle.emitDestroy();
    }
  }),
  terminated: uncaught.wipeTerminated,
  idle: inbox.forgetSpares,
  stalled: counted(outbox.settleStalled),
  dropped: counted((id, count) => publishDrops(table.find(id), count)),
  icmp: counted((id, code, info) => emitIcmp(table.find(id), code, info)),
  congestion: counted((id, event) => table.find(id)?.emitCongestion(event)),
  drained: counted((id) => emitDrain(table.find(id))),
}));

// Node's own flag for its tests: every send goes through libuv's queue.
const SWITCH = '--test-udp-no-try-send';
if (process.execArgv.includes(SWITCH) ||
    process.env.NODE_OPTIONS?.includes(SWITCH)) {
  binding.queueAlways(true);
}

/** Unknown until it is needed. */
let hasIPv6;

/**
 * @param {string} type 'udp4', 'udp6' or 'udp'
 * @returns {4|6|46} 4 for 'udp' if the system has no IPv6
 */
function familyOf(type) {
  if (type !== 'udp') return type === 'udp6' ? 6 : 4;
  hasIPv6 ??= binding.hasIPv6();
  return hasIPv6 ? BOTH : 4;
}

/**
 * @param {string} type 'udp4', 'udp6' or 'udp'
 * @param {Function} [lookup] instead of dns.lookup()
 * @param {{ttl: number, max: number}} [lookupCache] see lookup-cache.js
 * @param {boolean} [isWeak] closes it when it is collected: see table.js
 * @returns {UDP}
 * @throws {TypeError} ERR_SOCKET_BAD_TYPE, ERR_INVALID_ARG_TYPE
 */
function createHandle(type, lookup, lookupCache, isWeak) {
  if (lookup !== undefined) validateFunction(lookup, 'lookup', createHandle);
  if (type !== 'udp4' && type !== 'udp6' && type !== 'udp') {
    throw errors.badType(createHandle);
  }
  const family = familyOf(type);
  let resolve = createLookup(family, lookup);
  if (lookupCache !== undefined) {
    resolve =
      require('./lookup-cache').withCache(resolve, family, lookupCache);
  }
  const handle = new UDP('UDPWRAP', isWeak);
  setMethods(handle, family, resolve);
  return handle;
}

/**
 * Sets the methods for the family of a handle, and remembers its `send`: the
 * outbox is used only while a program has not replaced it.
 */
function setMethods(handle, family, resolve) {
  if (family === BOTH || handle.family === BOTH) {
    family = setDualStack(handle, family);
  }
  if (handle.family !== family) handle.family = family;
  if (handle.lookup !== resolve) handle.lookup = resolve;
  if (family !== 4) {
    handle.bind = handle.bind6;
    handle.connect = handle.connect6;
    handle.send = handle.send6;
  }
  permission.guardHandle(handle);
  if (handle.ownSend !== handle.send) handle.ownSend = handle.send;
}

/** @returns {4|6|46} 4 instead of BOTH if the descriptor is one of IPv4 */
function setDualStack(handle, family) {
  if (handle.family === BOTH) { // another owner's: the methods of IPv4
    for (const name of ['bind', 'connect', 'send']) {
      handle[name] = UDP.prototype[name];
    }
  }
  const isDual = handle.setDualStack(family === BOTH ? 1 : 0) === 1;
  return family === BOTH && !isDual ? 4 : family;
}

/**
 * A dual-stack socket has taken over a descriptor, which may be one of IPv4.
 * @param {UDP} handle
 */
function updateFamily(handle) {
  if (handle.family === BOTH && handle.setDualStack(1) !== 1) {
    setMethods(handle, 4, handle.lookup);
  }
}

/**
 * Prepares a handle that replaces `old`.
 * @param {UDP} handle
 * @param {UDP} old
 */
function inheritMethods(handle, old) {
  setMethods(handle, old.family, old.lookup);
  handle.sharedBuffers = old.sharedBuffers;
  if (old.reuseBatch) handle.reuseBatch = true;
  handle.receiveBlockList = old.receiveBlockList;
  handle.receiveInfo = old.receiveInfo;
  handle.paused = old.paused;
  if (old.sendHighWaterMark !== undefined) {
    handle.sendHighWaterMark = old.sendHighWaterMark;
    handle.setSendHighWaterMark(old.sendHighWaterMark);
  }
}

const { isGuarded } = permission;

/**
 * @param {UDP} handle
 * @returns {boolean} false if a program has replaced `send`, or if the
 *   permission model denies the network: the guard of `send` must then run
 */
function hasOwnSend(handle) {
  return handle.send === handle.ownSend &&
    !(isGuarded && permission.isDenied());
}

/**
 * @param {UDP} handle
 * @returns {boolean} true if no program can notice that a numeric address
 *   skips the lookup
 */
function takesLiterals(handle) {
  return skipsLiterals(handle.lookup, handle.family) && hasOwnSend(handle);
}

/**
 * Takes over a socket that Node's own code created: a cluster's primary, or a
 * parent process. The new handle uses a duplicate of the descriptor. The
 * original stays open and idle until the new handle closes, because closing it
 * notifies the primary.
 * @param {object} foreign a built-in UDP handle
 * @param {UDP} old the handle that is replaced; the new one takes its lookup
 * @returns {UDP|number} the new handle, or a negative UV_ code
 */
function adoptHandle(foreign, old) {
  const handle = new UDP();
  const status = handle.adopt(foreign.fd);
  if (status < 0) {
    handle.close();
    return status;
  }
  inheritMethods(handle, old);
  handle.foreign = foreign;
  // Node's own lists of active handles contain the original only.
  for (const name of ['ref', 'unref']) {
    handle[name] = () => {
      foreign[name]();
      UDP.prototype[name].call(handle);
    };
  }
  return handle;
}

module.exports = {
  UDP,
  adoptHandle,
  createHandle,
  hasOwnSend,
  inheritMethods,
  kSettings,
  takeHandle,
  takesLiterals,
  updateFamily,
};
