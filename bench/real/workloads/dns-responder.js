'use strict';

/** A DNS responder under dnsperf: 20 clients, 100 queries outstanding. */

const fs = require('node:fs');
const path = require('node:path');

const CLIENTS = 20;
const OUTSTANDING = 100;
const NAMES = 1000;

const QUERIES = path.join(
  __dirname, '..', '..', '..', '.cache', 'bench', 'queries.txt');

function writeQueries() {
  const lines = Array.from({ length: NAMES }, (_, i) =>
    `host${i}.example.com A\n`);
  fs.mkdirSync(path.dirname(QUERIES), { recursive: true });
  fs.writeFileSync(QUERIES, lines.join(''));
}

/** The number behind a label in dnsperf's report. */
function figure(report, label) {
  const match = new RegExp(`${label}: +([\\d.]+)`).exec(report);
  if (match === null) throw new Error(`dnsperf did not report "${label}"`);
  return Number(match[1]);
}

async function runDnsperf(stage, port, millis) {
  // dnsperf accepts whole seconds only.
  const seconds = Math.max(1, Math.round(millis / 1000));
  const report = await stage.runCommand([
    'dnsperf', '-s', '127.0.0.1', '-p', String(port), '-d', QUERIES,
    '-c', String(CLIENTS), '-q', String(OUTSTANDING), '-l', String(seconds),
  ], seconds);
  return {
    sent: figure(report, 'Queries sent'),
    completed: figure(report, 'Queries completed'),
    requestsPerSecond: figure(report, 'Queries per second'),
    latencyMicros: figure(report, 'Average Latency \\(s\\)') * 1e6,
  };
}

function check(load, work) {
  const { sent, completed } = load;
  if (completed >= sent * 0.99 && work >= completed && work <= sent) return;
  throw new Error(`${sent} queries were sent, ${work} answered and ` +
                  `${completed} answers received`);
}

module.exports = {
  name: 'DNS responder, dnsperf',
  table: 'real',
  implementations: ['dgram-native', 'node:dgram'],
  metrics: ['cpuPerRequest', 'requestRate', 'latency'],
  requires: { command: 'dnsperf', package: 'dnsperf' },

  async run(stage) {
    writeQueries();
    const [port] = await stage.startProgram('dns-responder.js');
    await runDnsperf(stage, port, stage.timing.warm);
    let load;
    const measured = await stage.measureDuring(async () => {
      load = await runDnsperf(stage, port, stage.timing.measure);
    });
    check(load, measured.work);
    return { measured, load };
  },
};
