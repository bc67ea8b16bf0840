'use strict';

/**
 * One UDP socket of a program. How it moves is in moving-actor.js, the checks
 * are in model.js.
 */

const fs = require('node:fs');

const packed = require('../support/package');
const {
  BINDING, BaseActor, DISCONNECTED, Planned, UNBOUND, summary,
} = require('./base-actor');
const { LOOPBACK, Lookups } = require('./lookups');
const { FORMS, payload, shown } = require('./payload');

const { descriptor } = packed.binding();

const MAPPED = '::ffff:127.0.0.1';

const INFO_NAMES = ['localAddress', 'interface', 'ttl', 'timestamp'];

/** The default, those that programs.js sets, for sockets and datagrams; 0 if it
 * is unknown. */
const TTLS = [64, 1, 9, 200, 0];

const SETTINGS = ['tos', 'ttl', 'interface', 'sendTime'];

class Actor extends BaseActor {
  /**
   * @param {Stage} stage
   * @param {object} spec from programs.js
   */
  constructor(stage, spec) {
    super(stage, spec);
    this.drains = 0;
    this.connects = 0; // calls of connect() and disconnect()
    this.moves = 0; // detach() of this socket
    this.open();
  }

  open() {
    const { type, receiveInfo, icmpErrors, txtime } = this.spec;
    const { createSocket, features } = this.stage.dgram;
    this.listen(createSocket({
      type, icmpErrors, ...this.ownOptions(),
      ...(txtime && features.txtime && { txtime: 'monotonic' }),
      receiveInfo: receiveInfo && features.receiveInfo ? INFO_NAMES : [],
    }));
  }

  /** The options that detach() does not take along. */
  ownOptions() {
    const { lookup, lookupCache, sendHighWaterMark, sharedBuffers } = this.spec;
    this.lookups = lookup === 'none' ? null :
      new Lookups(this.stage, lookup, lookupCache);
    return {
      sendHighWaterMark, sharedBuffers,
      ...(this.lookups && { lookup: this.lookups.lookup, lookupCache }),
    };
  }

  listen(socket) {
    super.listen(socket);
    socket.on('drain', () => this.onDrain());
    socket.on('icmp', (error) => this.onIcmp(error));
  }

  /** Its port; 0 if it has none. */
  get port() {
    const fd = this.isOpen ? descriptor(this.state.handle) : -1;
    return fd >= 0 ? this.stage.kernel.portOf(fd) : 0;
  }

  /** The port of a target, and an address that this socket can reach. */
  addressFor(to) {
    const { type, lookup } = this.spec;
    const actor = to === 'nobody' ? null : this.stage.actor(to);
    const port = actor?.port ?? 0;
    if (port === 0 || (type === 'udp4' && actor.spec.type === 'udp6'))
      return { port: this.stage.places.deadPort, address: LOOPBACK[type] };
    if (type === 'udp' || actor.spec.type === 'udp') {
      const is6 = type === 'udp6' || actor.spec.type === 'udp6';
      return { port, address: is6 ? '::1' : '127.0.0.1' };
    }
    if (type !== actor.spec.type) return { port, address: MAPPED };
    return { port, address: lookup === 'none' ? LOOPBACK[type] : 'name' };
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

  option({ option, value }) {
    if (!this.isBound) return;
    // A fragmented datagram that does not fit into the send buffer fails with
    // ENOBUFS again and again, and waits for ever, as in Node.
    this.socket[option](option === 'setSendBufferSize' ?
      value + 64 << 10 :
      value);
  }

  /** As if the descriptor was shared with another process. */
  share() {
    if (!this.isBound) return;
    this.wasShared = true;
    const fd = this.state.handle.share();
    if (fd >= 0) fs.closeSync(fd); // not if there is no other descriptor
  }

  // ------------------------------------------------------------- sends --

  /**
   * Datagrams of one lane leave in order. A detached socket still sends what
   * waits in its queue; with a cache each name has its own lookups.
   */
  laneOf(timing, address) {
    const { moves, spec: { lookupCache } } = this;
    if (timing === 'now') return `${moves} now`;
    return `${moves} ${lookupCache === undefined ? 'later' : address}`;
  }

  /** Datagrams that were due before, by lane. */
  dueByLane() {
    const counts = {};
    for (const { timing, due, move, lane } of this.sends) {
      if (timing === 'later' && due && move === this.moves)
        counts[lane] = (counts[lane] ?? 0) + 1;
    }
    return counts;
  }

  /** Records a datagram before it is passed to send(). */
  record(bytes, timing, settings,
         { address = '', callback = false, group = null } = {}) {
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
      move: this.moves,
      lane: this.laneOf(timing, address),
      after: timing === 'now' ? this.dueByLane() : {},
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
    const { connects, isConnected, moves } = this;
    const arrive = () => {
      send.due = this.isOpen || moves < this.moves; // leaves before the move
      send.left = send.due && connects === this.connects &&
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
    const { port, address } = this.addressFor(to);
    const send = this.record(bytes, timing, settings, { address, callback });
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
    const act = () => this.socket.send(...args);
    if (this.lookups === null || connected || !this.isBound) act();
    else this.lookups.watch(address, act);
    returned = true;
    // The bytes have been copied by now.
    bytes.fill('!');
    this.watch(send, failures);
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
      [Object.fromEntries(SETTINGS.map((name) =>
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

  placeOf({ port }) {
    return port;
  }

  rinfoOf({ ports, localAddress, ttl, timestamp }, i) {
    return {
      port: ports[i], localAddress: localAddress?.[i], ttl: ttl?.[i],
      timestamp: timestamp?.[i],
    };
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
}

module.exports = { Actor, Planned };
