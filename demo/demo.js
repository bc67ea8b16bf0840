'use strict';

/**
 * `npm run demo`: CPU time per datagram with node:dgram and with dgram-native,
 * for a burst, an echo with many requests in flight and single requests. Takes
 * about 8 seconds. `npm run bench` measures the same with more care.
 */

const { spawnSync } = require('node:child_process');
const { once } = require('node:events');
const { setTimeout: sleep } = require('node:timers/promises');

const HOST = '127.0.0.1';
const SIZE = 64; // bytes
const MANY = 64; // datagrams in a burst, requests in flight
const WARM = 250; // ms, not measured
const MEASURED = 750; // ms
const STALLED = 100; // ms without a datagram: one was lost

/** Sends `MANY` datagrams at once, and the next burst when all have arrived. */
function burst({ client, server, port, payload }, tally) {
  let missing = 0;
  function start() {
    missing = MANY;
    for (let i = 0; i < MANY; i++) client.send(payload, port, HOST);
  }
  server.on('message', () => {
    tally.datagrams++;
    if (--missing === 0) setImmediate(start);
  });
  return start;
}

/** Keeps `inFlight` requests under way; the server sends each one back. */
function echo({ client, server, port, payload }, tally, inFlight) {
  server.on('message', (message, rinfo) => {
    tally.datagrams++;
    server.send(message, rinfo.port, rinfo.address);
  });
  client.on('message', () => {
    tally.datagrams++;
    client.send(payload, port, HOST);
  });
  return () => {
    for (let i = 0; i < inFlight; i++) client.send(payload, port, HOST);
  };
}

const scenarios = [
  { name: `burst of ${MANY}`, prepare: burst },
  { name: `echo, ${MANY} in flight`,
    prepare: (sockets, tally) => echo(sockets, tally, MANY) },
  { name: 'echo, one at a time',
    prepare: (sockets, tally) => echo(sockets, tally, 1) },
];

async function open(dgram) {
  const socket = dgram.createSocket('udp4');
  socket.bind(0, HOST);
  await once(socket, 'listening');
  return socket;
}

/** @returns {Promise<number>} CPU time per datagram in nanoseconds */
async function measure(dgram, { prepare }) {
  const client = await open(dgram);
  const server = await open(dgram);
  const tally = { datagrams: 0 };
  const start = prepare({
    client, server, port: server.address().port, payload: Buffer.alloc(SIZE),
  }, tally);

  start();
  let before = 0;
  const watchdog = setInterval(() => {
    if (tally.datagrams === before) start();
    before = tally.datagrams;
  }, STALLED);
  await sleep(WARM);
  const { datagrams: first } = tally;
  const usage = process.cpuUsage();
  await sleep(MEASURED);
  const { user, system } = process.cpuUsage(usage);
  const count = tally.datagrams - first;
  clearInterval(watchdog);
  client.close();
  server.close();
  return (user + system) * 1000 / count;
}

/** Measures one implementation in a separate process. */
async function measureAll(module) {
  const dgram = require(module);
  const nanos = [];
  for (const scenario of scenarios) nanos.push(await measure(dgram, scenario));
  console.log(JSON.stringify({ transport: dgram.transport, nanos }));
}

function run(module) {
  const { status, stdout } = spawnSync(process.execPath, [__filename, module], {
    encoding: 'utf8',
    // Fails without the addon, instead of comparing node:dgram with itself.
    env: { ...process.env, DGRAM_NATIVE_FALLBACK: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`the demo with ${module} failed`);
  return JSON.parse(stdout);
}

function explain(transport) {
  return transport === 'linux' ?
    'A burst crosses the kernel as one packet (GSO and GRO) and JavaScript ' +
    'as one batch.\nA single datagram takes one system call each way with ' +
    'both, so it gains less.' :
    `The transport "${transport}" has no GSO and GRO; those need Linux.`;
}

function main() {
  const Table = require('cli-table3');
  console.log(
    `Loopback, datagrams of ${SIZE} bytes, Node ${process.version}. Client ` +
    'and server share one process;\nits CPU time is divided by the datagrams ' +
    'received. Measuring takes 8 s ...\n');
  const builtin = run('node:dgram');
  const native = run('dgram-native');
  const table = new Table({
    head: ['CPU per datagram', 'node:dgram', 'dgram-native',
           'x node:dgram, CPU'],
    colAligns: ['left', 'right', 'right', 'right'],
    style: { border: [], head: [] },
  });
  const nanoseconds = (value) =>
    `${Math.round(value).toLocaleString('en-US')} ns`;
  scenarios.forEach(({ name }, i) => {
    const [before, after] = [builtin.nanos[i], native.nanos[i]];
    table.push([name, nanoseconds(before), nanoseconds(after),
                `${(before / after).toFixed(1)}x`]);
  });
  console.log(`${table}\n\n${explain(native.transport)}`);
}

if (process.argv.length > 2) measureAll(process.argv[2]);
else main();
