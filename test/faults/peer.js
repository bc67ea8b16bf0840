'use strict';

/**
 * A peer that reports the outcome of each datagram. It runs in the process of
 * the test or, controlled over IPC by kit.js, in another one. The argument of
 * that process is { implementation: 'native' | 'builtin' }.
 */

const { createHash } = require('node:crypto');
const { once } = require('node:events');

const { closeFd } = require('../../lib/load/binding');
const packed = require('../support/package');
const { argumentsOf, serve } = require('../support/remote');

const LOOPBACK = { udp4: '127.0.0.1', udp6: '::1' };
const FENCE = Buffer.from('the fence of test/faults/peer.js');

/** The content of a datagram: every byte follows from its number. */
function payload(index, size) {
  const bytes = Buffer.alloc(size);
  for (let i = 0; i < size; i++)
    bytes[i] = index * 7 + i * 13 + (i >> 8);
  if (size >= 4)
    bytes.writeUInt32BE(index, 0);
  return bytes;
}

/** Describes a datagram by its size, number and content. */
function digest(bytes) {
  const number = bytes.length >= 4 ? `#${bytes.readUInt32BE(0)} ` : '';
  const hash = createHash('md5').update(bytes).digest('hex');
  return `${number}${bytes.length}:${hash.slice(0, 12)}`;
}

/** The digests expected for datagrams of these sizes. */
function digests(sizes, first = 0) {
  return sizes.map((size, i) => digest(payload(first + i, size)));
}

/** The columns of sendMany(). */
function toColumns(messages, port, address) {
  const sizes = Uint32Array.from(messages, ({ length }) => length);
  let end = 0;
  return {
    count: messages.length,
    data: Buffer.concat(messages),
    offsets: sizes.map((size) => (end += size) - size),
    sizes,
    ports: new Uint16Array(messages.length).fill(port),
    addresses: messages.map(() => address),
  };
}

class Peer {
  constructor(implementation) {
    this.dgram = require(implementation === 'builtin' ?
      'node:dgram' :
      packed.main);
    this.builtin = require('node:dgram');
    this.sockets = [];
  }

  transport() {
    return this.dgram.transport ?? 'builtin';
  }

  /** @returns {Promise<{socket: number, port: number, fd: number}>} */
  async open({ type = 'udp4', address = LOOPBACK[type], port = 0, to = null,
    roomy = false, sendBuffer, options = {} } = {}) {
    const socket = this.dgram.createSocket({ type, ...options });
    const state = {
      socket, type, to, outcomes: [], received: [], ports: [], errors: [],
      icmp: [], waiting: [], batches: 0, drains: [], needed: false,
    };
    const index = this.sockets.push(state) - 1;
    // Errors of bind() and connect() reject; later errors are collected.
    socket.bind(port, address);
    await once(socket, 'listening');
    if (to?.connect) {
      socket.connect(to.port, to.address);
      await once(socket, 'connect');
    }
    if (roomy)
      socket.setRecvBufferSize(4 << 20);
    if (sendBuffer)
      socket.setSendBufferSize(sendBuffer);
    socket.on('error', ({ code, syscall }) => {
      state.errors.push(`${syscall} ${code}`);
      this.wake(state);
    });
    socket.on('icmp', ({ code, port: at }) => {
      state.icmp.push(`${code} ${at}`);
      this.wake(state);
    });
    socket.on('drain', () => state.drains.push(socket.getSendQueueCount()));
    socket.on('message', (msg, rinfo) => {
      if (!msg.equals(FENCE)) {
        state.received.push(digest(msg));
        state.ports.push(rinfo.port);
      } else {
        state.fenced = true;
      }
      this.wake(state);
    });
    return { socket: index, port: socket.address().port };
  }

  /**
   * Passes datagrams to send() in one tick.
   * @returns {Promise<{count: number, size: number}>} the send queue when that
   *   tick is over
   */
  burst({ socket, sizes, first = 0, to }) {
    this.send({ socket, sizes, first, to });
    return new Promise((resolve) => process.nextTick(() => {
      const state = this.sockets[socket];
      state.needed = state.socket.writableNeedDrain;
      resolve(this.queue({ socket }));
    }));
  }

  /** Back-pressure: after the last burst(), now, and the events 'drain'. */
  flow({ socket }) {
    const { needed, drains, socket: { writableNeedDrain } } =
      this.sockets[socket];
    return { needed, now: writableNeedDrain, drains };
  }

  /**
   * burst() to another socket of this peer. That socket is then shared as if it
   * were sent to another process, before it could read.
   */
  async burstThenShare({ socket, sizes, receiver }) {
    await this.burst({ socket, sizes });
    closeFd(this.handleOf(receiver).share());
  }

  /** The number of a socket's descriptor. */
  descriptor({ socket }) {
    return this.handleOf(socket).fd;
  }

  handleOf(index) {
    const { socket } = this.sockets[index];
    const symbol = Object.getOwnPropertySymbols(socket)
      .find(({ description }) => description === 'state symbol');
    return socket[symbol].handle;
  }

  /** Passes datagrams to send() and closes the socket in the same tick. */
  async sendAndClose({ socket, sizes }) {
    this.send({ socket, sizes });
    await this.close({ socket });
  }

  send({ socket, sizes, first = 0, to }) {
    const state = this.sockets[socket];
    const peer = to ?? state.to;
    const many = Array.isArray(peer) ? peer : [peer];
    sizes.forEach((size, i) => {
      const callback = (error, bytes) => {
        state.outcomes.push([first + i, error?.code ?? bytes]);
        this.wake(state);
      };
      const { connect, port, address, settings } = many[i % many.length];
      const bytes = payload(first + i, size);
      if (settings && connect)
        state.socket.send(bytes, settings, callback);
      else if (settings)
        state.socket.send(bytes, { port, address, ...settings }, callback);
      else if (connect)
        state.socket.send(bytes, callback);
      else
        state.socket.send(bytes, port, address, callback);
    });
  }

  /**
   * Passes each list of datagrams, or its columns, to a sendMany(), all in one
   * tick. An outcome is the number of the first datagram, the error code or
   * null, and how many were sent.
   * @returns {{count: number, size: number}} the send queue afterwards
   */
  sendMany({ socket: index, lists, columns = false }) {
    const state = this.sockets[index];
    const { connect, port, address } = state.to;
    let number = 0;
    for (const sizes of lists) {
      const first = number;
      const messages = sizes.map((size) => payload(number++, size));
      const packets = columns ?
        toColumns(messages, port, address) :
        messages.flatMap((bytes) => connect ? [bytes] : [bytes, port, address]);
      state.socket.sendMany(packets, (error, count) => {
        state.outcomes.push([first, error?.code ?? null, count]);
        this.wake(state);
      });
      if (columns) packets.data.fill(0); // a queue has copied it
    }
    return this.queue({ socket: index });
  }

  /** The send queue, in datagrams and bytes. */
  queue({ socket: index }) {
    const { socket } = this.sockets[index];
    return {
      count: socket.getSendQueueCount(), size: socket.getSendQueueSize(),
    };
  }

  /** One burst() a tick, all in one event loop iteration. */
  async bursts({ socket, bursts, first = 0 }) {
    const queues = [];
    for (const sizes of bursts) {
      queues.push(await this.burst({ socket, sizes, first }));
      first += sizes.length;
    }
    return queues;
  }

  /** Sends each datagram from the callback of the one before. */
  async chain({ socket, sizes, first = 0 }) {
    for (let i = 0; i < sizes.length; i++) {
      await this.burst({ socket, sizes: [sizes[i]], first: first + i });
      await this.settled({ socket, count: i + 1 });
    }
  }

  /**
   * Sends every datagram back from now on, within the listener. With `busy`,
   * the listener also leaves work for the event loop.
   */
  answer({ socket: index, busy = false }) {
    const { socket } = this.sockets[index];
    socket.on('message', (msg, { port, address }) => {
      socket.send(msg, port, address);
      if (busy) setImmediate(() => {});
    });
  }

  /** Sends `times` datagrams, each after the answer to the one before. */
  async ask({ socket: index, times }) {
    const { socket, to } = this.sockets[index];
    for (let i = 0; i < times; i++) {
      const answered = once(socket, 'message');
      socket.send(payload(i, 64), to.port, to.address);
      await answered;
    }
  }

  /** Resolves with the outcomes of sends, in order, once there are `count`. */
  settled({ socket, count }) {
    const state = this.sockets[socket];
    return this.until(state, () => state.outcomes.length >= count,
      () => state.outcomes);
  }

  /** Resolves once `count` messages and errors have arrived in total. */
  async received({ socket, count }) {
    const state = this.sockets[socket];
    await this.until(state,
      () => state.received.length + state.errors.length >= count);
    return this.soFar({ socket });
  }

  /** Resolves with the 'icmp' events once there are `count`. */
  icmp({ socket, count }) {
    const state = this.sockets[socket];
    return this.until(state, () => state.icmp.length >= count,
      () => state.icmp.splice(0));
  }

  /** Resolves with all that has arrived, including unread datagrams. */
  async soFar({ socket }) {
    const state = this.sockets[socket];
    const { address, port } = state.socket.address();
    state.fenced = false;
    const fence = this.builtin.createSocket(state.type);
    fence.send(FENCE, port, address);
    await this.until(state, () => state.fenced);
    fence.close();
    const { received, ports, errors } = state;
    Object.assign(state, { received: [], ports: [], errors: [] });
    return { received, ports, errors };
  }

  /** Resolves when all sends are cancelled and the socket is closed. */
  async close({ socket }) {
    const state = this.sockets[socket];
    state.socket.close();
    await once(state.socket, 'close');
  }

  wake(state) {
    state.waiting = state.waiting.filter((check) => !check());
  }

  until(state, condition, result = () => undefined) {
    return new Promise((resolve) => {
      state.waiting.push(() => {
        if (!condition()) return false;
        resolve(result());
        return true;
      });
      this.wake(state);
    });
  }

  unref({ socket: index }) {
    this.sockets[index].socket.unref();
  }

  /** Lets the process exit by itself, without closing sockets. */
  leave() {
    setImmediate(() => {
      process.removeAllListeners('disconnect');
      process.disconnect();
    });
  }

  /** Closes the remaining sockets. */
  end() {
    for (const { socket } of this.sockets) {
      try {
        socket.close();
      } catch {
        // Already closed.
      }
    }
  }
}

module.exports = { Peer, digests, payload };

if (require.main === module)
  serve(new Peer(argumentsOf().implementation), 'end');
