'use strict';

/**
 * Datagrams of a socket as an async iterator, with a bounded queue: when it is
 * full, the socket is paused. It uses public methods only, as the fallback has
 * it, too.
 */

const EventEmitter = require('node:events');
const { abortError } = require('../errors/abort-error');
const {
  validateAbortSignal, validateInt32, validateObject,
} = require('../errors/validators');
const { iterationOf } = require('./iteration');

const { listenerCount } = EventEmitter.prototype;

/** Default of the option, in datagrams. */
const HIGH_WATER_MARK = 64;

/** Prototype of the iterators of async generators. */
const AsyncIteratorPrototype = Object.getPrototypeOf(
  Object.getPrototypeOf(async function* () {}.prototype));

/** How many iterators have ended. */
let endings = 0;

/** The queue of an iterator. */
class MessageQueue {
  /**
   * @param {Socket} socket open
   * @param {object} options validated
   * @param {number} options.highWaterMark datagrams
   * @param {AbortSignal} [options.signal] not aborted
   */
  constructor(socket, { highWaterMark, signal }) {
    this.socket = socket;
    this.iteration = iterationOf(socket);
    this.highWaterMark = highWaterMark;
    this.lowWaterMark = Math.floor(highWaterMark / 2);
    /** Values of `next()`, from index `first` on. */
    this.queue = takeUnread(this.iteration);
    this.first = 0;
    this.waiting = []; // { resolve, reject } of next(), if the queue is empty
    this.error = undefined; // { reason } that next() will throw
    this.isFull = false;
    this.hasEnded = false;
    this.ending = 0; // the order in which iterators have ended
    this.iteration.active++;
    this.listeners = {
      message: (...value) => this.add(value),
      error: (error) => this.fail(error),
      close: () => this.end(),
    };
    for (const name in this.listeners) socket.on(name, this.listeners[name]);
    if (signal !== undefined) {
      this.aborting = EventEmitter.addAbortListener(
        signal, () => this.fail(abortError(signal)));
    }
    if (this.length >= highWaterMark) this.hold();
    socket.resume(); // the pause() of the program ends
  }

  /** Datagrams in the queue. */
  get length() {
    return this.queue.length - this.first;
  }

  add(value) {
    if (this.waiting.length > 0) {
      this.waiting.shift().resolve({ value, done: false });
      return;
    }
    this.queue.push(value);
    if (this.length >= this.highWaterMark) this.hold();
  }

  take() {
    const value = this.queue[this.first];
    this.queue[this.first++] = undefined;
    if (this.first === this.queue.length || this.first >= 1024) {
      this.queue.splice(0, this.first);
      this.first = 0;
    }
    if (this.length <= this.lowWaterMark) this.release();
    return value;
  }

  /** Pauses the socket. */
  hold() {
    if (this.isFull) return;
    const { socket, iteration } = this;
    if (iteration.full === 0) {
      iteration.isPaused = socket.isPaused();
      socket.pause();
    }
    this.isFull = true;
    iteration.full++;
  }

  /** Resumes the socket if it was paused for this queue and none is full. */
  release() {
    if (!this.isFull) return;
    this.isFull = false;
    const { socket, iteration } = this;
    iteration.full--;
    if (iteration.full === 0 && !iteration.isPaused) socket.resume();
  }

  /** No datagram follows. What is in the queue is still returned. */
  end() {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.ending = ++endings;
    const { socket, listeners } = this;
    for (const name in listeners) socket.removeListener(name, listeners[name]);
    this.aborting?.[Symbol.dispose]();
    // Without receivers, the next iterator continues where this one has ended.
    if (!hasReceivers(socket)) socket.pause();
    this.release();
    this.iteration.active--;
    for (const { resolve } of this.waiting.splice(0)) resolve(done(undefined));
  }

  fail(reason) {
    if (this.hasEnded) return;
    if (this.waiting.length > 0) this.waiting.shift().reject(reason);
    else this.error = { reason };
    this.end();
  }

  /** The program leaves the loop. */
  leave() {
    this.end();
    if (this.length > 0) {
      const values = this.queue.slice(this.first);
      this.iteration.unread.push({ values, ending: this.ending });
    }
    this.queue = [];
    this.first = 0;
    this.error = undefined;
  }

  /** @returns {Promise<{value: [Buffer, object]|undefined, done: boolean}>} */
  next() {
    if (this.length > 0) {
      return Promise.resolve({ value: this.take(), done: false });
    }
    if (this.error !== undefined) {
      const { reason } = this.error;
      this.error = undefined;
      return Promise.reject(reason);
    }
    if (this.hasEnded) return Promise.resolve(done(undefined));
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
    });
  }
}

class MessageIterator {
  #queue;

  constructor(queue) {
    this.#queue = queue;
  }

  next() {
    return this.#queue.next();
  }

  return(value) {
    this.#queue.leave();
    return Promise.resolve(done(value));
  }

  throw(reason) {
    this.#queue.leave();
    return Promise.reject(reason);
  }
}
Object.setPrototypeOf(MessageIterator.prototype, AsyncIteratorPrototype);

/**
 * What iterators have left, in order. Several of one socket may have left the
 * same datagrams: those that end later have what the others lack at the end.
 */
function takeUnread({ unread }) {
  let values = [];
  unread.sort((a, b) => a.ending - b.ending);
  for (const { values: later } of unread.splice(0)) {
    const messages = new Set(later.map(([message]) => message));
    values = values.filter(([message]) => !messages.has(message)).concat(later);
  }
  return values;
}

function done(value) {
  return { value, done: true };
}

/** Whether other listeners receive the datagrams of the socket. */
function hasReceivers(socket) {
  return listenerCount.call(socket, 'message') > 0 ||
    listenerCount.call(socket, 'batch') > 0;
}

/**
 * @param {Socket} socket open
 * @param {object} [options] highWaterMark (datagrams), signal
 * @returns {MessageIterator}
 * @throws {TypeError} ERR_INVALID_ARG_TYPE
 * @throws {RangeError} ERR_OUT_OF_RANGE
 * @throws {Error} ABORT_ERR if the signal is aborted already
 */
function iterate(socket, options) {
  if (options !== undefined) validateObject(options, 'options', iterate);
  const { highWaterMark = HIGH_WATER_MARK, signal } = options ?? {};
  validateInt32(highWaterMark, 'options.highWaterMark', 1,
                Number.MAX_SAFE_INTEGER, iterate);
  if (signal !== undefined) {
    validateAbortSignal(signal, 'options.signal', iterate);
    if (signal.aborted) throw abortError(signal);
  }
  return new MessageIterator(
    new MessageQueue(socket, { highWaterMark, signal }));
}

module.exports = { iterate };
