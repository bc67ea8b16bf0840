'use strict';

/**
 * A socket that moves to a child process and back under traffic in both
 * directions, by detach({ process: true }). It leaves in the middle of a batch,
 * so that datagrams, also those of GRO buffers, move along in the ticket. In
 * each round another ticket is lost.
 */

const path = require('node:path');
const { fork } = require('node:child_process');
const { once } = require('node:events');
const { setTimeout: sleep } = require('node:timers/promises');

const packed = require('../../support/package');
const { dropsOf } = require('../../support/kernel');
const { randomSize } = require('../datagram');
const { Incoming, Outgoing } = require('../flow');
const { Inbound } = require('./inbound');
const { bound, sendTo } = require('./sockets');

const dgram = require(packed.main);
const { stats } = packed.binding();

/** Datagrams before, between and after the moves. */
const WINDOW = 12;

/** Datagrams of one size form a GSO send, and a GRO buffer. */
const SIZE = 400;

/** 50 KB a round: a leak of them is seen after ten minutes. */
const LOST = { count: 50, size: 1000 };

class MovingProcess extends Inbound {
  /** @param {number} flow to the socket; the next one is from it */
  constructor(flow) {
    super('socket that changes process', flow);
    this.back = {
      outgoing: new Outgoing(flow + 1), incoming: new Incoming(flow + 1),
    };
    this.rounds = 0; // counted by subject.js
    this.carried = 0; // datagrams in tickets
    this.problems = [];
  }

  async open() {
    this.child = fork(path.join(__dirname, 'moving-process-child.js'), {
      execArgv: ['--expose-gc'], serialization: 'advanced',
    });
    this.child.on('exit', (code, signal) =>
      this.problems.push(`the child process exited: ${signal ?? code}`));
    this.sender = await bound();
    this.sink = await bound();
    this.sink.on('message', (bytes) => this.back.incoming.take(bytes));
    this.listen(await bound());
    this.port = this.receiver.address().port;
  }

  listen(receiver) {
    this.receiver = receiver;
    receiver.on('message', (message) => {
      this.incoming.take(message);
      this.onmessage?.();
    });
  }

  async round() {
    const { back, child, incoming, outgoing } = this;
    const departure = this.leave();
    this.send();
    this.answer();
    const { ticket, handle } = await departure;
    const { flow, requested: first } = back.outgoing;
    child.send({
      do: 'take', ticket, flow, first, count: WINDOW,
      port: this.sink.address().port,
    }, handle);
    this.expectUsed(ticket, handle);
    this.send();
    await outgoing.settled();
    await this.call({ do: 'back' }); // from the next datagram on
    const returned = once(child, 'message');
    this.send();
    const [{ ticket: own, received }, itsHandle] = await returned;
    this.listen(dgram.createSocket({ from: own, handle: itsHandle }));
    this.expectUsed(own, itsHandle);
    for (const message of received) incoming.take(message);
    this.count(await this.call({ do: 'settle', first }));
    this.answer();
    await outgoing.settled();
    await incoming.until(outgoing.sent);
    await this.lose();
  }

  /** Waits for an answer of the child. */
  async call(message) {
    const answer = once(this.child, 'message');
    this.child.send(message);
    return (await answer)[0];
  }

  /** Sends to the socket. */
  send() {
    const isMerged = this.rounds % 2 === 0;
    for (let i = 0; i < WINDOW; i++) {
      sendTo(this.sender, this.port,
             this.outgoing.next(isMerged ? SIZE : randomSize(1000)));
    }
  }

  /** Sends from the socket. */
  answer() {
    const { port } = this.sink.address();
    for (let i = 0; i < WINDOW; i++)
      sendTo(this.receiver, port, this.back.outgoing.next(randomSize(1000)));
  }

  /** Leaves the process with the next datagram. */
  leave() {
    return new Promise((resolve) => {
      this.onmessage = () => {
        this.onmessage = undefined;
        const { received } = stats();
        this.answer(); // leaves before the socket
        const departure = this.receiver.detach({ process: true });
        this.carried += received - stats().received;
        resolve(departure);
      };
    });
  }

  /** Adds what the child has sent from the socket. */
  count({ requested, sent, failed, bytes, faults }) {
    const { outgoing } = this.back;
    outgoing.requested = requested;
    outgoing.sent += sent;
    outgoing.failed += failed;
    outgoing.bytes += bytes;
    outgoing.faults.push(...faults);
  }

  expectUsed(ticket, handle) {
    try {
      dgram.createSocket({ from: ticket, handle }).close();
      this.problems.push('a ticket was used twice');
    } catch ({ code, message }) {
      if (code !== 'ERR_INVALID_ARG_VALUE') this.problems.push(message);
    }
  }

  /** The ticket and the datagrams in it are lost: none may keep memory. */
  async lose() {
    const way = this.rounds % 3;
    const socket = await bound();
    const departure = new Promise((resolve) => {
      socket.once('message', () => resolve(socket.detach({
        process: true, ...(way === 0 && { timeout: 1 }),
      })));
    });
    const { port } = socket.address();
    for (let i = 0; i < LOST.count; i++)
      this.sender.send(Buffer.alloc(LOST.size), port, '127.0.0.1');
    const { ticket, handle } = await departure;
    if (way === 1) {
      handle.close();
    } else if (way === 2) {
      const dropped = once(this.child, 'message');
      this.child.send({ do: 'drop', ticket }, handle);
      await dropped;
    }
    while (handle.fd >= 0) await sleep(1);
  }

  flows() {
    const { back, sink } = this;
    return [
      ...super.flows(),
      { ...back, drops: dropsOf(sink.address().port) },
    ];
  }

  faults() {
    const { carried, problems } = this;
    return [
      ...problems,
      ...carried === 0 ? ['no datagram moved in a ticket'] : [],
    ];
  }

  /** Memory and descriptors of the child. */
  measure() {
    return this.call({ do: 'measure' });
  }

  close() {
    super.close();
    this.sink.close();
    this.child.removeAllListeners('exit').disconnect();
  }
}

module.exports = { MovingProcess };
