'use strict';

/**
 * What every kind of socket of a program has in common: steps without an
 * address, listeners, and the record of what the program observes. The checks
 * are in the models.
 */

const packed = require('../support/package');

const { descriptor } = packed.binding();

/** The values of the socket's `bindState` and `connectState`. */
const [UNBOUND, BINDING, BOUND] = [0, 1, 2];
const [DISCONNECTED, , CONNECTED] = [0, 1, 2];

/** An exception that a program throws on purpose. */
class Planned extends Error {}

class BaseActor {
  /**
   * @param {Stage} stage
   * @param {object} spec of the socket, from the generator of its kind
   */
  constructor(stage, spec) {
    this.stage = stage;
    this.spec = spec;
    this.serial = 0;
    this.closing = false; // the program has called close()
    this.closes = 0; // 'close' events
    this.bindFailures = 0;
    this.sends = []; // in the order of the calls
    this.groups = []; // one for each sendMany()
    this.messages = []; // arguments of the listeners, in order
    this.batches = [];
    this.errors = []; // other errors: thrown, or passed to callbacks
    this.deliveries = 0;
    this.depth = 0; // of listeners
    this.answered = 0;
  }

  /** Starts to listen to `socket`, which the actor uses from now on. */
  listen(socket) {
    const { mode } = this.spec;
    this.socket = socket;
    socket.setMaxListeners(0);
    socket.on('listening', () => this.note());
    socket.on('error', (error) => this.onError(error));
    socket.on('close', () => { this.closes++; });
    if (mode !== 'batch')
      socket.on('message', (...args) =>
        this.deliver(() => this.onMessage(...args)));
    if (mode !== 'message')
      socket.on('batch', (batch) => this.deliver(() => this.onBatch(batch)));
  }

  get state() {
    const symbol = Object.getOwnPropertySymbols(this.socket)
      .find(({ description }) => description === 'state symbol');
    return this.socket[symbol];
  }

  get isOpen() {
    return this.state.handle !== null;
  }

  get isBound() {
    return this.state.bindState === BOUND;
  }

  get isConnected() {
    return this.state.connectState === CONNECTED;
  }

  /** Finds its socket in the kernel's log, once it has one. */
  note() {
    const fd = this.isOpen ? descriptor(this.state.handle) : -1;
    if (fd >= 0) this.serial = this.stage.kernel.serialOf(fd);
  }

  // ------------------------------------------------------------- steps --

  /** Performs a step and records an exception. */
  perform(step) {
    if (!this.isOpen || this.closing || this.isStale) return;
    try {
      this[step.do](step);
    } catch (error) {
      this.errors.push(summary(error));
    }
    this.note();
  }

  close() {
    this.note();
    this.closing = true;
    this.socket.close();
  }

  address() {
    if (this.isBound) this.socket.address();
  }

  queue() {
    this.socket.getSendQueueCount();
    this.socket.getSendQueueSize();
  }

  ref() {
    this.socket.ref();
  }

  unref() {
    this.socket.unref();
  }

  pause() {
    this.hasGaps = true; // the blocks of messages
    this.socket.pause();
  }

  resume() {
    this.socket.resume();
  }

  get isPaused() {
    return this.socket.isPaused();
  }

  /** A listener was called. */
  noteDelivery(event) {
    if (this.isPaused) this.stage.complain(`'${event}' of a paused socket`);
  }

  throw() {
    throw new Planned('planned');
  }

  burst({ count, size, last, ...rest }) {
    for (let i = 1; i <= count; i++) {
      const own = i === count ? Math.min(last, size) : size;
      // Two of each kind, which may form a segment group.
      this.send({ ...rest, form: 'buffer', size: own, nth: i >> 1 });
    }
  }

  // --------------------------------------------------------- listeners --
  //
  // Each kind has placeOf(rinfo), which returns the kernel's number for a
  // source; rinfoOf(batch, index); and checkInfo(rinfo).

  react(steps) {
    for (const step of steps) {
      if (step.do === 'throw') this.throw();
      if (step.who === 'self') this.perform(step);
      else this.stage.perform(step);
    }
  }

  /** Without a callback: answers to one batch may leave together. */
  answer() {
    const { count, to, size } = this.spec.answers;
    if (this.answered === count) return;
    this.answered++;
    this.perform({ do: 'send', to, size, form: 'buffer', callback: false });
  }

  /** Reacts to the nth delivery. */
  onDelivery() {
    const n = this.deliveries++;
    for (const { at, what } of this.spec.reactions)
      if (at === n) this.react(what);
  }

  get isDelivering() {
    return this.depth > 0;
  }

  /** Calls a listener, which may throw. */
  deliver(listener) {
    this.depth++;
    try {
      listener();
    } finally {
      this.depth--;
    }
  }

  onMessage(msg, rinfo) {
    this.noteDelivery('message');
    if (!this.spec.sharedBuffers && msg.buffer.byteLength !== msg.length)
      this.stage.complain('an ArrayBuffer is larger than its message');
    this.checkInfo(rinfo);
    this.messages.push(this.receipt(msg, this.placeOf(rinfo), rinfo.size));
    this.answer();
    this.onDelivery();
  }

  onBatch(batch) {
    this.noteDelivery('batch');
    const { count, data, offsets, sizes } = batch;
    for (let i = 0; i < count; i++) {
      const rinfo = this.rinfoOf(batch, i);
      this.checkInfo(rinfo);
      const bytes = data.subarray(offsets[i], offsets[i] + sizes[i]);
      this.batches.push(this.receipt(bytes, this.placeOf(rinfo), sizes[i]));
    }
    this.onDelivery();
  }

  /** Retains the message, to check it again at the end. */
  receipt(bytes, port, size) {
    return {
      error: null, bytes, port, size, digest: this.stage.kernel.digest(bytes),
    };
  }

  onError(error) {
    this.note();
    const { syscall, code } = summary(error);
    if (syscall === 'recvmsg') {
      this.messages.push({ error: code });
      this.batches.push({ error: code });
    } else {
      this.errors.push({ syscall, code });
    }
    // With options before bind, bind() also sets these.
    if (syscall === 'bind' || error.option) this.bindFailures++;
  }

  // --------------------------------------------------------------- end --

  /**
   * Whether a bind() has failed within send(), which requires a lookup that
   * calls back synchronously. Datagrams then wait for another bind(), and so
   * does close(), as in Node.
   */
  get isStale() {
    const { bindState, queue } = this.state;
    return this.isOpen && bindState === UNBOUND && queue !== undefined;
  }

  revive() {
    if (this.isStale) this.bind({ sync: false });
  }

  /** Whether no operation is pending. */
  get isQuiet() {
    if (this.socket.writableNeedDrain) return false;
    // A connect() whose bind() failed never completes, as in Node.
    if (this.isOpen && (this.socket.getSendQueueCount() > 0 ||
        this.state.bindState === BINDING))
      return false;
    if (this.closing && this.closes === 0) return false;
    return this.sends.every(({ callback, due, calls }) =>
      !callback || !due || calls.length > 0) &&
      this.groups.every(({ callback, due, calls }) =>
        !callback || !due || calls.length > 0);
  }
}

/** System call and code of an error. */
function summary(error) {
  if (error instanceof Planned) return { syscall: 'planned', code: 'planned' };
  if (error.code === 'ERR_SOCKET_BUFFER_SIZE')
    return { syscall: error.info.syscall, code: error.info.code };
  if (error.syscall === undefined) throw error;
  return { syscall: error.syscall, code: error.code };
}

module.exports = {
  BINDING, BOUND, BaseActor, CONNECTED, DISCONNECTED, Planned, UNBOUND, summary,
};
