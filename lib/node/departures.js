'use strict';

/**
 * Built-in handles on their way to another process. detach({ process: true })
 * creates them; child.send() and process.send() send them, through ipc.js.
 *
 * Node leaves a handle open that it has sent, and this process would keep the
 * port. Ours is closed once its message is written. Until then the descriptor
 * exists here only: after an error the handle can be sent again, or used here,
 * until its time is over.
 */

const errors = require('../errors/errors');
const { clearTimeout, setTimeout } = require('./clock');
const { builtinHandle } = require('./node-internals');
const { record } = require('./thread');

// Programs may replace the global.
const { process } = globalThis;

const CLOSED = errors.errno('EBADF');

class Departure {
  /** The callback that `_send` was called with, until it has ended. */
  callback = undefined;
  /** The child or `process` whose `_send` it was. */
  target = undefined;

  constructor(handle, timeout) {
    this.handle = handle;
    this.timer = setTimeout(() => this.close(), timeout).unref();
  }

  /**
   * Whether the handle is closed, or about to leave. Node forgets the messages
   * that it has queued when the channel closes, and their callbacks.
   */
  get isTaken() {
    return this.handle === undefined ||
      (this.callback !== undefined && isOpen(this.target));
  }

  close() {
    clearTimeout(this.timer);
    this.handle?.close();
    this.handle = undefined;
  }

  /**
   * Sends a message with the handle.
   * @param {object} target a child, or `process`
   * @param {Function} send Node's `_send`
   * @param {Array} args its arguments: message, handle, options, callback
   * @returns {boolean} the result of `send`
   * @throws {TypeError} ERR_INVALID_HANDLE_TYPE of Node: it was sent before
   */
  send(target, send, [message, handle, options, callback]) {
    const call = (sendable, done) =>
      Reflect.apply(send, target, [message, sendable, options, done]);
    if (callback !== undefined && callback === this.callback) {
      // Node had queued it, behind another message with a handle.
      if (this.handle !== undefined) return call(handle, callback);
      process.nextTick(callback, errors.errnoException(CLOSED, 'write'));
      return true;
    }
    if (this.isTaken) return call({}, callback);
    const onSent = (error) => {
      if (this.callback === onSent) {
        this.callback = undefined;
        if (!error) this.close();
      }
      if (typeof callback === 'function') callback(error);
      else if (error) target.emit('error', error);
    };
    this.callback = onSent;
    this.target = target;
    try {
      return call(handle, onSent);
    } catch (error) {
      this.callback = undefined;
      throw error;
    }
  }
}

/**
 * @param {object} target a child, or `process`
 * @returns {boolean} whether it has a channel, also if disconnect() was called
 *   and messages are still to be sent
 */
function isOpen({ channel }) {
  return channel !== null && channel !== undefined;
}

/**
 * @param {number} fd which the handle owns
 * @param {number} timeout milliseconds after which it is closed
 * @returns {object} Node's UDPWrap, idle
 * @throws {Error} EBADF: Node has not accepted it, and it is closed
 */
function depart(fd, timeout) {
  // The type does not matter: its methods for a family are not called.
  const handle = builtinHandle('udp4', fd);
  if (handle.fd < 0) throw errors.errnoException(CLOSED, 'detach');
  record.departures ??= new WeakMap();
  record.departures.set(handle, new Departure(handle, timeout));
  return handle;
}

/** @returns {boolean} whether it was sent, or is about to be */
function isTaken(handle) {
  return record.departures?.get(handle)?.isTaken === true;
}

/** Closes a handle whose descriptor has another owner, here. */
function arrive(handle) {
  const departure = record.departures?.get(handle);
  if (departure === undefined) handle.close();
  else departure.close();
}

module.exports = { arrive, depart, isTaken };
