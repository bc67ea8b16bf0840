'use strict';

/**
 * The handle of a socket: the JavaScript end of the C core's dgram_socket_t.
 * It has the method names of Node's internal UDP handle, since tests, tools and
 * Node's own cluster code reach for them; most are the addon's. It is an
 * AsyncResource itself, as Node's handle is the resource of its own callbacks.
 *
 * Methods return 0 (or a figure) or a negative UV_ code; they do not throw.
 */

const { AsyncResource } = require('node:async_hooks');
const { listenerCount } = require('node:events').prototype;
const binding = require('../load/binding');
const errors = require('../errors/errors');
const inbox = require('../batch/inbox');
const outbox = require('../batch/outbox');
const permission = require('../node/permission');
const uncaught = require('../node/uncaught');
const { createLookup, skipsLiterals } = require('./lookup');
const { validateFunction } = require('../errors/validators');

// Programs replace the global.
const { process } = globalThis;

const { SOCKETS_MAX } = binding.layout;

/**
 * Those whose socket is open, or will call back once it is closed. An array: a
 * Map takes five times the memory.
 */
const handles = [];

/** The C core gives the lower bits of an id anew, the lowest free first. */
function indexOf(id) {
  return id & (SOCKETS_MAX - 1);
}

/** Nothing else is asked of it, such as a `triggerAsyncId`. */
const MANUAL = { __proto__: null, requireManualDestroy: true };

class UDP extends AsyncResource {
  // Fields are defined, not assigned: no setter of Object.prototype gets them.
  /** Names the socket to the C core. */
  id = binding.init();
  /** The Socket. */
  owner = null;
  closed = false;
  /** 4 or 6. */
  family = 0;

  constructor() {
    super('UDPWRAP', MANUAL);
    handles[indexOf(this.id)] = this;
  }

  getAsyncId() {
    const id = this.asyncId();
    // As a small integer where it is one: V8 boxes it otherwise.
    return id === (id | 0) ? id | 0 : id;
  }

  /** True when the socket has listeners for this event. */
  wants(event) {
    // Not the socket's own method: a batch must not depend on user code.
    return this.owner !== null && listenerCount.call(this.owner, event) > 0;
  }

  /** Has the socket emit an event that is not a message. */
  emit(event, value) {
    this.owner.emit(event, value);
  }

  /** True when datagrams from this source are to be ignored. */
  blocks(address, family) {
    return this.receiveBlockList?.check(address, family.toLowerCase());
  }

  /**
   * Closes the socket. Connected sends that wait for the end of the tick
   * leave first; unconnected ones are dropped, as Node drops them.
   * @param {function()} [callback] called once libuv let go of the socket
   */
  close(callback) {
    if (this.closed) return;
    outbox.endConnected();
    this.closed = true;
    this.foreign?.close();
    this.exported?.close();
    const wanted = typeof callback === 'function';
    if (wanted) this.onClosed = callback;
    this.closeHandle(wanted);
    if (wanted) return;
    forget(this);
    this.emitDestroy();
  }

  /**
   * Sends one datagram at once.
   * @param {object} request kept until `request.oncomplete(status, bytes)`
   * @param {Array<Uint8Array>} list
   * @param {number} count of elements in the list
   * @param {...*} rest port, address, hasCallback; connected: hasCallback
   * @returns {number} bytes + 1 when it was sent, 0 when it was queued and
   *   will complete later, or a negative UV_ code
   */
  send(request, list, count, ...rest) {
    return sendOne(this, 4, request, list, rest);
  }

  send6(request, list, count, ...rest) {
    return sendOne(this, 6, request, list, rest);
  }
}

// What most sockets leave as it is has its place here: ten thousand idle ones
// need not carry it.
Object.assign(UDP.prototype, {
  /** Messages of one batch are views of one memory. */
  sharedBuffers: false,
  /** A net.BlockList of sources to ignore. */
  receiveBlockList: undefined,
  /** The built-in handle that this one stands in for; see adoptHandle(). */
  foreign: null,
  /** The built-in handle that other processes were sent; see ipc.js. */
  exported: null,
  /** What close() was given. */
  onClosed: null,
  /** The `send` that is not somebody else's; see setMethods(). */
  ownSend: UDP.prototype.send,
});

binding.define(UDP.prototype);
for (const name of ['getAsyncId', 'close', 'send', 'send6']) {
  Object.defineProperty(UDP.prototype, name,
                        { __proto__: null, enumerable: true });
}

function sendOne(handle, family, request, list, rest) {
  if (handle.closed) return errors.errno('EBADF');
  const connected = rest.length === 1;
  const [port, address, hasCallback] = connected ? [0, null, rest[0]] : rest;
  // Only here is null the connected peer, whatever a lookup has answered.
  const peer = connected ? null : address ?? '';
  return outbox.sendNow(handle, family, list, port, peer,
                        hasCallback ? request : null);
}

/** Its place may be another's soon. */
function forget(handle) {
  if (handleOf(handle.id) === handle) handles[indexOf(handle.id)] = undefined;
}

/** The rest of a batch may be left when a listener closes the socket. */
const GONE = { closed: true };

/** The handle of that id: its place may have been given to another. */
function handleOf(id) {
  const handle = handles[indexOf(id)];
  return handle?.id === id ? handle : undefined;
}

/**
 * What C calls counts itself while it runs, so that C can tell a termination,
 * after which no `finally` runs, from a `throw null`.
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
  deliver: counted((id, name) => inbox.deliver(handleOf(id) ?? GONE, name)),
  complete: counted(outbox.complete),
  closed: counted((id) => {
    const handle = handleOf(id);
    if (handle === undefined) return;
    forget(handle);
    try {
      uncaught.run(handle, handle.onClosed, handle);
    } finally {
      handle.emitDestroy();
    }
  }),
  terminated: uncaught.wipeTerminated,
  idle: inbox.forgetSpares,
  stalled: counted(outbox.settleStalled),
}));

// Node's own switch for its tests: every send goes through libuv's queue.
const SWITCH = '--test-udp-no-try-send';
if (process.execArgv.includes(SWITCH) ||
    process.env.NODE_OPTIONS?.includes(SWITCH)) {
  binding.queueAlways(true);
}

/**
 * @param {string} type 'udp4' or 'udp6'
 * @param {Function} [lookup] instead of dns.lookup()
 * @returns {UDP}
 * @throws {TypeError} ERR_SOCKET_BAD_TYPE, ERR_INVALID_ARG_TYPE
 */
function createHandle(type, lookup) {
  if (lookup !== undefined) validateFunction(lookup, 'lookup', createHandle);
  if (type !== 'udp4' && type !== 'udp6') throw errors.badType(createHandle);
  const family = type === 'udp6' ? 6 : 4;
  const resolve = createLookup(family, lookup);
  const handle = new UDP();
  setMethods(handle, family, resolve);
  return handle;
}

/**
 * Gives a handle the methods of its family, and remembers which they are: the
 * short way through the outbox is only taken while they are still in place.
 */
function setMethods(handle, family, resolve) {
  handle.family = family;
  handle.lookup = resolve;
  if (family === 6) {
    handle.bind = handle.bind6;
    handle.connect = handle.connect6;
    handle.send = handle.send6;
  }
  permission.guardHandle(handle);
  if (handle.ownSend !== handle.send) handle.ownSend = handle.send;
}

/** setMethods() for a handle that takes the place of `old`. */
function inheritMethods(handle, old) {
  setMethods(handle, old.family, old.lookup);
  handle.sharedBuffers = old.sharedBuffers;
  handle.receiveBlockList = old.receiveBlockList;
}

const { isGuarded } = permission;

/**
 * True while nobody put a `send` of their own on the handle. With the network
 * denied the outbox is no way round the guard.
 */
function hasOwnSend(handle) {
  return handle.send === handle.ownSend &&
    !(isGuarded && permission.isDenied());
}

/** True while a literal address needs no lookup to be seen by anybody. */
function takesLiterals(handle) {
  return skipsLiterals(handle.lookup, handle.family) && hasOwnSend(handle);
}

/**
 * Takes over a socket that Node's own code made (a cluster's primary, a parent
 * process): ours is opened on a duplicate of its descriptor, and the original
 * stays open, idle, until ours closes, since closing it is what tells the
 * primary.
 * @param {object} foreign a built-in UDP handle
 * @param {UDP} old the handle that is replaced; its lookup is kept
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
  // Node's own lists of active handles see the original only.
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
  takesLiterals,
};
