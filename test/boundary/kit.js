'use strict';

/**
 * Programs in processes of their own: what they try ends a process where it
 * goes wrong, or shows in a report of the sanitizers (`npm run test:memory`,
 * whose environment children inherit).
 */

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const path = require('node:path');

const root = path.join(__dirname, '..', '..');
const file = (...names) => JSON.stringify(path.join(root, ...names));

/** More than a healthy program takes under the sanitizers. */
const PATIENCE = 60000;

const PRELUDE = `'use strict';
const fs = require('node:fs');
const report = (value) => fs.writeSync(1, JSON.stringify(value) + '\\n');
/** Turns the event loop, as deasync does. */
const turn = (times = 10) => {
  for (let i = 0; i < times; i++) tools.native.inner.runLoop();
};
const kept = [];
/** Writes zeros where memory of the size of a socket was freed. */
const overwrite = () => {
  for (let size = 160; size < 400; size += 8) {
    for (let i = 0; i < 10; i++)
      kept.push(Buffer.allocUnsafeSlow(size).fill(0));
  }
};
/** The package; the first line tells that it is ours. */
const load = () => {
  const dgram = require(${file('lib')});
  report(dgram.transport);
  return dgram;
};
const tools = {
  fs, report, turn, load, overwrite,
  get native() { return require(${file('test', 'native', 'kit.js')}); },
};
`;

/**
 * Runs `body({ fs, report, native, turn, load, overwrite }, ...args)`.
 * @param {Function|string} body of a program that ends by itself, or its text
 * @param {object} [options]
 * @param {Array} [options.args] as JSON
 * @param {string[]} [options.argv] for process.argv, from 1 on
 * @param {string[]} [options.execArgv]
 * @param {object} [options.env]
 * @returns {Promise<{reports: Array, code: number|null, signal: string|null,
 *   stderr: string}>}
 */
async function run(body, {
  args = [], argv = [], execArgv = [], env = {},
} = {}) {
  const source = `${PRELUDE}
    (${body})(tools, ...${JSON.stringify(args)});`;
  const child = spawn(process.execPath, [...execArgv, '-e', source, ...argv], {
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const name of Object.keys(output)) {
    child[name].setEncoding('utf8')
      .on('data', (text) => { output[name] += text; });
  }
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE);
  const { code, signal } = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal }));
  });
  clearTimeout(timer);
  const reports = output.stdout.split('\n').filter(Boolean)
    .map((line) => JSON.parse(line));
  return { reports, code, signal, stderr: output.stderr };
}

/**
 * run() of a program that has to end well.
 * @returns {Promise<Array>} what it reported
 */
async function succeed(body, options) {
  const { reports, code, signal, stderr } = await run(body, options);
  assert.deepStrictEqual({ code, signal, stderr },
    { code: 0, signal: null, stderr: '' });
  return reports;
}

/** succeed() of a program that called load(); without its first report. */
async function succeedWithOurs(body, options) {
  const [transport, ...reports] = await succeed(body, options);
  assert.ok(['linux', 'uv'].includes(transport), `${transport}`);
  return reports;
}

/** `it` where descriptors are numbers. */
const itUnix = process.platform === 'win32' ? it.skip : it;

module.exports = { itUnix, run, succeed, succeedWithOurs };
