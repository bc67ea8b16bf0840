'use strict';

/**
 * One test file, once, in a process group of its own.
 */

const fs = require('node:fs');
const path = require('node:path');
const { spawn, spawnSync } = require('node:child_process');
const { readEvidence } = require('./evidence');

const WITNESS = path.join(__dirname, 'witness.js');
const OUTPUT_KEPT = 6000;
const SKIPPED = /^1\.\.0 # Skipped:?\s*(.*)$/m;

/** The environment that Node's runner clears, what would preload more, and what
 * names other files than those under test. */
const CLEARED = ['NODE_OPTIONS', 'NODE_PATH', 'NODE_REPL_EXTERNAL_MODULE',
                 'DGRAM_NATIVE_BINDING', 'DGRAM_TEST_PACKAGE'];

const running = new Set();

/** Ends a process and everything it started in its group. */
function killGroup(child) {
  try {
    if (process.platform === 'win32') {
      spawnSync('taskkill', ['/pid', String(child.pid), '/t', '/f'],
                { stdio: 'ignore' });
    } else {
      process.kill(-child.pid, 'SIGKILL');
    }
  } catch (error) {
    // Nothing is left of the group, or (macOS) only a zombie.
    if (error.code !== 'ESRCH' && error.code !== 'EPERM') throw error;
  }
}

/** For an interrupted run: leave nothing behind. */
function killAll() {
  for (const child of running) killGroup(child);
}

/** NODE_OPTIONS splits at spaces; quotes keep a path together. */
function quote(file) {
  return `"${file.replace(/["\\]/g, '\\$&')}"`;
}

/**
 * The files to --require, and the NODE_OPTIONS that do so in children which
 * were given an environment but no arguments of ours. The settings of the
 * witness are in a file and not in variables: a test may replace `env`.
 */
function writePreload({ scratch, log, register, flags }) {
  const preload = path.join(scratch, 'preload.js');
  const preloads = register ? [preload, register] : [preload];
  const nodeOptions = [
    ...flags, ...preloads.map((file) => `--require ${quote(file)}`),
  ].join(' ');
  const settings = JSON.stringify({ log, preloads, nodeOptions });
  fs.writeFileSync(preload,
                   `require(${JSON.stringify(WITNESS)}).watch(${settings});\n`);
  return { preloads, nodeOptions };
}

/**
 * @typedef {object} Outcome
 * @property {boolean} ok  ended by itself with exit code 0
 * @property {number|null} code
 * @property {string|null} signal
 * @property {boolean} timedOut
 * @property {string|undefined} skipped  the test's reason for doing nothing
 * @property {number} ms
 * @property {string} output  its end, standard output and error together
 * @property {import('./evidence').Evidence} evidence
 */

/**
 * @param {import('./select').Case} one
 * @param {object} how
 * @param {import('./node').NodeUnderTest} how.node
 * @param {string} how.root  directory that holds test/
 * @param {string} how.scratch  empty directory for this run alone
 * @param {number} how.slot  number of the job it runs in (TEST_THREAD_ID)
 * @param {number} how.serial  number of the run (TEST_SERIAL_ID)
 * @param {number} how.timeout  milliseconds
 * @param {string} [how.register]  preload that puts dgram-native in place;
 *   without it the test runs on the built-in
 * @param {string} [how.transport]
 * @returns {Promise<Outcome>}
 */
function runOne(one, how) {
  const { node, root, scratch, slot, serial, timeout, transport } = how;
  const log = path.join(scratch, 'witness.log');
  const outputFile = path.join(scratch, 'output');
  const { preloads, nodeOptions } = writePreload({
    scratch, log, register: how.register, flags: node.flags,
  });

  const env = { ...process.env };
  for (const name of CLEARED) delete env[name];
  Object.assign(env, {
    NODE_OPTIONS: nodeOptions,
    NODE_TEST_DIR: scratch,
    TEST_THREAD_ID: String(slot),
    TEST_SERIAL_ID: String(serial),
    TEST_PARALLEL: one.parallel ? '1' : '0',
  }, one.env);
  if (transport) env.DGRAM_NATIVE_TRANSPORT = transport;

  // On the command line too: process.execArgv is handed down by fork() and by
  // Worker even where the test replaces their environment.
  const args = [
    ...node.flags,
    ...preloads.flatMap((file) => ['--require', file]),
    ...one.flags,
    path.join(root, 'test', one.file),
  ];

  return new Promise((resolve, reject) => {
    const started = process.hrtime.bigint();
    const output = fs.openSync(outputFile, 'w');
    const child = spawn(node.binary, args, {
      cwd: root,
      env,
      detached: process.platform !== 'win32',
      stdio: ['ignore', output, output],
      windowsHide: true,
    });
    fs.closeSync(output);
    running.add(child);

    let timedOut = false;
    const limit = setTimeout(() => {
      timedOut = true;
      killGroup(child);
    }, timeout);

    child.once('error', (error) => {
      clearTimeout(limit);
      running.delete(child);
      reject(error);
    });
    child.once('exit', (code, signal) => {
      clearTimeout(limit);
      running.delete(child);
      killGroup(child);
      const text = fs.readFileSync(outputFile, 'utf8');
      resolve({
        ok: code === 0 && !timedOut,
        code,
        signal,
        timedOut,
        skipped: SKIPPED.exec(text)?.[1],
        ms: Math.round(Number(process.hrtime.bigint() - started) / 1e6),
        output: text.slice(-OUTPUT_KEPT),
        evidence: readEvidence(log),
      });
    });
  });
}

module.exports = { killAll, runOne };
