'use strict';

/**
 * What the roles share. A role is one process: it is told what to do in its
 * first argument (JSON), says what it has to say in lines of JSON, and ends
 * when its standard input does. It runs on Node, Bun and Deno alike.
 */

const { performance } = require('node:perf_hooks');

const HOST = '127.0.0.1';
const RECV_BUFFER = 1024 * 1024;

const config = JSON.parse(process.argv[2]);

function say(what) {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

process.stdin.on('end', () => process.exit(0));
process.stdin.resume();
process.on('uncaughtException', (error) => {
  say({ error: error.stack });
  process.exit(1);
});

/** User and system time of this process, in microseconds. */
function cpuMicros() {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  return userCPUTime + systemCPUTime;
}

/**
 * Counters and clocks at one moment. Taken in one go, it does not matter that
 * the timer that asked for it was late.
 */
function snapshot(tally) {
  return {
    datagrams: tally.datagrams,
    bytes: tally.bytes,
    cpuMicros: cpuMicros(),
    wallNanos: performance.now() * 1e6,
  };
}

/**
 * Waits for the first datagram, lets the engine warm up, and says what was
 * done and what it cost in the time that follows.
 * @param {{datagrams: number, bytes: number}} tally that the role counts in
 * @param {object} [probe] begin() and end(): more figures of that time
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
      const result = { failed: tally.failed };
      for (const key of Object.keys(from)) result[key] = to[key] - from[key];
      say({ ...result, ...probe?.end(result) });
    }, config.measure);
  }
}

let dgram;

/** A socket of node:dgram, or of what stands in for it. */
function createSocket() {
  // Once: to find a module by its path is dearer than to open a socket.
  dgram ??= require(config.module);
  return dgram.createSocket({ type: 'udp4', ...config.options });
}

/**
 * @param {object} socket
 * @param {string} method that this contestant's interface needs
 */
function demand(socket, method) {
  if (typeof socket[method] === 'function') return;
  say({ unsupported: `no ${method}()` });
  process.exit(0);
}

module.exports = {
  HOST, RECV_BUFFER, config, createSocket, demand, measure, say,
};
