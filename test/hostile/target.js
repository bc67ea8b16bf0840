'use strict';

/**
 * The socket under attack, in another process, and a record of its traffic.
 *
 * Arguments: implementation ('native', 'builtin'), type, address, options (of
 * createSocket), batch (listen for 'batch'), slow (microseconds a datagram),
 * echo (send each back), sources (the argument of tools/flood.c, to check
 * addresses).
 */

const { once } = require('node:events');
const { setTimeout: sleep } = require('node:timers/promises');

const { dropsOf, memoryField } = require('../support/kernel');
const packed = require('../support/package');
const { argumentsOf, serve } = require('../support/remote');

const HOST = { udp4: '127.0.0.1', udp6: '::1' };

const {
  implementation = 'native', type = 'udp4', address = HOST[type], options = {},
  batch = false, slow = 0, echo = false, sources = 0,
} = argumentsOf();

const dgram = require(implementation === 'builtin' ?
  'node:dgram' :
  packed.main);

/** Sources that are recorded by name; the rest are counted. */
const NAMES = 100;

let socket = dgram.createSocket({ type, ...options });
const submitted = { count: 0, settled: 0, outcomes: {} };
const seen = {
  received: 0, bytes: 0, wrongSources: 0, errors: {}, icmp: {}, thrown: {},
  answers: {}, sources: {},
};

function count(counts, name) {
  counts[name] = (counts[name] ?? 0) + 1;
}

/** The source address of datagram `number` of tools/flood.c. */
function sourceOf(number) {
  const low = number % sources + 1;
  if (type === 'udp6') {
    const [high, end] = [low >>> 16, low & 0xffff];
    return `2001:db8::${high ? `${high.toString(16)}:` : ''}${end.toString(16)}`;
  }
  return `10.${low >> 16 & 255}.${low >> 8 & 255}.${low & 255}`;
}

function spin() {
  const end = process.hrtime.bigint() + BigInt(slow * 1000);
  while (process.hrtime.bigint() < end);
}

function take(message, from, port) {
  seen.received++;
  seen.bytes += message.length;
  if (sources > 0 && from !== sourceOf(message.readUInt32BE(0)))
    seen.wrongSources++;
  if (sources === 0) {
    const name = `${from} ${port}`;
    if (name in seen.sources || Object.keys(seen.sources).length < NAMES)
      count(seen.sources, name);
  }
  if (echo) answer(message, from, port);
  if (slow > 0) spin();
}

function answer(message, from, port) {
  if (sources > 0) {
    // The sender counts its answers.
    socket.send(message, port, from);
    return;
  }
  try {
    socket.send(message, port, from, (error) => {
      if (error) count(seen.answers, `${from} ${port} ${error.code}`);
    });
  } catch ({ code }) {
    count(seen.thrown, `${from} ${port} ${code}`);
  }
}

function takeBatch({ count: n, data, offsets, sizes, ports, addresses }) {
  for (let i = 0; i < n; i++) {
    take(data.subarray(offsets[i], offsets[i] + sizes[i]),
      addresses[i], ports[i]);
  }
}

if (batch) socket.on('batch', takeBatch);
else socket.on('message', (message, from) =>
  take(message, from.address, from.port));
socket.on('error', ({ syscall, code }) => count(seen.errors,
  `${syscall} ${code}`));

/** The longest time between two looks at the clock, in milliseconds. */
let longest = 0;

function watchLoop() {
  let before = Date.now();
  setInterval(() => {
    longest = Math.max(longest, Date.now() - before);
    before = Date.now();
  }, 1).unref();
}

if (options.icmpErrors) {
  watchLoop();
  socket.on('icmp', ({ code }) => count(seen.icmp, code));
}

serve({
  async bind() {
    socket.bind(0, address);
    await once(socket, 'listening');
    const { port } = socket.address();
    return { port, transport: dgram.transport, ...this.report() };
  },

  async connect({ port }) {
    socket.connect(port, HOST[type]);
    await once(socket, 'connect');
  },

  /** Sends `n` datagrams, `at` at a time. @returns {object} their outcomes */
  async send({ n, size = 64, at = 50, to = [] }) {
    const outcomes = { sent: 0 };
    let left = n;
    while (left > 0) {
      const some = Math.min(left, at);
      left -= some;
      await new Promise((resolve) => {
        let open = some;
        const done = (error) => {
          if (error) count(outcomes, error.code);
          else outcomes.sent++;
          if (--open === 0) resolve();
        };
        for (let i = 0; i < some; i++) {
          socket.send(Buffer.alloc(size), ...to, done);
        }
      });
      await new Promise((resolve) => { setImmediate(resolve); });
    }
    return outcomes;
  },

  /** Passes datagrams to send() without waiting for the ones before. */
  async submit({ n, size, port, address: to }) {
    for (let i = 0; i < n; i++) {
      submitted.count++;
      socket.send(Buffer.alloc(size, submitted.count), port, to, (error) => {
        submitted.settled++;
        count(submitted.outcomes, error?.code ?? 'sent');
      });
      // Like a program that ignores backpressure.
      if (i % 500 === 499)
        await new Promise((resolve) => { setImmediate(resolve); });
    }
    await new Promise((resolve) => { setImmediate(resolve); });
    return this.queue();
  },

  /** A consistent snapshot of the send queue. */
  queue() {
    return {
      ...submitted, outcomes: { ...submitted.outcomes },
      queueCount: socket.getSendQueueCount(),
      queueSize: socket.getSendQueueSize(), rss: memoryField('VmRSS'),
    };
  },

  /** Closes the socket and waits for its callbacks. */
  async close() {
    socket.close();
    await once(socket, 'close');
    while (submitted.settled < submitted.count) await sleep(5);
    await sleep(50); // time for superfluous callbacks
    return submitted;
  },

  /** Opens a new socket in place of the closed one. */
  async reopen() {
    globalThis.gc();
    Object.assign(submitted, { count: 0, settled: 0, outcomes: {} });
    socket = dgram.createSocket({ type, ...options });
    socket.bind(0, address);
    await once(socket, 'listening');
  },

  report() {
    const { port } = socket.address();
    return {
      ...seen, longest, drops: dropsOf(port, type), rss: memoryField('VmRSS'),
      peak: memoryField('VmHWM'),
    };
  },

  /** Resolves when `n` are received or dropped, or traffic has stopped. */
  async accounted({ n }) {
    let before = -1;
    for (let idle = 0; idle < 50; idle++) {
      const report = this.report();
      if (report.received + report.drops >= n) break;
      if (report.received + report.drops > before) idle = 0;
      before = report.received + report.drops;
      await sleep(20);
    }
    return this.report();
  },

  /** Heap and buffers after a garbage collection. */
  async heap() {
    for (let i = 0; i < 3; i++) {
      globalThis.gc();
      await sleep(10);
    }
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  },
});
