'use strict';

/**
 * Resident memory of sockets that are bound, have a listener and receive
 * nothing. Kernel memory is not included.
 */

const { performance } = require('node:perf_hooks');
const { setTimeout: sleep } = require('node:timers/promises');
const { HOST, config, createSocket, report } = require('./role');

function noop() {}

function openSocket() {
  if (config.api === 'bun') {
    return globalThis.Bun.udpSocket({ hostname: HOST, socket: { data: noop } });
  }
  return new Promise((resolve, reject) => {
    const socket = createSocket();
    socket.once('error', reject);
    socket.on('message', noop);
    socket.bind(0, HOST, () => resolve(socket));
  });
}

async function settledSize() {
  for (let i = 0; i < 3; i++) {
    if (globalThis.Bun) globalThis.Bun.gc(true);
    else globalThis.gc();
    await sleep(20);
  }
  return process.memoryUsage().rss;
}

async function main() {
  report({ ready: true, ports: [] });
  if (config.module) require(config.module);
  const before = await settledSize();
  const start = performance.now();
  const sockets = [];
  while (sockets.length < config.sockets) {
    const some = Math.min(500, config.sockets - sockets.length);
    const opening = Array.from({ length: some }, openSocket);
    sockets.push(...await Promise.all(opening));
  }
  const openMillis = performance.now() - start;
  const bytes = await settledSize() - before;
  report({ bytes, openMillis, sockets: sockets.length });
}

main();
