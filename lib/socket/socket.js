'use strict';

/**
 * The Socket class: arguments, state, events and their order, as Node 26 has
 * them. Most methods check, call the handle, and turn its code into an error.
 * docs/parity.md lists where we differ on purpose.
 */

const { AsyncResource } = require('node:async_hooks');
const dc = require('node:diagnostics_channel');
const EventEmitter = require('node:events');
const timers = require('node:timers');
const { promisify } = require('node:util');
const binding = require('../load/binding');
const cluster = require('../node/cluster');
const errors = require('../errors/errors');
const outbox = require('../batch/outbox');
const {
  NodeSocket, asyncIdKey, isInNodesPlace, kState,
} = require('../node/node-internals');
const {
  UDP, adoptHandle, createHandle, hasOwnSend, inheritMethods, takesLiterals,
} = require('../handle/handle');
const { isIP, skipsLiterals } = require('../handle/lookup');
const {
  checkMessage, copyMessage, sliceMessage, toList,
} = require('./message');
const { isDenied } = require('../node/permission');
const {
  validateAbortSignal, validateBoolean, validateNumber, validateObject,
  validatePort, validateString, validateUint32,
} = require('../errors/validators');

// Programs replace these.
const { process } = globalThis;
const { setImmediate } = timers;

// Loaded late: most programs do without.
let many;

const createdChannel = dc.channel('udp.socket');

const UNBOUND = 0;
const BINDING = 1;
const BOUND = 2;

const DISCONNECTED = 0;
const CONNECTING = 1;
const CONNECTED = 2;

// For programs that use dgram through register.js.
const { sharedBuffers: SHARED_BUFFERS } = require('../load/settings');

// The kernel's memory, or its limit of watched descriptors, is used up.
const NO_ROOM = ['ENOMEM', 'ENOSPC'];

const RECV_BUFFER = true;
const SEND_BUFFER = false;

const { errorMonitor } = EventEmitter;

const [major, minor] = process.versions.node.split('.').map(Number);

/**
 * On this Node the callback of bind() hears the error of bind() as a listener
 * of 'error' would, so that it is not thrown (until 24.21 and 26.8).
 */
const CALLBACK_LISTENS = major < 24 || (major === 24 && minor < 21) ||
  major === 25 || (major === 26 && minor < 8);

/**
 * @param {'udp4'|'udp6'|object} type or options: type, reuseAddr, reusePort,
 *   ipv6Only, recvBufferSize, sendBufferSize (bytes), lookup, signal,
 *   receiveBlockList, sendBlockList; ours: sharedBuffers (boolean)
 * @param {function(Buffer, object)} [listener] for 'message'
 * @throws {TypeError} ERR_SOCKET_BAD_TYPE, ERR_INVALID_ARG_TYPE
 * @throws {RangeError} ERR_OUT_OF_RANGE
 */
function Socket(type, listener) {
  EventEmitter.call(this);
  let options;
  if (type !== null && typeof type === 'object') {
    options = type;
    type = options.type;
    checkOptions(options);
  }

  const handle = createHandle(type, options?.lookup);
  handle.owner = this;
  if (options?.sharedBuffers ?? SHARED_BUFFERS) handle.sharedBuffers = true;
  if (options?.receiveBlockList) {
    handle.receiveBlockList = options.receiveBlockList;
  }

  this[asyncIdKey(handle)] = handle.getAsyncId();
  this.type = type;
  if (typeof listener === 'function') this.on('message', listener);

  this[kState] = {
    handle,
    receiving: false,
    bindState: UNBOUND,
    connectState: DISCONNECTED,
    queue: undefined,
    onBound: undefined,
    bindError: undefined,
    reuseAddr: options?.reuseAddr,
    reusePort: options?.reusePort,
    ipv6Only: options?.ipv6Only,
    recvBufferSize: options?.recvBufferSize,
    sendBufferSize: options?.sendBufferSize,
    receiveBlockList: options?.receiveBlockList || undefined,
    sendBlockList: options?.sendBlockList || undefined,
  };

  if (options?.signal !== undefined) closeOnAbort(this, options.signal);
  if (createdChannel.hasSubscribers) createdChannel.publish({ socket: this });
}
Object.setPrototypeOf(Socket.prototype, NodeSocket.prototype);
Object.setPrototypeOf(Socket, EventEmitter);

Object.defineProperty(Socket, Symbol.hasInstance, {
  __proto__: null, value: isInstance, configurable: true, writable: true,
});

/**
 * In Node's place, our class has the sockets of all copies of this package, and
 * Node's own that were there before, for its instances.
 */
function isInstance(value) {
  const Class = this === Socket && isInNodesPlace(Socket) ? NodeSocket : this;
  return Reflect.apply(Function.prototype[Symbol.hasInstance], Class, [value]);
}

function checkOptions(options) {
  for (const name of ['recvBufferSize', 'sendBufferSize']) {
    if (options[name]) {
      validateUint32(options[name], `options.${name}`, checkOptions);
    }
  }
  for (const name of ['receiveBlockList', 'sendBlockList']) {
    const list = options[name];
    if (list && !isBlockList(list)) {
      throw errors.invalidArgType(`options.${name}`,
                                  'an net.BlockList', list, checkOptions);
    }
  }
  if (options.sharedBuffers !== undefined) {
    validateBoolean(options.sharedBuffers, 'options.sharedBuffers',
                    checkOptions);
  }
}

function isBlockList(value) {
  const { BlockList } = require('node:net');
  return BlockList.isBlockList?.(value) ?? value instanceof BlockList;
}

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

/**
 * @param {'udp4'|'udp6'|object} type or options, see Socket
 * @param {function(Buffer, object)} [listener] for 'message'
 * @returns {Socket}
 */
function createSocket(type, listener) {
  return new Socket(type, listener);
}

/* ---------------------------------------------------------------- state -- */

/** @param {Function} [above] where the stack begins, see errors.js */
function healthCheck(socket, above = healthCheck) {
  if (!socket[kState].handle) throw errors.notRunning(above);
}

/** The connected sends of this tick leave before `change` takes effect. */
function afterSends(socket) {
  outbox.flushConnected();
  return socket[kState].handle;
}

/** @param {Function} [above] where the stack begins, see errors.js */
function throwOnError(status, syscall, above = throwOnError) {
  if (status) throw errors.errnoException(status, syscall, above);
}

/**
 * A call that waits for bind(). Node runs all of them in the async context of
 * the first; here each has its own. The emitter is for zone.js, which knows the
 * zone of a call by its listeners.
 */
class Waiting extends AsyncResource {
  /**
   * @param {function()} action once the socket is bound
   * @param {function(Error)} fail instead, if it will not be
   */
  constructor(action, fail) {
    super('DGRAMWAIT', { __proto__: null, requireManualDestroy: true });
    this.emitter = new EventEmitter();
    this.emitter.on('bound', action);
    this.emitter.on('failed', fail);
  }

  /** @param {...*} event 'bound', or 'failed' and the error */
  finish(...event) {
    try {
      this.runInAsyncScope(this.emitter.emit, this.emitter, ...event);
    } finally {
      this.emitDestroy();
    }
  }
}

/**
 * Puts off `action` until the socket is bound. When binding fails, what was
 * put off is out of the queue before the user's 'error' listeners run.
 */
function enqueue(socket, action, fail) {
  const state = socket[kState];
  if (state.queue === undefined) {
    state.queue = [];
    socket.once(errorMonitor, dropQueue);
    socket.once('listening', runQueue);
  }
  state.queue.push(new Waiting(action, fail));
}

/** Node forgets what was put off; here its callbacks are told the error. */
function dropQueue(error) {
  this.removeListener('listening', runQueue);
  const { queue } = this[kState];
  this[kState].queue = undefined;
  for (const waiting of queue) waiting.finish('failed', error);
}

function runQueue() {
  this.removeListener(errorMonitor, dropQueue);
  const { queue } = this[kState];
  this[kState].queue = undefined;
  let next = 0;
  try {
    while (next < queue.length) queue[next++].finish('bound');
  } catch (error) {
    // As with Node, the others are not run any more.
    while (next < queue.length) queue[next++].finish('failed', error);
    throw error;
  }
}

/** In a tick of its own, since it may throw. */
function callLater(callback, ...args) {
  if (typeof callback === 'function') process.nextTick(callback, ...args);
}

/* ----------------------------------------------------------------- bind -- */

/**
 * @param {Function} [above] where the stack begins, see errors.js
 * @returns {Error|undefined} the buffer size that the system refuses
 */
function startReceiving(socket, above = startReceiving) {
  const state = socket[kState];
  const { handle } = state;
  handle.onmessage = onMessage;
  const status = handle.recvStart();
  state.receiving = true;
  state.bindState = BOUND;
  // Node ignores what recvStart() says, and tests rely on that; but a socket
  // that can never receive must say so.
  if (status < 0 && NO_ROOM.includes(errors.codeName(status))) {
    const error = errors.errnoException(status, 'recvmsg');
    process.nextTick(() => {
      if (state.handle) socket.emit('error', error);
    });
  }
  return setWantedSize(handle, state.recvBufferSize, RECV_BUFFER, above) ??
    setWantedSize(handle, state.sendBufferSize, SEND_BUFFER, above);
}

function setWantedSize(handle, size, which, above) {
  if (!size) return undefined;
  const context = {};
  return handle.bufferSize(size, which, context) === undefined ?
    bufferSizeError(context, above) :
    undefined;
}

/** For a bind() that the program is still in: Node throws there, too. */
function startListening(socket, above) {
  const error = startReceiving(socket, above);
  if (error !== undefined) throw error;
  socket.emit('listening');
}

/** For a bind() that may have returned: nobody could catch what it throws. */
function startListeningLater(socket) {
  const error = startReceiving(socket);
  if (error === undefined) socket.emit('listening');
  else failListening(socket, error);
}

/** Unless the socket was closed meanwhile. */
function emitIfOpen(socket, event) {
  if (socket[kState].handle) socket.emit(event);
}

/** The socket is bound and receives, as Node leaves it. */
function failListening(socket, error) {
  forgetCallback(socket);
  socket.emit('error', error);
}

function failBind(socket, error) {
  const state = socket[kState];
  const listens = CALLBACK_LISTENS && state.onBound !== undefined;
  state.bindState = UNBOUND;
  if (state.bindError === null) state.bindError = error;
  forgetCallback(socket);
  if (listens) emitHeard(socket, error);
  else socket.emit('error', error);
}

/** Emits 'error' with a listener more, so that it is not thrown. */
function emitHeard(socket, error) {
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
 * @returns {Error|undefined} why it has failed already: 'error' was emitted,
 *   and whoever heard it has not called bind() again
 */
function bindImplicitly(socket) {
  const state = socket[kState];
  state.bindError = null; // to be filled in by failBind()
  socket.bind({ port: 0, exclusive: true }, null);
  const { bindError } = state;
  state.bindError = undefined;
  return state.bindState === UNBOUND ? bindError ?? undefined : undefined;
}

/**
 * bind()'s callback: once listening, or never when binding failed. Node listens
 * for the failure; another event at the same time is one more than an emitter's
 * small table holds, and ten thousand idle sockets would keep the large one.
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

function bindFlags(state) {
  const { flags } = binding;
  return (state.reuseAddr ? flags.REUSEADDR : 0) |
    (state.ipv6Only ? flags.IPV6ONLY : 0) |
    (state.reusePort ? flags.REUSEPORT : 0);
}

function anyAddress(socket) {
  return socket.type === 'udp4' ? '0.0.0.0' : '::';
}

/**
 * Puts a handle from elsewhere in place of the socket's own.
 * @returns {number} 0 or a negative UV_ code, and nothing was changed
 */
function replaceHandle(socket, foreign) {
  const state = socket[kState];
  const old = state.handle;
  let handle = foreign;
  if (foreign instanceof UDP) {
    inheritMethods(foreign, old);
  } else if (typeof foreign.fd === 'number') {
    // A built-in handle; without a descriptor its fd is a UV_ code.
    handle = foreign.fd < 0 ? foreign.fd : adoptHandle(foreign, old);
    if (typeof handle === 'number') return handle;
    foreign.owner = socket;
  } else {
    handle.lookup = old.lookup;
  }
  if (!old.hasRef() && typeof handle.unref === 'function') handle.unref();
  handle.owner = socket;
  old.close();
  state.handle = handle;
  return 0;
}

/** Has a cluster's primary bind; `fail` is told the UV_ code of a failure. */
function bindThroughPrimary(socket, request, fail) {
  const state = socket[kState];
  cluster.requestHandle(socket, request, (error, foreign) => {
    if (error) {
      if (state.handle) fail(error);
    } else if (!state.handle) {
      foreign.close();
    } else {
      const status = replaceHandle(socket, foreign);
      if (status < 0) {
        foreign.close();
        fail(status);
      } else {
        startListeningLater(socket);
      }
    }
  });
}

function bindHandle(socket, foreign) {
  const status = replaceHandle(socket, foreign);
  if (status < 0) {
    failBind(socket, errors.errnoException(status, 'open'));
  } else {
    startListening(socket, bindHandle);
  }
}

function bindDescriptor(socket, fd, exclusive) {
  if (cluster.sharesPorts(exclusive)) {
    const request =
      { address: null, port: null, addressType: socket.type, fd, flags: null };
    bindThroughPrimary(socket, request, (status) => {
      failBind(socket, errors.errnoException(status, 'open'));
    });
    return;
  }
  const type = binding.guessHandleType(fd);
  if (type !== 'UDP') throw errors.invalidFdType(type, bindDescriptor);
  throwOnError(socket[kState].handle.open(fd), 'open', bindDescriptor);
  startListening(socket, bindDescriptor);
}

function bindAddress(socket, port, address, exclusive) {
  const state = socket[kState];
  state.handle.lookup(address || anyAddress(socket), (error, ip) => {
    if (!state.handle) return;
    if (error) {
      failBind(socket, error);
      return;
    }
    const fail = (status) => {
      failBind(
        socket, errors.hostPortException(status, 'bind', ip, port, fail));
    };
    const flags = bindFlags(state);
    if (cluster.sharesPorts(exclusive || state.reusePort)) {
      const request =
        { address: ip, port, addressType: socket.type, fd: -1, flags };
      bindThroughPrimary(socket, request, fail);
      return;
    }
    // The program's own lookup may answer with anything that is an address as
    // text; so in connectHandle().
    const status = state.handle.bind(`${ip}`, port || 0, flags);
    if (status) fail(status);
    else startListeningLater(socket);
  });
}

function isDescriptor(fd) {
  return (fd | 0) === fd && fd > 0;
}

/**
 * bind([port[, address]][, callback]) or bind(options[, callback]) with port,
 * address, exclusive, fd. A port is taken modulo 2^16, as Node takes it.
 * @returns {Socket} this
 * @throws {Error} ERR_SOCKET_DGRAM_NOT_RUNNING, ERR_SOCKET_ALREADY_BOUND
 * @throws {TypeError} ERR_INVALID_FD_TYPE
 */
Socket.prototype.bind = function(port, address /* , callback */) {
  healthCheck(this);
  const state = this[kState];
  if (state.bindState !== UNBOUND) throw errors.alreadyBound();
  state.bindState = BINDING;

  const callback = arguments.length && arguments[arguments.length - 1];
  if (typeof callback === 'function') onceBound(this, callback);

  if (port === null || typeof port !== 'object') {
    bindAddress(this, port, typeof address === 'function' ? '' : address,
                false);
  } else if (typeof port.recvStart === 'function') {
    bindHandle(this, port);
  } else if (isDescriptor(port.fd)) {
    bindDescriptor(this, port.fd, !!port.exclusive);
  } else {
    bindAddress(this, port.port, port.address, !!port.exclusive);
  }
  return this;
};

/** For the calls that must not wait: a literal address, or an error. */
function checkLiteral(name, address, caller) {
  validateString(address, name, checkLiteral);
  if (isIP(address) === 0) {
    throw errors.invalidArgValue(
      name, address,
      `must be a numeric IP address; ${caller} does not perform DNS ` +
      'resolution', checkLiteral);
  }
}

/**
 * Binds at once; 'listening' follows in the next tick (Node 26.4, 24.19). A
 * cluster's primary is not asked.
 * @param {{port?: number, address?: string}} [options] a numeric address
 * @returns {{address: string, family: string, port: number}}
 * @throws {Error} ERR_SOCKET_DGRAM_NOT_RUNNING, ERR_SOCKET_ALREADY_BOUND, or
 *   what bind(2) said
 * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
 * @throws {RangeError} ERR_SOCKET_BAD_PORT
 */
Socket.prototype.bindSync = function(options = {}) {
  healthCheck(this);
  validateObject(options, 'options');
  const state = this[kState];
  if (state.bindState !== UNBOUND) throw errors.alreadyBound();

  const port = validatePort(options.port ?? 0, 'options.port');
  let { address } = options;
  if (address) checkLiteral('options.address', address, 'bindSync');
  else address = anyAddress(this);

  state.bindState = BINDING;
  const status = state.handle.bind(address, port, bindFlags(state));
  if (status) {
    state.bindState = UNBOUND;
    throw errors.hostPortException(status, 'bind', address, port);
  }
  const error = startReceiving(this);
  if (error !== undefined) throw error;
  process.nextTick(emitIfOpen, this, 'listening');
  return this.address();
};

/* -------------------------------------------------------------- connect -- */

/**
 * @param {number|string} port
 * @param {string|Function} [address] default: loopback
 * @param {function(Error?)} [callback] once for 'connect', or with the error
 * @throws {Error} ERR_SOCKET_DGRAM_IS_CONNECTED
 * @throws {RangeError} ERR_SOCKET_BAD_PORT
 */
Socket.prototype.connect = function(port, address, callback) {
  port = validatePort(port, 'Port', false);
  if (typeof address === 'function') {
    callback = address;
    address = '';
  } else if (address === undefined) {
    address = '';
  }
  validateString(address, 'address');

  const state = this[kState];
  if (state.connectState !== DISCONNECTED) throw errors.isConnected();
  state.connectState = CONNECTING;

  const fail = (error) => {
    state.connectState = DISCONNECTED;
    callLater(callback, error);
  };
  if (state.bindState === UNBOUND) {
    const error = bindImplicitly(this);
    if (error !== undefined) {
      fail(error);
      return;
    }
  }
  const start = () => startConnect(this, port, address, callback);
  if (state.bindState === BOUND) start();
  else enqueue(this, start, fail);
};

function startConnect(socket, port, address, callback) {
  if (callback) socket.once('connect', callback);
  const state = socket[kState];
  state.handle.lookup(address, (lookupError, ip) => {
    if (!state.handle) return;
    const error = lookupError || connectHandle(state, ip, port, address);
    if (error) {
      state.connectState = DISCONNECTED;
      process.nextTick(failConnect, socket, error, callback);
      return;
    }
    state.connectState = CONNECTED;
    process.nextTick(() => socket.emit('connect'));
  });
}

/** @returns {Error|null} */
function connectHandle(state, ip, port, address) {
  if (isBlocked(state.sendBlockList, ip)) {
    return errors.ipBlocked(ip, connectHandle);
  }
  const status = state.handle.connect(`${ip}`, port);
  return status ?
    errors.hostPortException(status, 'connect', address, port, connectHandle) :
    null;
}

function failConnect(socket, error, callback) {
  if (callback) {
    socket.removeListener('connect', callback);
    callback(error);
  } else {
    socket.emit('error', error);
  }
}

function isBlocked(blockList, ip) {
  return blockList?.check(ip, `ipv${isIP(ip)}`);
}

/**
 * Connects at once; 'connect' follows in the next tick (Node 26.4, 24.19). An
 * unbound socket is bound first.
 * @param {number|string} port
 * @param {string} [address] numeric; default: loopback
 * @throws {Error} ERR_SOCKET_DGRAM_NOT_RUNNING, ERR_SOCKET_DGRAM_IS_CONNECTED,
 *   ERR_SOCKET_ALREADY_BOUND while bind() is under way, ERR_IP_BLOCKED, or what
 *   connect(2) said
 * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
 * @throws {RangeError} ERR_SOCKET_BAD_PORT
 */
Socket.prototype.connectSync = function(port, address) {
  healthCheck(this);
  port = validatePort(port, 'Port', false);
  const state = this[kState];
  if (state.connectState !== DISCONNECTED) throw errors.isConnected();

  if (address == null || address === '') {
    address = this.type === 'udp4' ? '127.0.0.1' : '::1';
  } else {
    checkLiteral('address', address, 'connectSync');
  }

  if (state.bindState === UNBOUND) this.bindSync();
  else if (state.bindState !== BOUND) throw errors.alreadyBound();

  const error = connectHandle(state, address, port, address);
  if (error) throw error;
  state.connectState = CONNECTED;
  process.nextTick(emitIfOpen, this, 'connect');
};

/** @throws {Error} ERR_SOCKET_DGRAM_NOT_CONNECTED */
Socket.prototype.disconnect = function() {
  const state = this[kState];
  if (state.connectState !== CONNECTED) throw errors.notConnected();
  throwOnError(afterSends(this).disconnect(), 'connect');
  state.connectState = DISCONNECTED;
};

/* ----------------------------------------------------------------- send -- */

/** send() of Node 0.x, still there. */
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
 * @param {string|ArrayBufferView|Array<string|ArrayBufferView>} buffer the
 *   message; its bytes are copied before send() returns
 * @param {...*} rest `callback` is called with (error) or (null, bytes)
 * @throws {TypeError} ERR_INVALID_ARG_TYPE
 * @throws {RangeError} ERR_BUFFER_OUT_OF_BOUNDS, ERR_SOCKET_BAD_PORT
 * @throws {Error} ERR_SOCKET_DGRAM_IS_CONNECTED, ERR_SOCKET_DGRAM_NOT_RUNNING
 */
Socket.prototype.send = function(buffer,
                                 offset,
                                 length,
                                 port,
                                 address,
                                 callback) {
  const state = this[kState];
  const connected = state.connectState === CONNECTED;
  // Which arguments there are is told by their positions, not their number.
  if (connected) {
    if (typeof length === 'number') {
      buffer = sliceMessage(buffer, offset, length);
      if (typeof port === 'function') {
        callback = port;
        port = null;
      }
    } else {
      callback = offset;
    }
    if (port || address) throw errors.isConnected();
  } else if (address || (port && typeof port !== 'function')) {
    buffer = sliceMessage(buffer, offset, length);
  } else {
    callback = port;
    port = offset;
    address = length;
  }

  const message = checkMessage(buffer);
  if (!connected) port = validatePort(port, 'Port', false);
  if (typeof callback !== 'function') callback = undefined;
  if (typeof address === 'function') {
    callback = address;
    address = undefined;
  } else if (typeof address !== 'string' && address != null) {
    validateString(address, 'address');
  }

  // healthCheck() is written out, and validateString() called only for what it
  // will refuse: what is inlined in their place was measured as 15 ns a send.
  if (!state.handle) throw errors.notRunning();
  if (state.bindState === UNBOUND && !bindForSend(this, callback)) return;
  if (state.bindState !== BOUND) {
    sendOnceBound(this, message, port, address, callback);
  } else if (connected) {
    sendConnected(this, message, callback);
  } else {
    sendTo(this, message, port, address, callback);
  }
};

// What is rare has functions of its own: V8 inlines the rest of a send, as long
// as that is short.

/** @returns {boolean} false: it failed, and the callback will be told */
function bindForSend(socket, callback) {
  const error = bindImplicitly(socket);
  if (error === undefined) {
    // bind() may be the program's own, and have closed it.
    healthCheck(socket, bindForSend);
    return true;
  }
  callLater(callback, error);
  return false;
}

/**
 * Calls the socket's own `send` again, as Node does: one that a subclass or a
 * tool put there sees that call, too, with a list for its message. What is
 * connected by then refuses an address.
 */
function sendOnceBound(socket, message, port, address, callback) {
  const list = copyMessage(message);
  enqueue(socket, socket.send.bind(socket, list, port, address, callback),
          callLater.bind(undefined, callback));
}

function sendConnected(socket, message, callback) {
  const { handle } = socket[kState];
  if (hasOwnSend(handle)) {
    outbox.sendConnected(handle, message, callback);
  } else {
    sendThroughHandle(socket, toList(message), null, undefined, undefined,
                      callback);
  }
}

function sendTo(socket, message, port, address, callback) {
  const { handle, sendBlockList } = socket[kState];
  if (sendBlockList !== undefined || !takesLiterals(handle) ||
      !outbox.sendLater(handle, message, address, port, callback)) {
    sendAfterLookup(socket, message, port, address, callback);
  }
}

function sendAfterLookup(socket, message, port, address, callback) {
  const list = copyMessage(message);
  socket[kState].handle.lookup(address, (error, ip) => {
    if (error) failSend(socket, error, callback);
    else sendThroughHandle(socket, list, ip, port, address, callback);
  });
}

function failSend(socket, error, callback) {
  if (callback !== undefined) process.nextTick(callback, error);
  else process.nextTick(() => socket.emit('error', error));
}

/** The way past the outbox: after a lookup, or through a patched handle. */
function sendThroughHandle(socket, list, ip, port, address, callback) {
  const { handle, sendBlockList } = socket[kState];
  if (!handle) return;
  if (ip && isBlocked(sendBlockList, ip)) {
    if (callback) process.nextTick(callback, errors.ipBlocked(ip));
    return;
  }
  const wanted = callback !== undefined;
  const request = { list, address, port };
  if (wanted) {
    request.callback = callback;
    request.oncomplete = completeSend;
  }
  const status = port ?
    handle.send(request, list, list.length, port, ip, wanted) :
    handle.send(request, list, list.length, wanted);
  if (!wanted) return;
  if (status >= 1) {
    process.nextTick(callback, null, status - 1);
  } else if (status) {
    process.nextTick(
      callback, errors.hostPortException(status, 'send', address, port));
  }
}

function completeSend(status, bytes) {
  const error = status ?
    errors.hostPortException(status, 'send', this.address, this.port) :
    null;
  this.callback(error, bytes);
}

/**
 * Ours: sends many datagrams with one call, at once and in order. An unbound
 * socket is bound first.
 * @param {Array} packets connected: [msg, msg, ...]; unconnected: [msg, port,
 *   address, ...] with numeric addresses (null, undefined, '': loopback)
 * @param {function(Error|null, number)} [callback] once all have left or
 *   failed: the first error, and how many the kernel took
 * @returns {number} how many datagrams were handed on; 0 while bind() is under
 *   way, when they follow once it is done
 * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
 * @throws {RangeError} ERR_SOCKET_BAD_PORT
 * @throws {Error} ERR_SOCKET_DGRAM_NOT_RUNNING, or what bind(2) said
 */
function sendMany(packets, callback) {
  healthCheck(this);
  const state = this[kState];
  many ??= require('./send-many');
  const batch = readPackets(this, packets, callback);
  if (state.bindState === UNBOUND) this.bindSync();
  if (state.bindState === BOUND) return sendPackets(this, batch, callback);
  many.keepPackets(batch);
  enqueue(this, () => sendPackets(this, batch, callback),
          (error) => callLater(callback, error, 0));
  return 0;
}

function readPackets(socket, packets, callback) {
  const { handle, connectState } = socket[kState];
  try {
    return many.readPackets(packets, callback, handle.family,
                            connectState === CONNECTED);
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
  return many.sendPackets(handle, batch, blocks, callback);
}

// Not among the enumerable methods, which are Node's.
Object.defineProperty(Socket.prototype, 'sendMany', {
  __proto__: null, value: sendMany, configurable: true, writable: true,
});

/* ---------------------------------------------------------------- close -- */

/**
 * Unconnected sends that have not left yet are dropped, as with Node.
 * @param {function()} [callback] for 'close'
 * @returns {Socket} this
 * @throws {Error} ERR_SOCKET_DGRAM_NOT_RUNNING
 */
Socket.prototype.close = function(callback) {
  const state = this[kState];
  if (typeof callback === 'function') this.on('close', callback);

  if (state.queue !== undefined) {
    closeOnceBound(this);
    return this;
  }

  healthCheck(this);
  stopReceiving(this);
  state.handle.close();
  state.handle = null;
  process.nextTick(emitClose, this);
  return this;
};

/**
 * A close() takes its turn behind what waits for bind(), as with Node. A lookup
 * that is the program's own may never answer; it has the rest of this turn of
 * the event loop to do so.
 */
function closeOnceBound(socket) {
  const state = socket[kState];
  const { handle, queue } = state;
  const close = socket.close.bind(socket);
  const closeIfOpen = () => {
    if (state.handle) close();
  };
  enqueue(socket, close, () => process.nextTick(closeIfOpen));
  if (handle === null || skipsLiterals(handle.lookup, handle.family)) return;
  setImmediate(() => {
    if (state.queue === queue) cancelBind(socket);
  });
}

/** What waits for bind() fails, the close() among it closes. */
function cancelBind(socket) {
  socket.removeListener(errorMonitor, dropQueue);
  dropQueue.call(
    socket, errors.errnoException(errors.errno('ECANCELED'), 'bind'));
}

function emitClose(socket) {
  socket.emit('close');
}

function stopReceiving(socket) {
  const state = socket[kState];
  if (!state.receiving) return;
  state.handle.recvStop();
  state.receiving = false;
}

if (Symbol.asyncDispose !== undefined) {
  /**
   * Closes the socket, if it is open, and waits for 'close' (Node 20.5). An
   * error that close() gives its callback is thrown.
   */
  Socket.prototype[Symbol.asyncDispose] = async function() {
    if (!this[kState].handle) return;
    await promisify(this.close).call(this);
  };
}

/* -------------------------------------------------------------- receive -- */

/** `nread`: bytes, or a negative UV_ code of recvmsg(2). */
function onMessage(nread, handle, message, rinfo) {
  const socket = handle.owner;
  if (nread < 0) {
    socket.emit('error', errors.errnoException(nread, 'recvmsg'));
    return;
  }
  const { receiveBlockList } = socket[kState];
  if (receiveBlockList?.check(rinfo.address, rinfo.family?.toLowerCase())) {
    return;
  }
  rinfo.size = message.length;
  socket.emit('message', message, rinfo);
}

/* ------------------------------------------------------------ addresses -- */

/**
 * @returns {{address: string, family: 'IPv4'|'IPv6', port: number}}
 * @throws {Error} ERR_SOCKET_DGRAM_NOT_RUNNING; EBADF while unbound
 */
Socket.prototype.address = function() {
  healthCheck(this);
  const out = {};
  throwOnError(this[kState].handle.getsockname(out), 'getsockname');
  return out;
};

/**
 * @returns {{address: string, family: 'IPv4'|'IPv6', port: number}}
 * @throws {Error} ERR_SOCKET_DGRAM_NOT_RUNNING, ERR_SOCKET_DGRAM_NOT_CONNECTED
 */
Socket.prototype.remoteAddress = function() {
  healthCheck(this);
  const state = this[kState];
  if (state.connectState !== CONNECTED) throw errors.notConnected();
  const out = {};
  throwOnError(state.handle.getpeername(out), 'getpeername');
  return out;
};

/* -------------------------------------------------------------- options -- */

/** @param {*} arg taken as a boolean */
Socket.prototype.setBroadcast = function(arg) {
  throwOnError(afterSends(this).setBroadcast(arg ? 1 : 0), 'setBroadcast');
};

/** @param {number} ttl 1 to 255 hops @returns {number} ttl */
Socket.prototype.setTTL = function(ttl) {
  validateNumber(ttl, 'ttl');
  throwOnError(afterSends(this).setTTL(ttl), 'setTTL');
  return ttl;
};

/** @param {number} ttl 0 to 255 hops @returns {number} ttl */
Socket.prototype.setMulticastTTL = function(ttl) {
  validateNumber(ttl, 'ttl');
  throwOnError(afterSends(this).setMulticastTTL(ttl), 'setMulticastTTL');
  return ttl;
};

/** @param {*} arg taken as a boolean @returns {*} arg */
Socket.prototype.setMulticastLoopback = function(arg) {
  throwOnError(afterSends(this).setMulticastLoopback(arg ? 1 : 0),
               'setMulticastLoopback');
  return arg;
};

/** @param {string} interfaceAddress IPv4: an address; IPv6: `::%eth0` */
Socket.prototype.setMulticastInterface = function(interfaceAddress) {
  healthCheck(this);
  validateString(interfaceAddress, 'interfaceAddress');
  throwOnError(afterSends(this).setMulticastInterface(interfaceAddress),
               'setMulticastInterface');
};

/** @throws {TypeError} ERR_MISSING_ARGS */
Socket.prototype.addMembership = function(multicastAddress,
                                          interfaceAddress) {
  setMembership(this, 'addMembership', multicastAddress, interfaceAddress);
};

/** @throws {TypeError} ERR_MISSING_ARGS */
Socket.prototype.dropMembership = function(multicastAddress,
                                           interfaceAddress) {
  setMembership(this, 'dropMembership', multicastAddress, interfaceAddress);
};

/**
 * As the built-in takes a group: anything, as text. What has none is no address
 * (Node 22 and later; 18 and 20 throw what was thrown).
 */
function toGroup(value) {
  try {
    return `${value}`;
  } catch {
    return '';
  }
}

/**
 * The same of an interface, where nothing means the usual one. What its
 * conversion throws is thrown.
 */
function toInterface(value) {
  return value == null ? value : `${value}`;
}

function setMembership(socket, method, group, interfaceAddress) {
  healthCheck(socket, setMembership);
  if (!group) throw errors.missingArg('multicastAddress', setMembership);
  const { handle } = socket[kState];
  throwOnError(handle[method](toGroup(group), toInterface(interfaceAddress)),
               method, setMembership);
}

/** RFC 4607; only datagrams from `sourceAddress` come in. */
Socket.prototype.addSourceSpecificMembership = function(sourceAddress,
                                                        groupAddress,
                                                        interfaceAddress) {
  setSourceMembership(this, 'addSourceSpecificMembership', sourceAddress,
                      groupAddress, interfaceAddress);
};

Socket.prototype.dropSourceSpecificMembership = function(sourceAddress,
                                                         groupAddress,
                                                         interfaceAddress) {
  setSourceMembership(this, 'dropSourceSpecificMembership', sourceAddress,
                      groupAddress, interfaceAddress);
};

function setSourceMembership(socket, method, source, group, interfaceAddress) {
  healthCheck(socket, setSourceMembership);
  validateString(source, 'sourceAddress', setSourceMembership);
  validateString(group, 'groupAddress', setSourceMembership);
  const { handle } = socket[kState];
  throwOnError(handle[method](source, group, toInterface(interfaceAddress)),
               method, setSourceMembership);
}

/** @returns {Socket} this */
Socket.prototype.ref = function() {
  this[kState].handle?.ref();
  return this;
};

/** @returns {Socket} this */
Socket.prototype.unref = function() {
  this[kState].handle?.unref();
  return this;
};

/** `size` 0 reads. @returns {number} bytes, as the kernel counts them */
function bufferSize(socket, size, which) {
  if (size >>> 0 !== size) throw errors.badBufferSize(bufferSize);
  const context = {};
  const result = afterSends(socket).bufferSize(size, which, context);
  if (result === undefined) throw bufferSizeError(context, bufferSize);
  return result;
}

const { captureStackTrace } = Error;
const { getRecvBufferSize } = NodeSocket.prototype;

/**
 * ERR_SOCKET_BUFFER_SIZE, the one error whose class is within Node. So Node's
 * own method is asked for it, with something for a socket.
 * @param {object} context errno, code, message, syscall, as the addon has
 *   filled it in
 * @param {Function} above where the stack begins, see errors.js
 */
function bufferSizeError(context, above) {
  const handle = {
    bufferSize(size, which, out) { Object.assign(out, context); },
  };
  try {
    return getRecvBufferSize.call({ [kState]: { handle } });
  } catch (error) {
    captureStackTrace(error, above);
    return error;
  }
}

/** @param {number} size bytes; Linux doubles it */
Socket.prototype.setRecvBufferSize = function(size) {
  bufferSize(this, size, RECV_BUFFER);
};

/** @param {number} size bytes; Linux doubles it */
Socket.prototype.setSendBufferSize = function(size) {
  bufferSize(this, size, SEND_BUFFER);
};

/** @returns {number} bytes */
Socket.prototype.getRecvBufferSize = function() {
  return bufferSize(this, 0, RECV_BUFFER);
};

/** @returns {number} bytes */
Socket.prototype.getSendBufferSize = function() {
  return bufferSize(this, 0, SEND_BUFFER);
};

/** @returns {number} bytes that wait for the kernel */
Socket.prototype.getSendQueueSize = function() {
  return afterSends(this).getSendQueueSize();
};

/** @returns {number} datagrams that wait for the kernel */
Socket.prototype.getSendQueueCount = function() {
  return afterSends(this).getSendQueueCount();
};

module.exports = { Socket, createSocket };
