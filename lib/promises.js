'use strict';

/**
 * dgram-native/promises: sockets whose bind(), connect(), send(), sendMany()
 * and close() return promises. The class extends that of dgram-native: the
 * other methods, the events and the options are the same, and a call with a
 * callback is that of dgram-native.
 *
 * This file uses public methods only, so it works on the fallback as well.
 */

const dgram = require('./index');

// Avoids the `require` of a sandbox or a bundle; see index.js.
const getBuiltin = globalThis.process?.getBuiltinModule;
const { errorMonitor } =
  getBuiltin === undefined ? require('node:events') : getBuiltin('events');
const { getSystemErrorMap } =
  getBuiltin === undefined ? require('node:util') : getBuiltin('util');
// Test runners replace the global, and Jest's jsdom environment lacks it.
const { setImmediate } =
  getBuiltin === undefined ? require('node:timers') : getBuiltin('timers');

/** What a socket has promised and not settled yet. */
class Pending {
  constructor() {
    /** The callback of a bind() in progress. */
    this.onBound = undefined;
    /** 'listening' is being emitted: calls that waited for bind() are made. */
    this.isListening = false;
    /** 'close' is being emitted: iterators may not have ended yet. */
    this.isEmitting = false;
    /** The callbacks of all promises, with the name of the system call. */
    this.callbacks = new Map();
    /** Their errors, while those are held back; see isHolding. */
    this.errors = new Map();
    /** Functions to call when a closed socket has nothing pending. */
    this.settled = [];
    /** 'close' was emitted. */
    this.isClosed = false;
    /**
     * The same, and cancel() follows. Errors wait until then: a program that
     * awaits close() first could not handle earlier rejections in time.
     */
    this.isHolding = false;
    /** detach() was called: what is queued is still sent. */
    this.isDetached = false;
  }

  /**
   * Of a socket that is closed.
   * @param {function()} callback called when everything but close() is settled
   */
  onSettled(callback) {
    this.settled.push(callback);
    if (!this.isEmitting) this.settle();
  }

  settle() {
    const waits = this.isHolding &&
      [...this.callbacks.values()].some((syscall) => syscall !== 'close');
    if (waits) return;
    for (const callback of this.settled.splice(0)) callback();
  }

  /** Rejects what is not settled. */
  cancel() {
    this.onBound = undefined;
    this.isHolding = false;
    for (const [callback, syscall] of this.callbacks) {
      if (syscall !== 'close')
        callback(this.errors.get(callback) ?? cancelled(syscall));
    }
    this.errors.clear();
    this.settle();
    // A close() whose listener the program has removed.
    for (const callback of this.callbacks.keys()) callback(cancelled('close'));
  }
}

/** By socket. The base class calls methods before a field would exist. */
const records = new WeakMap();

function recordOf(socket) {
  let record = records.get(socket);
  if (record === undefined) records.set(socket, record = new Pending());
  return record;
}

/** Queued sends are cancelled within the iteration after 'close'. */
function later(callback) {
  setImmediate(() => setImmediate(callback));
}

/** The error of a call that close() has ended. */
function cancelled(syscall) {
  const error = new Error(`${syscall} ECANCELED`);
  const [errno] = [...getSystemErrorMap()].find(([, [name]]) =>
    name === 'ECANCELED');
  return Object.assign(error, { errno, code: 'ECANCELED', syscall });
}

/**
 * @param {Socket} socket
 * @param {string} syscall
 * @param {function(function(Error|null, *))} start makes the call, with a
 *   callback. If it throws, or if the socket is closed and the callback is not
 *   called, the promise is rejected
 */
function promise(socket, syscall, start) {
  const record = recordOf(socket);
  const { callbacks, errors } = record;
  return new Promise((resolve, reject) => {
    const callback = (error, value) => {
      if (error && record.isHolding) {
        errors.set(callback, error);
        return;
      }
      callbacks.delete(callback);
      if (error) reject(error);
      else resolve(value);
    };
    callbacks.set(callback, syscall);
    try {
      start(callback);
    } catch (error) {
      callbacks.delete(callback);
      reject(error);
    }
    // It may wait for a bind() that has failed, as with node:dgram.
    if (record.isClosed && callbacks.has(callback)) {
      later(() => {
        if (callbacks.has(callback)) callback(cancelled(syscall));
      });
    }
  });
}

function hasCallback(args) {
  return typeof args[args.length - 1] === 'function';
}

/** Whether it is the bind() within send() or connect(), as of node:dgram. */
function isImplicit([options, callback, ...more]) {
  if (callback !== null || more.length > 0) return false;
  try {
    return options.port === 0 && options.exclusive === true;
  } catch {
    return false; // arguments of the program
  }
}

/**
 * The callback takes the place of trailing arguments that are undefined, and of
 * arguments beyond the last one that the method has.
 */
function withCallback(args, most, callback) {
  let length = Math.min(args.length, most);
  while (length > 0 && args[length - 1] === undefined) length--;
  return [...args.slice(0, length), callback];
}

function isObject(value) {
  return typeof value === 'object' && value !== null;
}

/**
 * The same for send(), which takes other values for the callback in some calls
 * with wrong arguments. The callback, and with it the promise, would be lost.
 */
function withSendCallback(args, callback) {
  const given = withCallback(args, 5, callback);
  const last = given[given.length - 2];
  if (given.length === 3 && !isObject(last)) {
    // A port. A connected socket now throws ERR_SOCKET_DGRAM_IS_CONNECTED.
    given.splice(2, 0, undefined);
  } else if (last === null && isObject(given[given.length - 3])) {
    given.splice(-2, 1); // null in the place of the callback
  }
  return given;
}

/** The same for send() of a Unix datagram socket. */
function withUnixSendCallback(args, callback) {
  const hasRange =
    typeof args[1] === 'number' && typeof args[2] === 'number';
  return withCallback(args, hasRange ? 4 : 2, callback);
}

/** Calls super.bind(), of which `onBound` gets the error or the address. */
function bindWith(socket, start, onBound) {
  const record = recordOf(socket);
  const previous = record.onBound; // of an earlier bind() in progress
  record.onBound = onBound;
  try {
    return start();
  } catch (error) {
    record.onBound = previous;
    throw error;
  }
}

/**
 * It fails if the interface of a link-local address is gone, for example. The
 * socket is bound.
 * @returns {[Error|null, object]} the arguments of a callback
 */
function addressOf(socket) {
  try {
    return [null, socket.address()];
  } catch (error) {
    return [error, undefined];
  }
}

/** The error of bind(): nothing is emitted, but waiting calls are told. */
function failBind(record, error, tell) {
  const { onBound } = record;
  record.onBound = undefined;
  tell(errorMonitor, error);
  onBound(error);
  // node:dgram has dropped calls that waited for bind().
  const waiting = [...record.callbacks.keys()];
  setImmediate(() => {
    for (const callback of waiting) {
      if (record.callbacks.has(callback)) callback(error);
    }
  });
}

/**
 * @param {Function} Base dgram.Socket, or the class of Unix datagram sockets
 * @returns {Function} a subclass whose methods return promises
 */
const withPromises = (Base) => withDispose(class Socket extends Base {
  constructor(...args) {
    super(...args);
    // The constructor of dgram.Socket has returned a socket of another class.
    if (this.type === 'unix_dgram') usePromises(this);
  }

  /**
   * @param {...*} args of bind() of dgram-native
   * @returns {Promise<object>} what address() returns
   */
  bind(...args) {
    if (hasCallback(args)) return super.bind(...args);
    const start = () => super.bind(...args);
    // send() and connect() reject with its error.
    if (isImplicit(args)) {
      return bindWith(this, start, () => {});
    }
    return promise(this, 'bind', (callback) => {
      bindWith(this, start, callback);
    });
  }

  /** @returns {Promise<void>} */
  connect(...args) {
    if (hasCallback(args)) return super.connect(...args);
    const most = this.type === 'unix_dgram' ? 1 : 2;
    return promise(this, 'connect', (callback) => {
      super.connect(...withCallback(args, most, callback));
    });
  }

  /** @returns {Promise<number>} bytes */
  send(...args) {
    if (hasCallback(args)) return super.send(...args);
    const place =
      this.type === 'unix_dgram' ? withUnixSendCallback : withSendCallback;
    return promise(this, 'send', (callback) => {
      super.send(...place(args, callback));
    });
  }

  /** @returns {Promise<number>} bytes */
  sendto(...args) {
    if (hasCallback(args)) return super.sendto(...args);
    const arity = this.type === 'unix_dgram' ? 4 : 5; // without a callback
    const given = args.slice(0, arity);
    return promise(this, 'send', (callback) => {
      super.sendto(...given, ...new Array(arity - given.length), callback);
    });
  }

  /**
   * @returns {Promise<number>} datagrams that the kernel has accepted; the
   *   error has their number as `sent`
   */
  sendMany(...args) {
    if (hasCallback(args)) return super.sendMany(...args);
    return promise(this, 'send', (callback) => {
      super.sendMany(...withCallback(args, 2, (error, sent) => {
        callback(error && Object.assign(error, { sent }), sent);
      }));
    });
  }

  /** @returns {Promise<void>} settled after all others */
  close(...args) {
    if (hasCallback(args)) return super.close(...args);
    const record = recordOf(this);
    const closed = promise(this, 'close', (callback) => {
      super.close(() => record.onSettled(() => callback(null)));
    });
    // The base class repeats a close() that has waited for bind().
    if (record.isListening) closed.catch(() => {});
    return closed;
  }

  /** @returns {{token: string}} as detach() of dgram-native */
  detach(...args) {
    const ticket = super.detach(...args);
    recordOf(this).isDetached = true;
    return ticket;
  }

  emit(event, ...args) {
    if (event !== 'error' && event !== 'listening' && event !== 'close') {
      return super.emit(event, ...args);
    }
    const record = recordOf(this);
    if (event === 'error' && record.onBound !== undefined) {
      failBind(record, args[0], (...told) => super.emit(...told));
      return true;
    }
    if (event === 'listening') {
      const { onBound } = record;
      record.onBound = undefined;
      const answer = onBound === undefined ? [] : addressOf(this);
      record.isListening = true;
      try {
        return super.emit(event, ...args);
      } finally {
        record.isListening = false;
        onBound?.(...answer);
      }
    }
    if (event === 'close') {
      record.isClosed = true;
      record.isEmitting = true;
      if (!record.isDetached) {
        record.isHolding = true;
        later(() => record.cancel());
      }
      try {
        return super.emit(event, ...args);
      } finally {
        record.isEmitting = false;
        record.settle();
      }
    }
    return super.emit(event, ...args);
  }
});

/**
 * Replaces the method that `await using` calls: it also waits for what is
 * pending.
 * @param {Function} Class
 * @returns {Function} the class
 */
function withDispose(Class) {
  const { asyncDispose } = Symbol; // undefined before Node 18.18
  const { [asyncDispose]: dispose } = Class.prototype;
  if (dispose === undefined) return Class;
  Class.prototype[asyncDispose] = async function() {
    await dispose.call(this);
    await new Promise((resolve) => recordOf(this).onSettled(resolve));
  };
  return Class;
}

/** A subclass of dgram.Socket. */
const Socket = withPromises(dgram.Socket);

/** By the prototype of the class of Unix datagram sockets. */
const unixPrototypes = new WeakMap();

/** Makes the methods of a Unix datagram socket return promises. */
function usePromises(socket) {
  const base = Object.getPrototypeOf(socket);
  let prototype = unixPrototypes.get(base);
  if (prototype === undefined) {
    ({ prototype } = withPromises(base.constructor));
    unixPrototypes.set(base, prototype);
  }
  Object.setPrototypeOf(socket, prototype);
}

/**
 * @param {'udp4'|'udp6'|'udp'|'unix_dgram'|object} type or options, as for
 *   dgram-native
 * @param {function(Buffer, object)} [listener] for 'message'
 * @returns {Socket}
 * @throws {TypeError} ERR_SOCKET_BAD_TYPE, and those of dgram-native
 */
function createSocket(type, listener) {
  return new Socket(type, listener);
}

// Users see the names; their bundler may have changed them.
for (const [value, fn] of Object.entries({ Socket, createSocket })) {
  Object.defineProperty(fn, 'name',
                        { __proto__: null, value, configurable: true });
}

module.exports = { createSocket, Socket };
