'use strict';

// A sink for StatsD and DogStatsD metrics. The 'batch' event passes all
// datagrams that arrived together to one call.
//
//   node examples/statsd-sink.js [PORT|PATH [SECONDS]]
//
// It prints the totals every SECONDS and at the end. In another terminal:
//
//   node examples/client.js 8125 'api.requests:1|c' 'api.latency:12|ms|@0.1'
//
// With a PATH, such as /tmp/statsd.sock, it is a Unix datagram socket, which
// loses nothing: `unixgram` of DogStatsD and Telegraf.

const dgram = require('dgram-native');

const target = process.argv[2] ?? '8125';
const isPath = /[/@]/.test(target);
const seconds = Number(process.argv[3] ?? 10);

const counters = new Map();
const gauges = new Map();
const sets = new Map();
const samples = new Map(); // timers, histograms and distributions
const totals = { datagrams: 0, malformed: 0, events: 0, checks: 0 };

// name:value|type, then optional fields. A name has no colon and no bar.
const METRIC = /^([^:|]+):([^|]+)\|(c|g|ms|h|d|s)(?:\|(.*))?$/;
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const RATE = /^@(\d*\.?\d+)$/;
// DogStatsD's container ID, timestamp, external data and cardinality. A sink
// has no use for them.
const IGNORED = /^(?:c:.+|T\d+|e:.+|card:.+)$/;
// Events and service checks are not metrics; the sink only counts them.
const EVENT = /^_e\{\d+,\d+\}:[^|]+\|/;
const CHECK = /^_sc\|[^|]+\|[0-3](?:\||$)/;

const NAMES = { ms: 'timer', h: 'histogram', d: 'distribution' };

/**
 * The optional fields behind the type: `@0.1` is the sample rate, `#a:b,c` the
 * tags.
 * @returns {{rate: number, tags: string}|undefined} undefined if malformed
 */
function parseFields(text) {
  let rate = 1;
  let tags = '';
  for (const field of text === undefined ? [] : text.split('|')) {
    const match = RATE.exec(field);
    if (match !== null) {
      rate = Number(match[1]);
      if (!(rate > 0 && rate <= 1)) return undefined;
    } else if (field.startsWith('#')) {
      tags = field.slice(1).split(',').sort().join(',');
    } else if (!IGNORED.test(field)) {
      return undefined;
    }
  }
  return { rate, tags };
}

/** A counter sampled at a rate of 0.1 stands for ten times its value. */
function addToCounter(series, text, rate) {
  counters.set(series, (counters.get(series) ?? 0) + Number(text) / rate);
}

/** A sign makes it a change of the current value. */
function setGauge(series, text) {
  const base = /^[+-]/.test(text) ? gauges.get(series) ?? 0 : 0;
  gauges.set(series, base + Number(text));
}

function addSample(series, text, rate) {
  const { count, sum } = samples.get(series) ?? { count: 0, sum: 0 };
  samples.set(series, {
    count: count + 1 / rate, sum: sum + Number(text) / rate,
  });
}

/** A set counts distinct values, which may be any text. */
function addToSet(series, text) {
  if (!sets.has(series)) sets.set(series, new Set());
  sets.get(series).add(text);
}

function record(line) {
  if (EVENT.test(line)) {
    totals.events++;
    return;
  }
  if (CHECK.test(line)) {
    totals.checks++;
    return;
  }
  const [, name, value, type, rest] = METRIC.exec(line) ?? [];
  const fields = name === undefined ? undefined : parseFields(rest);
  // DogStatsD packs several values, `name:1:2:3|ms`, for all types but sets.
  const values = type === 's' ? [value] : value?.split(':');
  const isNumeric = type === 's' || values?.every((text) => NUMBER.test(text));
  if (fields === undefined || !isNumeric) {
    totals.malformed++;
    return;
  }
  const { rate, tags } = fields;
  // Each combination of tags is a separate series.
  const series = tags === '' ? name : `${name} #${tags}`;
  for (const text of values) {
    if (type === 'c') addToCounter(series, text, rate);
    else if (type === 'g') setGauge(series, text);
    else if (type === 's') addToSet(series, text);
    else addSample(`${NAMES[type]} ${series}`, text, rate);
  }
}

function report() {
  const { datagrams, malformed, events, checks } = totals;
  console.log(`${datagrams} datagrams, ${malformed} malformed lines, ` +
    `${events} events, ${checks} service checks`);
  for (const [series, value] of counters)
    console.log(`counter ${series} ${value}`);
  for (const [series, value] of gauges) console.log(`gauge ${series} ${value}`);
  for (const [series, { size }] of sets)
    console.log(`set ${series} ${size} values`);
  for (const [series, { count, sum }] of samples)
    console.log(`${series} ${count} times, mean ${sum / count}`);
}

// The receive buffer holds bursts. Linux grants at most net.core.rmem_max.
const socket = isPath ?
  dgram.createSocket('unix_dgram') :
  dgram.createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });

socket.on('batch', ({ count, data, offsets, sizes }) => {
  totals.datagrams += count;
  for (let i = 0; i < count; i++) {
    const text = data.toString('utf8', offsets[i], offsets[i] + sizes[i]);
    for (const line of text.split('\n'))
      if (line !== '') record(line);
  }
});

function started() {
  const { address, port, path } = socket.address();
  console.log(`StatsD on ${path ?? `${address}:${port}`}, ` +
    `transport ${dgram.transport}`);
}

if (isPath) socket.bind(target, started);
else socket.bind(Number(target), '127.0.0.1', started);

const timer = setInterval(report, seconds * 1000);

function end() {
  clearInterval(timer);
  socket.close();
  report();
}

process.once('SIGINT', end);
process.once('SIGTERM', end);
