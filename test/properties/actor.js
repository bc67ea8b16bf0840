'use strict';

/**
 * One socket of a program: performs its steps and records what the program
 * observes. The checks are in model.js.
 */

const packed = require('../support/package');
const { FORMS, payload, shown } = require('./payload');

const { closeFd, descriptor } = packed.binding();

const LOOPBACK = { udp4: '127.0.0.1', udp6: '::1', udp: '127.0.0.1' };
const MAPPED = '::ffff:127.0.0.1';

const INFO_NAMES = ['localAddress', 'interface', 'ttl', 'timestamp'];

/** The default, those that programs.js sets, for sockets and datagrams; 0 if it
 * is unknown. */
const TTLS = [64, 1, 9, 200, 0];

/** The values of the socket's `bindState` and `connectState`. */
const [UNBOUND, BINDING, BOUND] = [0, 1, 2];
const [DISCONNECTED, , CONNECTED] = [0, 1, 2];

/** An exception that a program throws on purpose. */
class Planned extends Error {}

/** Custom lookups. */
const LOOKUPS = {
  none: undefined,
  sync: (name, family, callback) => callback(null, addressOf(name, family)),
  tick: (name, family, callback) =>
    process.nextTick(callback, null, addressOf(name, family)),
  later: (name, family, callback) =>
    setImmediate(callback, null, addressOf(name, family)),
};

const addressOf = (name, family) =>
  name.includes(':') || name.includes('.') ? name :
    LOOPBACK[family === 0 ? 'udp' : `udp${family}`];

class Actor {
  /**
   * @param {Stage} stage
   * @param {object} spec from programs.js
   */
  constructor(stage, spec) {
    const { type, mode, sharedBuffers } = spec;
    const lookup = LOOKUPS[spec.lookup];
    this.stage = stage;
    this.spec = spec;
    this.serial = 0;
    this.closing = false; // the program has called close()
    this.closes = 0; // 'close' events
    this.bindFailures = 0;
    this.delivering = 0;
    this.sends = []; // in the order of the calls
    this.groups = []; // one for each sendMany()
    this.messages = []; // arguments of the listeners, in order
    this.batches = [];
    this.errors = []; // other errors: thrown, or passed to callbacks
    this.deliveries = 0;
    this.answered = 0;
    this.drains = 0;
    this.connects = 0; // calls of connect() and disconnect()
    this.socket = stage.dgram.createSocket({
      type, sharedBuffers, icmpErrors: spec.icmpErrors,
      sendHighWaterMark: spec.sendHighWaterMark,
      ...(lookup && { lookup }),
      receiveInfo: spec.receiveInfo && stage.dgram.features.receiveInfo ?
        INFO_NAMES : [],
    });
    this.socket.setMaxListeners(0);
    this.socket.on('drain', () => this.onDrain());
    this.socket.on('listening', () => this.note());
    this.socket.on('error', (error) => this.onError(error));
    this.socket.on('close', () => { this.closes++; });
    this.socket.on('icmp', (error) => this.onIcmp(error));
    if (mode !== 'batch')
      this.socket.on('message', (...args) => this.onMessage(...args));
    if (mode !== 'message')
      this.socket.on('batch', (batch) => this.onBatch(batch));
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

  /** The port of a target, and an address that this socket can reach. */
  addressFor(to) {
    const { type, lookup } = this.spec;
    const actor = to === 'nobody' ? null : this.stage.actor(to);
    const fd = actor?.isOpen ? descriptor(actor.state.handle) : -1;
    const port = fd >= 0 ? this.stage.kernel.portOf(fd) : 0;
    if (port === 0 || (type === 'udp4' && actor.spec.type === 'udp6'))
      return { port: this.stage.deadPort, address: LOOPBACK[type] };
    if (type === 'udp' || actor.spec.type === 'udp') {
      const is6 = type === 'udp6' || actor.spec.type === 'udp6';
      return { port, address: is6 ? '::1' : '127.0.0.1' };
    }
    if (type !== actor.spec.type) return { port, address: MAPPED };
    return { port, address: lookup === 'none' ? LOOPBACK[type] : 'name' };
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

  bind({ sync }) {
    if (this.state.bindState !== UNBOUND) return;
    const { type } = this.spec;
    const at = { port: 0, address: type === 'udp' ? '::' : LOOPBACK[type] };
    try {
      if (sync) this.socket.bindSync(at);
      else this.socket.bind(at);
    } catch (error) {
      this.bindFailures++;
      throw error;
    } finally {
      this.note();
    }
  }

  connect({ to, sync, callback }) {
    const { port, address } = this.addressFor(to);
    if (this.state.connectState !== DISCONNECTED) return;
    if (sync && this.state.bindState === BINDING) return;
    this.connects++;
    if (sync) {
      const literal = address === 'name' ? LOOPBACK[this.spec.type] : address;
      this.socket.connectSync(port, literal);
    } else if (callback) {
      this.socket.connect(port, address, (error) => {
        if (error) this.errors.push(summary(error));
      });
    } else {
      this.socket.connect(port, address);
    }
    this.wasConnected = true;
  }

  disconnect() {
    if (!this.isConnected) return;
    this.connects++;
    this.socket.disconnect();
  }

  close() {
    this.note();
    this.closing = true;
    this.socket.close();
  }

  option({ option, value }) {
    if (!this.isBound) return;
    // A fragmented datagram that does not fit into the send buffer fails with
    // ENOBUFS again and again, and waits for ever, as in Node.
    this.socket[option](option === 'setSendBufferSize' ?
      value + 64 << 10 :
      value);
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

  /** As if the descriptor was shared with another process. */
  share() {
    if (!this.isBound) return;
    closeFd(this.state.handle.share());
    this.wasShared = true;
  }

  pause() {
    this.wasPaused = true;
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

  // ------------------------------------------------------------- sends --

  /** Records a datagram before it is passed to send(). */
  record(bytes, timing, settings, { callback = false, group = null } = {}) {
    const visible = shown(bytes);
    const send = {
      timing,
      length: visible.length,
      digest: this.stage.kernel.digest(visible),
      tos: settings.tos ?? -1,
      ttl: settings.ttl ?? 0,
      size: bytes.length,
      callback,
      group,
      calls: [],
      due: false, // it cannot be cancelled any more
      left: false, // node:dgram would have passed it to the kernel
      waited: !this.isBound, // waited for bind()
      after: this.sends.filter((other) => other.timing === 'later' && other.due)
        .length,
    };
    this.sends.push(send);
    return send;
  }

  /**
   * Finds out whether the socket was still open when a send or a sendMany() was
   * due.
   * @param {object} send
   * @param {number} failures of bind() before the call. A bind() can fail
   *   within the call, if its lookup calls back synchronously; that cancels the
   *   send
   */
  watch(send, failures) {
    const { connects, isConnected } = this;
    const arrive = () => {
      send.due = this.isOpen;
      send.left = this.isOpen && connects === this.connects &&
        isConnected === this.isConnected;
    };
    const wait = this.spec.lookup === 'none' ?
      () => process.nextTick(arrive) :
      () => setImmediate(() => setImmediate(arrive));
    if (this.isBound && send.timing === 'now') {
      send.due = true;
    } else if (this.isBound) {
      wait();
    } else {
      // A bind() that fails cancels the sends that waited for it.
      this.socket.once('listening', () => {
        if (this.bindFailures === failures) wait();
      });
    }
  }

  /** The nth of a step's settings; none if there are none here. */
  settingsAt(list, n) {
    if (list.length === 0 || !this.stage.dgram.features.sendSettings) return {};
    const { loopback, ...settings } = list[n % list.length];
    return loopback ? { ...settings, interface: 1 } : settings;
  }

  send({ to, size, form, callback, settings: list = [], nth = 0, then = [] }) {
    const bytes = payload(this.stage.nextId(), size);
    const connected = this.isConnected;
    const timing = connected ? 'now' : 'later';
    const settings = this.settingsAt(list, nth);
    const send = this.record(bytes, timing, settings, { callback });
    const { port, address } = this.addressFor(to);
    const args = form === 'slice' ?
      [Buffer.concat([Buffer.from('<<'), bytes, Buffer.from('>')]), 2, size] :
      [FORMS[form](bytes)];
    if (list.length > 0)
      args.push(connected ? settings : { port, address, ...settings });
    else if (!connected)
      args.push(port, address);
    const failures = this.bindFailures;
    let returned = false;
    if (callback) {
      args.push((error, sent) => {
        send.calls.push(error ? error.code : sent);
        if (!returned) this.stage.complain('send() called a callback');
        this.react(then);
      });
    }
    this.socket.send(...args);
    returned = true;
    // The bytes have been copied by now.
    bytes.fill('!');
    this.watch(send, failures);
  }

  burst({ count, size, last, ...rest }) {
    for (let i = 1; i <= count; i++) {
      const own = i === count ? Math.min(last, size) : size;
      // Two of each kind, which may form a segment group.
      this.send({ ...rest, form: 'buffer', size: own, nth: i >> 1 });
    }
  }

  sendMany({ to, sizes, callback, settings: kinds = [], columns = false }) {
    const connected = this.isConnected;
    const { port, address } = this.addressFor(to);
    const literal = address === 'name' ? LOOPBACK[this.spec.type] : address;
    const group = {
      timing: 'now', sends: [], callback, calls: [], due: false,
      waited: !this.isBound,
    };
    const settings = sizes.map((_, i) => this.settingsAt(kinds, i));
    const packets = sizes.flatMap((size, i) => {
      const bytes = payload(this.stage.nextId(), size);
      group.sends.push(this.record(bytes, 'now', settings[i], { group }));
      if (kinds.length > 0 && !columns) {
        return [bytes, connected ? settings[i] :
          { port, address: literal, ...settings[i] }];
      }
      return connected ? [bytes] : [bytes, port, literal];
    });
    const shared = kinds.length > 0 && columns ?
      [Object.fromEntries(['tos', 'ttl', 'interface'].map((name) =>
        [name, settings.map((own) => own[name])]))] :
      [];
    const failures = this.bindFailures;
    const done = (error, sent) =>
      group.calls.push({ error: error?.code ?? null, sent });
    try {
      this.socket.sendMany(packets, ...shared, ...(callback ? [done] : []));
    } catch (error) {
      // bind() failed: nothing was sent.
      this.sends = this.sends.filter((send) => send.group !== group);
      throw error;
    }
    this.groups.push(group);
    for (const watched of [group, ...group.sends]) {
      this.watch(watched, failures);
    }
  }

  // --------------------------------------------------------- listeners --

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

  onMessage(msg, rinfo) {
    this.noteDelivery('message');
    if (!this.spec.sharedBuffers && msg.buffer.byteLength !== msg.length)
      this.stage.complain('an ArrayBuffer is larger than its message');
    this.checkInfo(rinfo);
    this.messages.push(this.receipt(msg, rinfo.port, rinfo.size));
    this.answer();
    this.onDelivery();
  }

  /** What every datagram has, unless its ancillary data was truncated. */
  checkInfo({ localAddress, ttl, timestamp }) {
    const { type } = this.spec;
    if (localAddress !== undefined && localAddress !== LOOPBACK[type] &&
        !(type === 'udp6' && localAddress === MAPPED) &&
        !(type === 'udp' && localAddress === '::1'))
      this.stage.complain(`a datagram was sent to ${localAddress}`);
    if (ttl !== undefined && !TTLS.includes(ttl))
      this.stage.complain(`the TTL of a datagram is ${ttl}`);
    if (timestamp !== undefined && timestamp < 0n)
      this.stage.complain(`the time of a datagram is ${timestamp}`);
  }

  onBatch({ count, data, offsets, sizes, ports, ...columns }) {
    this.noteDelivery('batch');
    for (let i = 0; i < count; i++) {
      this.checkInfo({
        localAddress: columns.localAddress?.[i], ttl: columns.ttl?.[i],
        timestamp: columns.timestamp?.[i],
      });
      const bytes = data.subarray(offsets[i], offsets[i] + sizes[i]);
      this.batches.push(this.receipt(bytes, ports[i], sizes[i]));
    }
    this.onDelivery();
  }

  /** Listeners of 'icmp' react like those of messages. */
  onIcmp({ syscall, code }) {
    if (!this.isOpen || !this.spec.icmpErrors || syscall !== 'icmp' ||
        code !== 'ECONNREFUSED')
      this.stage.complain(`an event 'icmp' of ${syscall} ${code}`);
    this.onDelivery();
  }

  onDrain() {
    if (this.socket.writableNeedDrain || !this.isOpen)
      this.stage.complain('an early \'drain\'');
    this.drains++;
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

module.exports = { Actor, Planned };
