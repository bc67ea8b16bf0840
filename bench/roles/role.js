'use strict';

/**
 * Shared by the roles. A role is one process. Its first argument is its
 * configuration as JSON, its results are lines of JSON, and it ends when its
 * standard input ends. It runs on Node, Bun and Deno.
 */

const { performance } = require('node:perf_hooks');

const HOST = '127.0.0.1';
const RECV_BUFFER = 1024 * 1024;

const config = JSON.parse(process.argv[2]);

function report(result) {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

process.stdin.on('end', () => process.exit(0));
process.stdin.resume();
process.on('uncaughtException', (error) => {
  report({ error: error.stack });
  process.exit(1);
});

/** User and system time of this process, in microseconds. */
function cpuMicros() {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  return userCPUTime + systemCPUTime;
}

/**
 * Counters and clocks at the same moment, so that a late timer does not distort
 * the figures.
 */
function snapshot(tally) {
  return {
    datagrams: tally.datagrams,
    bytes: tally.bytes,
    cpuMicros: cpuMicros(),
    wallNanos: performance.now() * 1e6,
  };
}

/** @returns {object} the increase of each figure of two snapshots */
function difference(from, to) {
  return Object.fromEntries(Object.keys(from).map((key) =>
    [key, to[key] - from[key]]));
}

/**
 * Waits for the first datagram and the warm-up, then measures and reports.
 * @param {{datagrams: number, bytes: number}} tally updated by the role
 * @param {object} [probe] begin() and end() return further figures
 */
function measure(tally, probe) {
  const idle = setInterval(() => {
    if (tally.datagrams === 0) return;
    clearInterval(idle);
    setTimeout(begin, config.warm);
  }, 1);
  function begin() {
    probe?.begin();
    const from = snapshot(tally);
    setTimeout(() => {
      const to = snapshot(tally);
      const result = { failed: tally.failed, ...difference(from, to) };
      report({ ...result, ...probe?.end(result) });
    }, config.measure);
  }
}

/**
 * Measures `config.count` operations, after a tenth as many of warm-up.
 * @returns {() => boolean} to be called after each operation; false when they
 *   are complete and reported
 */
function countOperations() {
  const warm = Math.ceil(config.count / 10);
  const tally = { datagrams: 0, bytes: 0 };
  let from;
  return () => {
    const done = ++tally.datagrams;
    if (done === warm) from = snapshot(tally);
    if (done === warm + config.count) report(difference(from, snapshot(tally)));
    return done < warm + config.count;
  };
}

let dgram;

/** A socket of the implementation under test. */
function createSocket() {
  // Loaded once: resolving a path costs more than opening a socket.
  dgram ??= require(config.module);
  return dgram.createSocket({ type: 'udp4', ...config.options });
}

/** Linux may grant less than requested. */
function enlargeBuffer(socket) {
  try {
    socket.setRecvBufferSize(RECV_BUFFER);
  } catch {
    // Some runtimes cannot. The sender reads the actual size.
  }
}

/** The columns of sendMany(batch). */
function makeColumns(count, size, port) {
  return {
    count,
    data: Buffer.alloc(count * size, 'x'),
    offsets: Uint32Array.from({ length: count }, (unused, i) => i * size),
    sizes: new Uint32Array(count).fill(size),
    ports: new Uint16Array(count).fill(port),
    addresses: new Array(count).fill(HOST),
  };
}

/** Ends the role unless sendMany() accepts columns; it sends one datagram. */
function requireColumns(socket) {
  requireMethod(socket, 'sendMany');
  try {
    // The discard port.
    socket.sendMany(makeColumns(1, 1, 9));
  } catch {
    report({ unsupported: 'sendMany() does not accept columns' });
    process.exit(0);
  }
}

/**
 * @param {object} socket
 * @param {string} method required by the interface under test
 */
function requireMethod(socket, method) {
  if (typeof socket[method] === 'function') return;
  report({ unsupported: `no ${method}()` });
  process.exit(0);
}

module.exports = {
  HOST, config, countOperations, createSocket, enlargeBuffer, makeColumns,
  measure, report, requireColumns, requireMethod,
};
