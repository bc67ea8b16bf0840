'use strict';

// Random programs with Unix sockets and an account of each datagram: it arrives
// once, unchanged and in order, and its callback is called once.

const assert = require('node:assert');
const { setTimeout: sleep } = require('node:timers/promises');
const { dgram, stateOf } = require('../../support/dgram');
const { describeUnix, freshName, freshPath } = require('./kit');

const PROGRAMS = 5;
const STEPS = 100;

/** mulberry32: the same program for the same seed. */
function randomFrom(seed) {
  return (limit) => {
    seed = seed + 0x6d2b79f5 | 0;
    let t = Math.imul(seed ^ seed >>> 15, 1 | seed);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return ((t ^ t >>> 14) >>> 0) % limit;
  };
}

/** Sizes around the limits of the send batch, and mostly small ones. */
const SIZES = [12, 12, 20, 100, 1400, 9000, 65535, 65536, 100000];

class Program {
  constructor(seed) {
    this.random = randomFrom(seed);
    this.receivers = [];
    this.senders = [];
    this.pending = 0;
    /** By 'sender receiver': the numbers that are still to arrive, in order. */
    this.expected = new Map();
    this.serial = 0;
    this.events = { congestion: 0, writable: 0, drain: 0 };
  }

  pick(list) {
    return list[this.random(list.length)];
  }

  addReceiver(at = this.random(2) === 0 ? freshPath() : freshName()) {
    const socket = dgram.createSocket('unix_dgram');
    const receiver = { socket, at, id: ++this.serial, paused: false };
    socket.bindSync(at);
    socket.on('message', (msg) => this.arrived(receiver, msg));
    this.receivers.push(receiver);
    return receiver;
  }

  addSender() {
    const socket = dgram.createSocket('unix_dgram');
    const sender = { socket, id: ++this.serial, peer: null, log: [] };
    for (const event of ['congestion', 'writable', 'drain']) {
      socket.on(event, () => {
        sender.log.push(event);
        this.events[event]++;
      });
    }
    this.senders.push(sender);
  }

  queueOf(sender, receiver) {
    const key = `${sender.id} ${receiver.id}`;
    if (!this.expected.has(key)) this.expected.set(key, []);
    return this.expected.get(key);
  }

  /** The bytes follow from the number. */
  payload(sender, number) {
    const bytes = Buffer.alloc(this.pick(SIZES), number);
    bytes.writeUInt32LE(sender.id, 0);
    bytes.writeUInt32LE(number, 4);
    return bytes;
  }

  arrived(receiver, msg) {
    const id = msg.readUInt32LE(0);
    const number = msg.readUInt32LE(4);
    const queue = this.queueOf({ id }, receiver);
    assert.strictEqual(queue.shift(), number, 'order');
    assert.ok(msg.subarray(8).every((byte) => byte === (number & 255)));
  }

  send(sender, receiver) {
    const number = ++this.serial;
    this.queueOf(sender, receiver).push(number);
    this.pending++;
    const done = (error, bytes) => {
      this.pending--;
      assert.ifError(error);
      assert.strictEqual(bytes, message.length);
    };
    const message = this.payload(sender, number);
    if (sender.peer === null) sender.socket.send(message, receiver.at, done);
    else sender.socket.send(message, done);
  }

  step() {
    const sender = this.pick(this.senders);
    switch (this.random(12)) {
      case 0:
        if (sender.peer !== null) {
          sender.socket.disconnect();
          sender.peer = null;
        } else if (sender.socket.getSendQueueCount() === 0) {
          sender.peer = this.pick(this.receivers);
          sender.socket.connectSync(sender.peer.at);
        }
        return undefined;
      case 1: {
        const receiver = this.pick(this.receivers);
        const { handle } = stateOf(receiver.socket);
        receiver.paused = !receiver.paused;
        if (receiver.paused) handle.recvStop();
        else handle.recvStart();
        return undefined;
      }
      case 2:
        return sleep(this.random(4));
      default:
        for (let i = this.random(30); i >= 0; i--)
          this.send(sender, sender.peer ?? this.pick(this.receivers));
        return undefined;
    }
  }

  async finish() {
    for (const { socket, paused } of this.receivers)
      if (paused) stateOf(socket).handle.recvStart();
    const isDone = () => this.pending === 0 &&
      [...this.expected.values()].every((queue) => queue.length === 0);
    for (let i = 0; i < 1000 && !isDone(); i++) await sleep(10);
    assert.ok(isDone(), `${this.pending} callbacks are missing`);
    await sleep(10);
    for (const { socket, log } of this.senders) {
      assert.strictEqual(socket.getSendQueueCount(), 0);
      assert.strictEqual(log.length % 3, 0);
      for (let i = 0; i < log.length; i += 3) {
        assert.deepStrictEqual(log.slice(i, i + 3),
          ['congestion', 'writable', 'drain']);
      }
    }
  }

  async run() {
    for (let i = 0; i < 3; i++) this.addReceiver();
    for (let i = 0; i < 3; i++) this.addSender();
    for (let i = 0; i < STEPS; i++) await this.step();
    await this.finish();
  }

  close() {
    for (const { socket } of [...this.senders, ...this.receivers])
      socket.close();
  }
}

describeUnix('random programs with Unix sockets', function() {
  it('lose, repeat and reorder nothing', async function() {
    this.timeout(120000);
    let congestions = 0;
    for (let seed = 1; seed <= PROGRAMS; seed++) {
      const program = new Program(seed);
      try {
        await program.run();
      } catch (error) {
        error.message += ` (seed ${seed})`;
        throw error;
      } finally {
        program.close();
      }
      congestions += program.events.congestion;
    }
    assert.ok(congestions >= PROGRAMS, 'the kernel was full');
  });
});
