'use strict';

// `npm run test:fuzz:js`: hostile arguments for every public method, compared
// with node:dgram on the running Node. Both must throw, return and report the
// same, except for the entries of differences.js. fast-check draws the programs
// and shrinks one that fails; the seed repeats it.
//
//   node test/fuzz/js/run.js [--calls N] [--minutes N] [--seed N]
//
//   --calls N     stop after this many calls (default 60,000)
//   --minutes N   time limit instead
//   --seed N      first seed

require('./lookup'); // before dns.lookup() is captured

const assert = require('node:assert');
const builtin = require('node:dgram');
const { parseArgs, stripVTControlCharacters } = require('node:util');

const fc = require('fast-check');

const { outcome } = require('../../support/outcome');
const packed = require('../../support/package');
const { line } = require('../../../scripts/tally');
const calls = require('./calls');
const { differences, fatal } = require('./differences');
const additions = require('./additions');
const promises = require('./promises');
const unix = require('./unix');
const { runProgram } = require('./program');
const { wordsOfCall, wordsOfErrors } = require('./outcome-words');

const native = require(packed.main);
const binding = packed.binding();

/** Programs that fast-check draws from one seed. */
const ROUND = 300;

const { values: options } = parseArgs({
  options: {
    calls: { type: 'string', default: '60000' },
    minutes: { type: 'string' },
    seed: { type: 'string', default: `${Date.now() % 2 ** 31}` },
  },
});

const counts = { compared: 0, thrown: 0, additions: 0, created: 0 };
const allowed = new Map(differences.map(({ reason }) => [reason, 0]));

/** The entry of differences.js that allows a difference, if any. */
function allowance(accepts) {
  const found = differences.find(accepts);
  if (found) allowed.set(found.reason, allowed.get(found.reason) + 1);
  return found;
}

/** The entry for a call with another outcome. */
const atOnce = (call, actual, reference) =>
  allowance(({ applies }) => applies?.(call, actual, reference));

/** The entry for a difference that one of these calls has caused. */
const afterwards = (calls, actual, reference) =>
  allowance(({ later }) => later && calls.some((call) =>
    later(call, actual, reference)));

const show = ({ method, args }) =>
  `${method}(${args.map(({ name }) => name).join(', ')})`;

/** Excludes calls that this Node lacks or does not survive. */
const survives = (call) => call.method in builtin.Socket.prototype &&
  !fatal.some(({ applies }) => applies(call));

function isEqual(a, b) {
  try {
    assert.deepStrictEqual(a, b);
    return true;
  } catch {
    return false;
  }
}

const withoutCallbacks = ({ returned, thrown }) => ({ returned, thrown });

/**
 * Compares call by call up to an allowed difference that may leave the sockets
 * in different states.
 */
function compare(list, actual, reference) {
  const errors = [actual, reference].map((side) => wordsOfErrors(side.errors));
  const isLater = (calls, words) => afterwards(calls,
    ...words.map((here, side) => ({ here, errors: errors[side] })));
  for (const [i, call] of list.entries()) {
    counts.compared++;
    counts.thrown += reference.results[i].thrown !== undefined;
    const results = [actual.results[i], reference.results[i]];
    if (isEqual(...results)) continue;
    const entry = atOnce(call, ...results);
    if (entry?.parts) return;
    if (entry) continue;
    // Callbacks are called after all calls.
    const isNow = !isEqual(...results.map(withoutCallbacks));
    const before = isNow ? list.slice(0, i) : list;
    if (isLater(before, results.map(wordsOfCall))) return;
    assert.deepStrictEqual(...results, `${show(call)} (+ native, - node:dgram)`);
  }
  if (isEqual(actual.errors, reference.errors)) return;
  if (isLater(list, errors)) return;
  assert.deepStrictEqual(actual.errors, reference.errors,
                         'errors that were emitted (+ native, - node:dgram)');
}

async function checkProgram(program, port) {
  const list = program.calls.filter(survives);
  const run = (module) => runProgram(module, { ...program, calls: list }, port);
  compare(list, await run(native), await run(builtin));
}

function create(module, { first, second, form }) {
  const args = [first, second].map(({ make }) => make({}));
  const { thrown, returned } = outcome(() => form === 'createSocket' ?
    module.createSocket(...args) :
    new module.Socket(...args));
  if (thrown) return { thrown };
  returned.on('error', () => {});
  try {
    returned.close();
  } catch {
    // An aborted signal has closed the socket.
  }
  return { type: returned.type };
}

function checkCreation(drawn) {
  counts.created++;
  const [actual, reference] = [native, builtin]
    .map((module) => create(module, drawn));
  if (isEqual(actual, reference)) return;
  const call = { method: drawn.form, args: [drawn.first, drawn.second] };
  if (atOnce(call, actual, reference)) return;
  assert.deepStrictEqual(actual, reference, `${show(call)} (+ native, - node:dgram)`);
}

/** Receives datagrams of both families on one port. */
async function openSink() {
  const sinks = ['udp4', 'udp6'].map((type) => builtin.createSocket(type));
  await new Promise((resolve, reject) => {
    sinks[0].once('error', reject).bind(0, '127.0.0.1', resolve);
  });
  const { port } = sinks[0].address();
  // Without IPv6, or if that port is in use, datagrams are lost.
  await new Promise((resolve) => {
    sinks[1].once('error', resolve).bind(port, '::1', resolve);
  });
  return { port, close: () => { for (const sink of sinks) sink.close(); } };
}

const text = (program) => fc.stringify(program).length > 4000 ?
  fc.stringify(program).slice(0, 4000) : fc.stringify(program);

async function check(arbitrary, body, seed) {
  const details = await fc.check(fc.asyncProperty(arbitrary, body),
    { seed, numRuns: ROUND, endOnFailure: false, verbose: 0 });
  if (!details.failed) return true;
  console.error(`\nseed ${seed}, path ${details.counterexamplePath}`);
  console.error(text(details.counterexample));
  console.error(stripVTControlCharacters(
    String(details.errorInstance?.stack ?? details.errorInstance)));
  return false;
}

async function round(seed, port) {
  const checks = [
    [calls.program, (drawn) => checkProgram(drawn, port)],
    [calls.creation, async (drawn) => checkCreation(drawn)],
    [additions.program, async (drawn) => {
      counts.additions += await additions.runAdditions(drawn, port);
    }],
    [unix.program, async (drawn) => {
      counts.additions += await unix.runUnix(drawn);
    }],
    [promises.program, async (drawn) => {
      counts.additions += await promises.runPromises(drawn, port);
    }],
  ];
  for (const [arbitrary, body] of checks) {
    if (!await check(arbitrary, body, seed)) return false;
  }
  return true;
}

function wantsMore(started) {
  if (options.minutes !== undefined) {
    return Date.now() - started < Number(options.minutes) * 60e3;
  }
  return counts.compared + counts.additions + counts.created <
    Number(options.calls);
}

async function main() {
  assert.notStrictEqual(native, builtin);
  const started = Date.now();
  const sink = await openSink();
  let seed = Number(options.seed);
  let good = true;
  console.log(`Node ${process.version}, ${native.transport}, seed ${seed}`);
  for (; good && wantsMore(started); seed++)
    good = await round(seed, sink.port);
  sink.close();

  const { compared, thrown, additions: own, created } = counts;
  console.log(`${compared} calls compared, ${thrown} of them threw; ` +
    `${created} sockets created with odd arguments; ${own} calls of additions`);
  console.log(`${promises.counts.promises} promises, ` +
    `${promises.counts.pendingAtClose} of them pending when their socket was ` +
    'to be closed');
  for (const [reason, count] of allowed) console.log(`  ${count} x ${reason}`);
  console.log(`${binding.stats().sent} datagrams sent by dgram-native`);
  const failed = good && binding.stats().sent > 0 ? 0 : 1;
  console.log(line({ passed: 1 - failed, failed, skipped: 0 }));
  // Sockets that a hostile program left open, for example with a close() behind
  // a failed bind(), must not keep the process alive.
  process.exit(failed);
}

main();
