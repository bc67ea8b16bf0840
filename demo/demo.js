'use strict';

// `npm run demo`: an echo server and a client, once through dgram-native and
// once through Node's own dgram. It shows that both do the same; how fast they
// are is not for one short run in one process to say.

const { once } = require('node:events');
const builtin = require('node:dgram');
const { performance } = require('node:perf_hooks');

const Table = require('cli-table3');

// Without the addon there would be nothing to show.
process.env.DGRAM_NATIVE_FALLBACK = '0';

const binding = require('../lib/load/binding');
const native = require('../lib');

const DATAGRAMS = 20000;
const SIZE = 64;
const WINDOW = 64; // datagrams under way at one time
const PATIENCE = 500; // ms without an echo: what is under way is lost
const LIMIT = 15000; // ms for one module

async function bind(socket) {
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
}

/** Sends DATAGRAMS to an echo server and counts what returns. */
async function echo(dgram) {
  const server = dgram.createSocket('udp4');
  const client = dgram.createSocket('udp4');
  server.on('message', (msg, { port, address }) => {
    server.send(msg, port, address);
  });
  await Promise.all([bind(server), bind(client)]);

  const { port } = server.address();
  const payload = Buffer.alloc(SIZE);
  const seen = new Uint8Array(DATAGRAMS);
  const started = performance.now();
  let sent = 0;
  let echoed = 0;
  let pending = 0;

  await new Promise((resolve) => {
    const refill = () => {
      while (pending < WINDOW && sent < DATAGRAMS) {
        payload.writeUInt32BE(sent++);
        // node:dgram keeps a reference until the datagram is gone.
        client.send(Buffer.from(payload), port, '127.0.0.1');
        pending++;
      }
      if (pending === 0) finish();
    };
    let before = 0;
    const watch = setInterval(() => {
      if (performance.now() - started > LIMIT) {
        finish();
        return;
      }
      if (echoed === before) {
        pending = 0;
        refill();
      }
      before = echoed;
    }, PATIENCE);
    const finish = () => {
      clearInterval(watch);
      resolve();
    };
    client.on('message', (msg) => {
      const number = msg.readUInt32BE(0);
      if (msg.length !== SIZE || seen[number] === 1) return;
      seen[number] = 1;
      echoed++;
      if (pending > 0) pending--;
      refill();
    });
    refill();
  });
  const elapsed = performance.now() - started;

  const closed = [once(server, 'close'), once(client, 'close')];
  server.close();
  client.close();
  await Promise.all(closed);
  return { sent, echoed, lost: sent - echoed, elapsed };
}

async function main() {
  const table = new Table({
    head: [
      'module', 'sent', 'echoed', 'lost', 'elapsed', 'transport',
      'sockets in the C core',
    ],
    style: { border: [], head: [] },
  });
  let complete = true;
  for (const [name, dgram] of [
    ['dgram-native', native],
    ['node:dgram', builtin],
  ]) {
    const before = binding.stats().sockets;
    const { sent, echoed, lost, elapsed } = await echo(dgram);
    table.push([
      name, sent, echoed, lost, `${Math.round(elapsed)} ms`,
      dgram.transport ?? 'built in', binding.stats().sockets - before,
    ]);
    complete &&= sent === DATAGRAMS && echoed > 0;
  }
  console.log(`${DATAGRAMS} datagrams of ${SIZE} bytes, ` +
    `at most ${WINDOW} under way, Node ${process.version}\n${table}`);
  process.exitCode = complete ? 0 : 1;
}

main();
