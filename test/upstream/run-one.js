'use strict';

/**
 * Runs one test file once, in a separate process group.
 */

const fs = require('node:fs');
const path = require('node:path');
const { spawn, spawnSync } = require('node:child_process');
const { readEvidence } = require('./evidence');

const WITNESS = path.join(__dirname, 'witness.js');
const OUTPUT_KEPT = 6000;
const SKIPPED = /^1\.\.0 # Skipped:?\s*(.*)$/m;

/** Environment variables to remove: those that Node's runner clears, and those
 * that would preload files or name another package. */
const CLEARED = ['NODE_OPTIONS', 'NODE_PATH', 'NODE_REPL_EXTERNAL_MODULE',
                 'DGRAM_NATIVE_BINDING', 'DGRAM_TEST_PACKAGE'];

const running = new Set();

/** Kills a process and its process group. */
function killGroup(child) {
  try {
    if (process.platform === 'win32') {
      spawnSync('taskkill', ['/pid', String(child.pid), '/t', '/f'],
                { stdio: 'ignore' });
    } else {
      process.kill(-child.pid, 'SIGKILL');
    }
  } catch (error) {
    // The group is gone, or (macOS) only a zombie is left.
    if (error.code !== 'ESRCH' && error.code !== 'EPERM') throw error;
  }
}

/** Kills all process groups, if the run is interrupted. */
function killAll() {
  for (const child of running) killGroup(child);
}

/** NODE_OPTIONS splits at spaces; quotes keep a path together. */
function quote(file) {
  return `"${file.replace(/["\\]/g, '\\$&')}"`;
}

/**
 * Writes the files to --require, and NODE_OPTIONS that do so in children with
 * an environment but without our arguments. The settings of the witness are in
 * a file instead of variables, because a test may replace `env`.
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
 * @property {string|undefined} skipped  the test's reason for skipping
 * @property {number} ms
 * @property {string} output  the last part of standard output and error
 * @property {import('./evidence').Evidence} evidence
 */

/**
 * @param {import('./select').Case} one
 * @param {object} how
 * @param {import('./node').NodeUnderTest} how.node
 * @param {string} how.root  directory that holds test/
 * @param {string} how.scratch  empty directory for this run
 * @param {number} how.slot  number of the job it runs in (TEST_THREAD_ID)
 * @param {number} how.serial  number of the run (TEST_SERIAL_ID)
 * @param {number} how.timeout  milliseconds
 * @param {string} [how.register]  preload that installs dgram-native;
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

  // Also on the command line: fork() and Worker inherit process.execArgv even
  // if the test replaces their environment.
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
