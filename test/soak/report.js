'use strict';

/** Progress and summary of a soak, as text. */

const Table = require('cli-table3');

const MIB = 1024 * 1024;

const mib = (bytes) => `${(bytes / MIB).toFixed(1)} MiB`;
const thousands = (number) => number.toLocaleString('en-US');

function sum(totals, key) {
  return totals.reduce((total, entry) => total + (entry[key] ?? 0), 0);
}

function line({ seconds, totals, rss, descriptors, share }, minutes) {
  const faults = totals.flatMap((entry) => entry.faults).length;
  return `${(seconds / 60).toFixed(1)}/${minutes} min  ` +
    `${thousands(sum(totals, 'sent'))} sent  ` +
    `${thousands(sum(totals, 'drops'))} dropped by the kernel  ` +
    `${faults} faults  ${mib(rss)}  ${descriptors} fds  ` +
    `${Math.round(share * 100)}% CPU`;
}

/**
 * One changing line on a terminal, a line a minute elsewhere.
 * @param {NodeJS.WriteStream} stream
 */
function progress(stream, minutes) {
  let next = 0;
  return (sample) => {
    const text = line(sample, minutes);
    if (stream.isTTY) {
      stream.write(`\r\x1b[K${text.slice(0, (stream.columns ?? 80) - 1)}`);
    } else if (sample.seconds >= next) {
      next = sample.seconds + 60;
      stream.write(`${text}\n`);
    }
  };
}

function flowTable(totals) {
  const table = new Table({
    head: ['', 'sent', 'received', 'dropped', 'refused', 'MiB'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  });
  for (const { name, sent, received, drops, failed, bytes } of totals) {
    if (sent === 0) continue;
    table.push([name, ...[sent, received, drops, failed].map(thousands),
                Math.round(bytes / MIB)]);
  }
  return `${table}`;
}

function describe({ transport, trends, last }) {
  const { totals } = last;
  const { rss, heap, descriptors, childRss, childDescriptors } = trends;
  const [opened, workers, killed] = ['opened', 'started', 'terminated']
    .map((key) => thousands(sum(totals, key)));
  return [
    flowTable(totals),
    `transport: ${transport}`,
    `sockets opened and closed: ${opened}`,
    `workers: ${workers}, of which terminated in mid-traffic: ${killed}`,
    `resident: ${mib(rss.start)} after the warm-up, ${mib(rss.end)} at the ` +
      `end, at most ${mib(rss.most)}`,
    `heap and buffers: ${mib(heap.start)}, ${mib(heap.end)}`,
    `descriptors: ${descriptors.start}, ${descriptors.end}`,
    ...childRss === undefined ? [] : [
      `child process: resident ${mib(childRss.start)}, ${mib(childRss.end)}; ` +
        `descriptors ${childDescriptors.start}, ${childDescriptors.end}`,
    ],
  ].join('\n');
}

module.exports = { describe, progress };
