'use strict';

/**
 * Shared by the programs. A program is one process that uses node:dgram;
 * dgram-native replaces it by `--require dgram-native/register`. The first
 * argument is the configuration as JSON. The program writes lines of JSON:
 * first its ports, then a snapshot for each line on its standard input. It ends
 * when its standard input ends.
 */

const dgram = require('node:dgram');
const { performance } = require('node:perf_hooks');
const readline = require('node:readline');
const { packageRequire } = require('./install');

const HOST = '127.0.0.1';
// Linux grants at most net.core.rmem_max.
const RECV_BUFFER = 4 * 1024 * 1024;

/**
 * And the settings of the workload.
 * @type {{ api: 'dgram'|'batch'|'columns' }}
 */
const config = JSON.parse(process.argv[2]);

function write(result) {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

process.on('uncaughtException', (error) => {
  write({ error: error.stack });
  process.exit(1);
});

/**
 * dgram-native's own counters: the proof of which implementation did the work.
 * @returns {{sockets: number, sent: number, received: number}|undefined}
 *   undefined if this process uses node:dgram
 */
function nativeStats() {
  const { copies = {} } = dgram[Symbol.for('dgram-native')] ?? {};
  const [copy] = Object.values(copies);
  return copy?.binding?.stats();
}

/**
 * Reports that the program is ready, then answers requests for snapshots.
 * @param {number[]} ports that the program is bound to
 * @param {() => number} work the requests or datagrams completed so far
 */
function serve(ports, work) {
  readline.createInterface({ input: process.stdin })
    .on('line', () => {
      const { userCPUTime, systemCPUTime } = process.resourceUsage();
      write({
        work: work(),
        cpuMicros: userCPUTime + systemCPUTime,
        wallNanos: performance.now() * 1e6,
        native: nativeStats(),
      });
    })
    .on('close', () => process.exit(0));
  write({ ready: true, ports });
}

/** @returns {Promise<number>} a port that no socket of 127.0.0.1 is bound to */
function freePort() {
  return new Promise((resolve) => {
    const socket = dgram.createSocket('udp4');
    socket.bind(0, HOST, () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}

/**
 * Performs asynchronous operations forever and counts them.
 * @param {number} concurrent operations at a time
 * @param {() => Promise<any>} operation
 */
function repeat(concurrent, operation) {
  let completed = 0;
  async function loop() {
    for (;;) {
      await operation();
      completed++;
    }
  }
  serve([], () => completed);
  for (let i = 0; i < concurrent; i++) loop();
}

module.exports = {
  HOST, RECV_BUFFER, config, freePort, packageRequire, repeat, serve,
};
