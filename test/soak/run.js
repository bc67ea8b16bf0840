'use strict';

// Mixed traffic for a given time, at about half a core; Linux.
//
//   node test/soak/run.js [--minutes 10] [--transport linux|uv]
//                         [--report FILE]
//
// Passes if every datagram is accounted for, every callback was called once,
// and memory and descriptors did not grow. The report is JSON.

const fs = require('node:fs');
const path = require('node:path');
const { spawn } = require('node:child_process');
const { parseArgs } = require('node:util');

const { obstacle } = require('../network/link');
const { describe, progress } = require('./report');
const { judge } = require('./verdict');

require('../support/package'); // packed once, before child processes

/** Share of a core for the process under test; its peer needs the same. */
const SHARE = 0.3;

/** Number of laps, and their longest duration, in seconds. */
const LAPS = 20;
const LAP = 30;

/** Extra time after which a lap counts as hung, in milliseconds. */
const PATIENCE = 600000;

const root = path.join(__dirname, '..', '..');

function readOptions() {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '10' },
      transport: { type: 'string', default: 'linux' },
      report: { type: 'string', default: path.join(root, '.cache/soak.json') },
    },
  });
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new Error('--minutes requires a positive number');
  if (!['linux', 'uv'].includes(values.transport))
    throw new Error('--transport requires linux or uv');
  return { ...values, minutes };
}

/**
 * A separate network namespace, which ends with the process. Otherwise
 * datagrams that other programs send to a reused port would be counted.
 */
function ownNetwork() {
  const reason = obstacle();
  if (reason === null) {
    return ['unshare', '--net', 'sh', '-c',
      'ip link set lo up && exec "$@"', 'sh'];
  }
  if (process.env.CI === 'true') throw new Error(`the soak cannot run: ${reason}`);
  console.error(`using the network of this host: ${reason}`);
  return [];
}

/** @returns {Promise<{samples: object[], faults: string[]}>} */
function soak({ minutes, transport }, onsample) {
  const lap = Math.min(LAP, minutes * 60 / LAPS);
  const [program, ...args] = [
    ...ownNetwork(), process.execPath, '--expose-gc',
    path.join(__dirname, 'subject.js'),
    JSON.stringify({ minutes, share: SHARE, lap }),
  ];
  const subject = spawn(program, args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: {
      ...process.env, NODE_OPTIONS: '', DGRAM_NATIVE_TRANSPORT: transport,
    },
  });
  const samples = [];
  const faults = [];
  const hang = setTimeout(() => {
    faults.push(`no lap was completed in ${PATIENCE / 1000} s`);
    subject.kill('SIGKILL');
  }, lap * 1000 + PATIENCE);
  subject.on('message', (sample) => {
    samples.push(sample);
    onsample(sample);
    hang.refresh();
  });
  return new Promise((resolve) => {
    subject.on('exit', (code, signal) => {
      clearTimeout(hang);
      if (code !== 0)
        faults.push(`the process under test exited with ${signal ?? code}`);
      resolve({ samples, faults });
    });
  });
}

async function main() {
  const options = readOptions();
  const { stderr } = process;
  const started = new Date();
  const { samples, faults } =
    await soak(options, progress(stderr, options.minutes));
  if (stderr.isTTY) stderr.write('\n');
  const checks = [{ name: 'the run', faults }];
  const last = samples.at(-1);
  const report = { ...options, started, ended: new Date(), checks, samples };
  if (last !== undefined) {
    const { trends, judged, checks: more } = judge(samples);
    checks.push(...more, {
      name: 'transport',
      faults: last.transport === options.transport ? [] : [last.transport],
    });
    report.trends = trends;
    console.log(describe({ transport: last.transport, trends, last }));
    if (!judged) console.log('the run was too short to check memory');
  }
  fs.mkdirSync(path.dirname(options.report), { recursive: true });
  fs.writeFileSync(options.report, JSON.stringify(report, null, 2));
  const failed = checks.filter((check) => check.faults.length > 0);
  for (const { name, faults: list } of failed)
    console.log(`FAILED ${name}: ${list.join('; ')}`);
  console.log(`${checks.length - failed.length} passed, ` +
    `${failed.length} failed`);
  process.exitCode = failed.length > 0 ? 1 : 0;
}

main();
