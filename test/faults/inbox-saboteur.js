'use strict';

// A program for inbox.test.js: the receiving files of lib/batch/ fail at each
// of their points in turn, in the middle of a batch. After each failure the
// next datagram must be delivered. Prints one line per problem, then the number
// of points.
//
//   node inbox-saboteur.js WAY OPTIONS EVENT...

const path = require('node:path');
const { structuredClone } = globalThis;

// So that the receive memory can be detached: it is opened again each time.
require('node:worker_threads').markAsUntransferable = () => {};

const lib = path.join(__dirname, '..', '..', 'lib');
const { install } = require('../support/saboteur');
const saboteur = install(['inbox', 'blocks', 'columns', 'sources'].map(
  (name) => path.join(lib, 'batch', `${name}.js`)));
const dgram = require(lib);
const binding = require(path.join(lib, 'load', 'binding.js'));
const builtin = require('node:dgram');

if (!['linux', 'uv'].includes(dgram.transport)) throw new Error('not ours');

const [way, options, ...events] = process.argv.slice(2);
const BATCH = ['a', 'b', 'c', 'd'];

let reported = 0;
process.on('uncaughtException', () => {
  reported++;
  saboteur.caught();
});

let arrived = [];
const receiver = dgram.createSocket({ type: 'udp4', ...JSON.parse(options) });
for (const event of events) {
  receiver.on(event, (...args) => {
    const texts = event === 'batch' ? textsOf(args[0]) : [String(args[0])];
    arrived.push(...texts);
  });
}
receiver.on('error', () => {});

function textsOf({ count, data, offsets, sizes }) {
  return Array.from({ length: count }, (_, i) =>
    data.latin1Slice(offsets[i], offsets[i] + sizes[i]));
}

const sender = builtin.createSocket('udp4');

/** @returns {boolean} false if it did not arrive in 100 loop iterations */
async function arrives(text) {
  for (let i = 0; i < 100; i++) {
    if (arrived.includes(text)) return true;
    await new Promise(setImmediate);
  }
  return false;
}

/** One batch and one datagram after it. @returns {string|undefined} problem */
async function scenario() {
  arrived = [];
  reported = 0;
  const memory = binding.inbox(0);
  structuredClone(memory, { transfer: [memory] });
  for (const text of BATCH) sender.send(text);
  for (let i = 0; i < 4; i++) await new Promise(setImmediate);
  const struck = saboteur.disarm();
  const before = arrived.slice();
  sender.send('next');
  if (!await arrives('next')) return 'the next datagram did not arrive';
  if (reported > BATCH.length) {
    return `${reported} errors for ${BATCH.length} datagrams`;
  }
  if (struck && reported === 0) return 'no error was reported';
  const single = events.length === 1;
  if (single && new Set(before).size !== before.length) {
    return `delivered twice: ${before}`;
  }
  const order = before.filter((text, i) => before.indexOf(text) === i);
  if (order.join() !== order.toSorted?.().join() && order.toSorted) {
    return `out of order: ${before}`;
  }
  return undefined;
}

async function main() {
  await scenario();
  await scenario();
  saboteur.reached();
  const fault = await scenario();
  if (fault !== undefined) console.log(`unsabotaged: ${fault}`);
  const points = saboteur.reached();
  for (const point of points) {
    saboteur.arm(point, way);
    const problem = await scenario();
    if (problem !== undefined) console.log(`${point}: ${problem}`);
  }
  console.log(points.length);
  receiver.close();
  sender.close();
}

receiver.bind(0, '127.0.0.1', () => {
  sender.connect(receiver.address().port, '127.0.0.1', main);
});
