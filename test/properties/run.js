'use strict';

/**
 * Random programs under random faults: UDP sockets on both transports, and Unix
 * datagram sockets.
 *
 *   npm run test:properties -- [options]
 *
 *   --programs N        for each kind and transport (default 10000)
 *   --minutes N         time limit instead; --forever: until a failure
 *   --seed N            first seed (default 1; with --minutes and --forever
 *                       another one each time)
 *   --path P            one program of that seed, as printed by a failure
 *   --kind udp|unix
 *   --transport linux|uv
 */

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');

require('../support/package'); // packed once, before child processes

const Table = require('cli-table3');

const { build } = require('./kernel');
const { RUNS } = require('./kinds');

/** Programs take milliseconds. One that takes this long hangs. */
const PATIENCE = 60000;

const FOREVER = 60 * 24 * 365;

function readOptions() {
  const { values } = parseArgs({
    options: {
      programs: { type: 'string', default: '10000' },
      minutes: { type: 'string' },
      forever: { type: 'boolean', default: false },
      seed: { type: 'string' },
      path: { type: 'string' },
      kind: { type: 'string' },
      transport: { type: 'string' },
    },
  });
  const minutes = values.forever ? FOREVER : Number(values.minutes ?? 0);
  const seed = values.seed ?? (minutes ? Date.now() % 1e9 : 1);
  return {
    runs: RUNS.filter(({ kind, transport }) =>
      [undefined, kind].includes(values.kind) &&
      [undefined, transport].includes(values.transport)),
    share: {
      programs: Number(values.programs), minutes, seed: Number(seed),
      path: values.path,
    },
  };
}

/** CPU time of a process in ms: 10 ms for each unit of proc_pid_stat(5). */
function cpuTime(pid) {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [user, system] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      .slice(11, 13);
    return (Number(user) + Number(system)) * 10;
  } catch {
    return NaN; // it has ended
  }
}

/** The last note of the process. */
function readNote(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch {
    return {}; // it ran no program
  }
}

/** @returns {Promise<object>} the report of explore.js, or how it crashed */
function explore({ kind, transport }, share, library, file) {
  const notes = fs.openSync(file, 'w');
  const child = spawn(process.execPath, [
    path.join(__dirname, 'explore.js'), library,
    JSON.stringify({ kind, ...share }),
  ], {
    env: {
      ...process.env,
      LD_PRELOAD: library,
      DGRAM_NATIVE_TRANSPORT: transport,
      // io_uring would bypass the library.
      UV_USE_IO_URING: '0',
    },
    stdio: ['ignore', 'inherit', 'inherit', notes, 'ipc'],
  });
  fs.closeSync(notes);
  let report;
  let last = '';
  let cpuBefore = 0;
  let hang; // how it hung
  const watch = setInterval(() => {
    const now = fs.readFileSync(file, 'utf8');
    const cpu = cpuTime(child.pid);
    if (now === last) {
      hang = `hung: ${cpu - cpuBefore} ms of CPU time in ${PATIENCE} ms`;
      child.kill('SIGKILL');
    }
    last = now;
    cpuBefore = cpu;
  }, PATIENCE);
  child.on('message', (message) => { report = message; });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearInterval(watch);
      if (report !== undefined) return resolve({ kind, ...report });
      const { seed, path: where, played = 0 } = readNote(file);
      return resolve({
        kind, transport, played, counts: {}, faults: {},
        failure: {
          seed, path: where,
          error: hang ?? `the process exited with ${signal ?? code}`,
        },
      });
    });
  });
}

function print({ kind, transport, played, counts, faults, failure }) {
  console.log(`\n${kind}, ${transport}: ${played} programs`);
  const datagrams = new Table({ head: Object.keys(counts), style: borderless });
  datagrams.push(Object.values(counts));
  const injected =
    new Table({ head: ['call', 'faults injected'], style: borderless });
  for (const [call, effects] of Object.entries(faults)) {
    injected.push([call, Object.entries(effects).sort()
      .map(([effect, count]) => `${effect} ${count}`).join(', ')]);
  }
  if (played > 0) console.log(`${datagrams}\n${injected}`);
  if (failure === null) return;
  const { seed, path: where, shrinks, program = '', error } = failure;
  console.log(`FAILED${shrinks ? `, shrunk ${shrinks} times` : ''}:\n` +
    `${program}\n${error}`);
  if (where !== undefined) {
    console.log('To repeat: npm run test:properties -- ' +
      `--kind ${kind} --transport ${transport} --seed ${seed} --path ${where}`);
  }
}

const borderless = { head: [], border: [] };

async function main() {
  if (process.platform !== 'linux') {
    console.log('skipped: LD_PRELOAD needs Linux');
    return;
  }
  const { runs, share } = readOptions();
  const library = build();
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'dgram-properties-'));
  const reports = await Promise.all(runs.map((run, i) =>
    explore(run, share, library, path.join(directory, `${i}`))));
  fs.rmSync(directory, { recursive: true });
  reports.forEach(print);
  const failed = reports.filter(({ failure }) => failure !== null).length;
  console.log(`\n${reports.length - failed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}

main();
