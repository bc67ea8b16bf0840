'use strict';

// Changing networks: a link goes down, an address is removed, the MTU shrinks,
// the link is slow. A program observes the same with node:dgram and with both
// transports.

const assert = require('node:assert');
const { execFileSync } = require('node:child_process');

const { modulePath } = require('../support/dgram');
const { Remote, digests, install } = require('../faults/kit');
const { ADDRESSES, Link, demandNamespaces } = require('./link');

/** Datagrams in a burst; they fit any buffer. */
const COUNT = 30;

const SIZE = 1400;

/** A program that uses the link and logs what it observes. */
class Program {
  constructor(link, implementation, transport) {
    this.link = link;
    this.seen = [];
    this.sender = new Remote({
      implementation, through: link.on(0),
      env: implementation === 'builtin' ?
        {} :
        { DGRAM_NATIVE_TRANSPORT: transport },
    });
    // The same for all: the other host is not under test.
    this.receiver =
      new Remote({ implementation: 'builtin', through: link.on(1) });
    this.sent = 0;
    this.delayed = new Set();
  }

  async open(type, connect) {
    const [here, there] = ADDRESSES[type];
    this.transport = await this.sender.call('transport');
    this.target = await this.receiver.call('open',
      { type, address: there, roomy: true });
    const to = { connect, port: this.target.port, address: there };
    ({ socket: this.socket } =
      await this.sender.call('open', { type, address: here, to }));
  }

  /** Sends a burst and logs the outcome of each datagram. */
  async burst(count = COUNT, size = SIZE) {
    const first = this.sent;
    this.sent += count;
    const sizes = new Array(count).fill(size);
    await this.sender.call('burst', { socket: this.socket, sizes, first });
    const outcomes = (await this.sender.call('settled',
      { socket: this.socket, count: this.sent })).slice(first);
    this.seen.push(outcomes);
    const all = digests(sizes, first);
    const taken = all.filter((_, i) => outcomes[i][1] === size);
    return { taken, all };
  }

  /** Sends a burst and checks that it arrives completely, in order. */
  async arrives(count, size) {
    const { taken, all: expected } = await this.burst(count, size);
    assert.strictEqual(taken.length, expected.length);
    const received = [];
    while (received.length < expected.length) {
      const more = await this.receiver.call('received',
        { ...this.target, count: expected.length - received.length });
      received.push(...more.received
        .filter((datagram) => !this.delayed.delete(datagram)));
    }
    assert.deepStrictEqual(received, expected);
  }

  /**
   * Sends a burst while the link is down. The kernel may drop the datagrams or
   * delay them until the neighbour is found again, depending on timing.
   */
  async burstWhileDown() {
    const { taken } = await this.burst();
    for (const datagram of taken) this.delayed.add(datagram);
  }

  async end() {
    await this.sender.end();
    await this.receiver.end();
  }
}

/** Changes of the link between bursts. */
const SCRIPTS = {
  'the interface goes down and up': async (program, { link, type }) => {
    await program.arrives();
    link.setUp(0, false);
    await program.burstWhileDown();
    link.setUp(0, true, type);
    await program.arrives();
  },

  'the other end goes down and up': async (program, { link, type }) => {
    await program.arrives();
    link.setUp(1, false);
    await program.burstWhileDown();
    link.setUp(1, true, type);
    await program.arrives();
  },

  'the address of the socket is removed': async (program, { link, type }) => {
    await program.arrives();
    link.setAddress(0, type, false);
    await program.burstWhileDown();
    link.setAddress(0, type, true);
    await program.arrives();
  },

  'the MTU of the route shrinks': async (program, { link, type }) => {
    await program.arrives();
    link.setRouteMtu(type, 1300);
    try {
      await program.arrives();
      await program.arrives(COUNT, 1200);
    } finally {
      link.setRouteMtu(type, 1500);
    }
  },

  'the link is slow': async (program, { link }) => {
    link.slowDown('20mbit');
    for (let i = 0; i < 5; i++) await program.arrives();
  },
};

/** Prints what address() and remoteAddress() say after the link is removed. */
const REMOVES_LINK = `
const { execFileSync } = require('node:child_process');
const [, file] = process.argv;
const socket = require(file).createSocket('udp6');
execFileSync('ip', ['address', 'add', 'fe80::79/64', 'dev', 'v0', 'nodad']);
socket.bind(45079, 'fe80::79%v0', () => {
  socket.connect(9, 'fe80::1%v0', () => {
    execFileSync('ip', ['link', 'del', 'v0']);
    for (const method of ['address', 'remoteAddress']) {
      try {
        console.log(socket[method]());
      } catch ({ name, message, code, errno, syscall }) {
        console.log(name, message, code, errno, syscall);
      }
    }
    socket.close();
  });
});`;

describe('a network that changes', function() {
  this.timeout(60000);
  let link;

  before('needs namespaces', demandNamespaces);

  install();

  afterEach(() => {
    link?.end();
    link = undefined;
  });

  async function seenBy(script, implementation, transport, way) {
    link = new Link();
    const program = new Program(link, implementation, transport);
    await program.open(way.type, way.connect);
    assert.strictEqual(program.transport, transport);
    await script(program, { link, ...way });
    await program.end();
    link.end();
    return program.seen;
  }

  it('has errors of node:dgram: an interface is removed', () => {
    const [expected, ...others] = [
      ['node:dgram'], [modulePath, 'linux'], [modulePath, 'uv'],
    ].map(([file, transport = '']) => {
      link = new Link();
      const [command, ...args] = link.on(0);
      const output = execFileSync(command,
        [...args, process.execPath, '-e', REMOVES_LINK, file], {
          encoding: 'utf8',
          env: {
            ...process.env,
            ...transport && { DGRAM_NATIVE_TRANSPORT: transport },
          },
        });
      link.end();
      return output;
    });
    assert.match(expected, /ENXIO/);
    assert.deepStrictEqual(others, [expected, expected]);
  });

  for (const [name, script] of Object.entries(SCRIPTS)) {
    for (const type of ['udp4', 'udp6']) {
      for (const connect of [false, true]) {
        it(`looks as with node:dgram: ${name}, ${type}` +
          `${connect ? ', connected' : ''}`,
          async () => {
            const way = { type, connect };
            const expected = await seenBy(script, 'builtin', 'builtin', way);
            for (const transport of ['linux', 'uv']) {
              assert.deepStrictEqual(
                await seenBy(script, 'native', transport, way), expected);
            }
          });
      }
    }
  }
});
