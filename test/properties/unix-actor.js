'use strict';

/** One Unix datagram socket of a program. The checks are in unix-model.js. */

const fs = require('node:fs');

const packed = require('../support/package');
const {
  BaseActor, DISCONNECTED, UNBOUND, summary,
} = require('./base-actor');
const { FORMS, payload } = require('./payload');

const { descriptor } = packed.binding();

const EVENTS = ['congestion', 'writable', 'drain'];

const OWN = {
  pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.(),
};

/** Abstract names begin with NUL. */
const toKernel = (name) => name.replace(/^@/, '\0');

class UnixActor extends BaseActor {
  /**
   * @param {Stage} stage
   * @param {object} spec from unix-programs.js
   * @param {number} index of the socket in the program
   */
  constructor(stage, spec, index) {
    super(stage, spec);
    const { sharedBuffers, sendHighWaterMark, credentials, unlink } = spec;
    this.index = index;
    this.name = ''; // while it is not bound
    this.boundAt = NaN; // length of the kernel's log
    this.peer = ''; // the name to which it is connected
    this.moves = 0; // as of a UDP socket
    this.events = [];
    this.ownConnects = new Set(); // indexes in the kernel's log
    this.listen(stage.dgram.createSocket({
      type: 'unix_dgram', sharedBuffers, sendHighWaterMark, unlink,
      ...(credentials && { receiveInfo: ['credentials'] }),
    }));
    for (const event of EVENTS)
      this.socket.on(event, () => this.onFlow(event));
  }

  /** The name that the socket is to have; '': the kernel chooses. */
  get wish() {
    const { name } = this.spec;
    if (name === 'chosen') return '';
    return this.stage.places.nameOf(this.stage, name, this.index);
  }

  /** The name of a target; one without a socket if it is not bound. */
  nameOf(to) {
    const { nobody, stale } = this.stage.places;
    if (to === 'nobody') return nobody;
    if (to === 'stale') return stale;
    return this.stage.actor(to).name || nobody;
  }

  // ------------------------------------------------------------- steps --

  bind({ sync }) {
    if (this.state.bindState !== UNBOUND) return;
    const at = this.wish || undefined;
    this.boundAt = this.stage.kernel.activity;
    // As programs do: an earlier socket may have left its file.
    if (at?.startsWith('/')) fs.rmSync(at, { force: true });
    try {
      if (sync) this.socket.bindSync(at);
      else this.socket.bind(at);
    } finally {
      this.note();
    }
  }

  /** Finds its name. A socket with credentials gets another when it sends. */
  note() {
    super.note();
    if (!this.isOpen || this.serial === 0 || this.name !== '') return;
    const place = this.stage.kernel.portOf(descriptor(this.state.handle));
    if (this.wish !== '') {
      if (place === this.placeOf({ path: toKernel(this.wish) }))
        this.name = this.wish;
    } else if (this.isBound) {
      this.name = this.chosenName();
    }
  }

  chosenName() {
    try {
      return this.socket.address().path;
    } catch (error) {
      this.errors.push(summary(error));
      return ''; // the next time
    }
  }

  connect({ to, sync, callback }) {
    if (this.state.connectState !== DISCONNECTED) return;
    const name = this.nameOf(to);
    const { kernel } = this.stage;
    try {
      if (sync) {
        this.socket.connectSync(name);
      } else if (callback) {
        this.socket.connect(name, (error) => {
          if (error) this.errors.push(summary(error));
        });
      } else {
        this.socket.connect(name);
      }
    } finally {
      // Earlier sends of the tick leave first, then the kernel connects.
      this.ownConnects.add(kernel.activity - 1);
      if (this.isConnected) {
        this.peer = name;
        this.wasConnected = true;
      }
    }
  }

  disconnect() {
    if (!this.isConnected) return;
    this.socket.disconnect();
    this.ownConnects.add(this.stage.kernel.activity - 1);
    this.peer = '';
  }

  option({ option, value }) {
    if (this.isBound) this.socket[option](value);
  }

  /** Unix datagram sockets do not move. */
  detach({ process: toProcess = true }) {
    try {
      this.socket.detach({ process: toProcess });
    } catch (error) {
      if (error.code !== 'ENOTSUP') throw error; // it was not ready
      return;
    }
    this.stage.complain('a Unix datagram socket has left');
  }

  /** Closes the socket; another one takes its name. */
  replace({ iterations }) {
    this.close();
    // A socket that replaces itself again and again would never settle.
    const spec = { ...this.spec, bound: true, reactions: [], flow: {} };
    this.stage.reopenLater(spec, this.index, iterations);
  }

  // ------------------------------------------------------------- sends --

  record(bytes, name, { callback = false, group = null } = {}) {
    const send = {
      timing: 'now', lane: '', after: {}, move: 0,
      length: bytes.length, size: bytes.length,
      digest: this.stage.kernel.digest(bytes),
      tos: -1, ttl: 0,
      to: name, isToPeer: this.isConnected,
      callback, group, calls: [],
      due: true, // it leaves before the socket is closed
      left: true,
      waited: this.serial === 0, // for a descriptor
      settled: false, // its callback was called
    };
    this.sends.push(send);
    return send;
  }

  send({ to, size, form, callback, then = [] }) {
    const bytes = payload(this.stage.nextId(), size);
    const name = this.isConnected ? this.peer : this.nameOf(to);
    const send = this.record(bytes, name, { callback });
    const args = form === 'slice' ?
      [Buffer.concat([Buffer.from('<<'), bytes, Buffer.from('>')]), 2, size] :
      [FORMS[form](bytes)];
    if (!this.isConnected) args.push(name);
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
  }

  sendMany({ to, sizes, callback, columns }) {
    const name = this.isConnected ? this.peer : this.nameOf(to);
    const group = {
      sends: [], callback, calls: [], due: true, waited: this.serial === 0,
    };
    const messages = sizes.map((size) => {
      const bytes = payload(this.stage.nextId(), size);
      group.sends.push(this.record(bytes, name, { group }));
      return bytes;
    });
    this.groups.push(group);
    const done = (error, sent) =>
      group.calls.push({ error: error?.code ?? null, sent });
    this.socket.sendMany(
      columns ? columnsOf(messages, name) :
        messages.flatMap((bytes) => this.isConnected ? [bytes] : [bytes, name]),
      ...(callback ? [done] : []));
  }

  // --------------------------------------------------------- listeners --

  placeOf({ path }) {
    return path === '' ? 0 : this.stage.kernel.digest(Buffer.from(path));
  }

  rinfoOf({ paths, credentials }, i) {
    return { path: paths[i], credentials: credentials?.[i] };
  }

  /** Undefined if the ancillary data was truncated. */
  checkInfo({ credentials }) {
    if (credentials === undefined) return;
    const { pid, uid, gid } = credentials;
    if (!this.spec.credentials || pid !== OWN.pid || uid !== OWN.uid ||
        gid !== OWN.gid)
      this.stage.complain(`credentials: ${JSON.stringify(credentials)}`);
  }

  onFlow(event) {
    if (!this.isOpen) this.stage.complain(`'${event}' of a closed socket`);
    this.events.push({ event, at: this.stage.kernel.activity });
    this.checkCallbacks(event);
    const step = this.spec.flow[event];
    if (step !== undefined && this.events.length < 20) this.react([step]);
  }

  /** What waited at 'congestion' has left at 'drain', with its callbacks. */
  checkCallbacks(event) {
    if (event === 'congestion') {
      this.waiting = this.sends.filter(({ callback, calls }) =>
        callback && calls.length === 0);
    } else if (event === 'drain') {
      const early = this.waiting.filter(({ calls }) => calls.length === 0);
      if (early.length > 0)
        this.stage.complain(`'drain' before ${early.length} callbacks`);
    }
  }
}

function columnsOf(messages, paths) {
  const sizes = messages.map(({ length }) => length);
  let end = 0;
  return {
    count: messages.length, data: Buffer.concat(messages), sizes, paths,
    offsets: sizes.map((size) => (end += size) - size),
  };
}

module.exports = { Actor: UnixActor, toKernel };
