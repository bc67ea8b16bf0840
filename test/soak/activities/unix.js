'use strict';

/**
 * Unix datagram sockets. In each round the receiver is full for a while, so
 * that datagrams wait in the sender; then another socket takes its name.
 */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const packed = require('../../support/package');
const { randomSize } = require('../datagram');
const { Incoming, Outgoing } = require('../flow');

const dgram = require(packed.main);

/** More than the kernel queues for a receiver: 11 by default. */
const WINDOW = 64;
const WINDOWS = 4;

const EVENTS = ['congestion', 'writable', 'drain'];

class UnixSockets {
  constructor(flow, { connect = false, abstract = false }) {
    this.name = `unix_dgram${connect ? ', connected' : ''}` +
      `${abstract ? ', abstract' : ''}`;
    this.connect = connect;
    this.abstract = abstract;
    this.outgoing = new Outgoing(flow);
    this.incoming = new Incoming(flow);
    this.events = 0;
    this.problems = [];
  }

  open() {
    this.directory = fs.mkdtempSync(path.join(os.tmpdir(), 'dgram-soak-'));
    this.path = this.abstract ?
      `@${path.basename(this.directory)}` :
      path.join(this.directory, 'socket');
    this.bind();
    this.sender = dgram.createSocket(
      { type: 'unix_dgram', receiveInfo: ['credentials'] });
    if (this.connect) this.sender.connectSync(this.path);
    for (const event of EVENTS) this.sender.on(event, () => this.count(event));
  }

  bind() {
    this.receiver = dgram.createSocket(
      { type: 'unix_dgram', receiveInfo: ['credentials'] });
    this.receiver.bindSync(this.path);
    this.receiver.on('message', (message, { credentials }) => {
      if (credentials.pid !== process.pid)
        this.problems.push(`a datagram of process ${credentials.pid}`);
      this.incoming.take(message);
    });
  }

  /** The three events come in turn. */
  count(event) {
    const expected = EVENTS[this.events++ % EVENTS.length];
    if (event !== expected)
      this.problems.push(`'${event}' in the place of '${expected}'`);
  }

  async round() {
    for (let i = 0; i < WINDOWS; i++) await this.window();
    this.receiver.close();
    this.bind();
  }

  async window() {
    const { connect, incoming, outgoing, receiver, sender } = this;
    receiver.pause();
    for (let i = 0; i < WINDOW; i++) {
      const { bytes, callback } = outgoing.next(randomSize(2000));
      if (connect) sender.send(bytes, callback);
      else sender.send(bytes, this.path, callback);
    }
    await new Promise((resolve) => { setImmediate(resolve); });
    receiver.resume();
    await outgoing.settled();
    await incoming.until(outgoing.sent);
  }

  flows() {
    const { incoming, outgoing } = this;
    return [{ outgoing, incoming, drops: 0 }];
  }

  faults() {
    const { events, outgoing, problems } = this;
    return [
      ...problems,
      ...outgoing.failed > 0 ? [`${outgoing.failed} sends failed`] : [],
      ...events === 0 ? ['the receiver was never full'] : [],
    ];
  }

  close() {
    this.sender.close();
    this.receiver.close();
    fs.rmSync(this.directory, { recursive: true });
  }
}

module.exports = { UnixSockets };
