'use strict';

/**
 * Programs in child processes. A failure ends the process, or appears in the
 * report of a sanitizer (`npm run test:memory`, whose environment children
 * inherit).
 */

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const path = require('node:path');

const { scaled } = require('../support/time');

const root = path.join(__dirname, '..', '..');
const file = (...names) => JSON.stringify(path.join(root, ...names));

/** Longer than a correct program takes under the sanitizers, in ms. */
const TIMEOUT = scaled(60000);

const PRELUDE = `'use strict';
const fs = require('node:fs');
const report = (value) => fs.writeSync(1, JSON.stringify(value) + '\\n');
/** Runs event loop iterations, as deasync does. */
const runLoop = (times = 10) => {
  for (let i = 0; i < times; i++) tools.native.inner.runLoop();
};
const retained = [];
/**
 * Reuses freed memory of the size of a socket, or of a transport's part of one,
 * and fills it with zeros.
 */
const overwrite = () => {
  for (let size = 64; size < 400; size += 8) {
    for (let i = 0; i < 10; i++)
      retained.push(Buffer.allocUnsafeSlow(size).fill(0));
  }
};
/** Loads the package; the first report is its transport. */
const load = () => {
  const dgram = require(${file('lib')});
  report(dgram.transport);
  return dgram;
};
const tools = {
  fs, report, runLoop, load, overwrite,
  get native() { return require(${file('test', 'native', 'kit.js')}); },
};
`;

/**
 * Runs `body({ fs, report, native, runLoop, load, overwrite }, ...args)`.
 * @param {Function|string} body of a program that ends by itself, or its source
 * @param {object} [options]
 * @param {Array} [options.args] passed to `body` as JSON
 * @param {string[]} [options.argv] process.argv from index 1 on
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
  const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT);
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
 * Calls run() for a program that must end with code 0 and an empty stderr.
 * @returns {Promise<Array>} what it reported
 */
async function succeed(body, options) {
  const { reports, code, signal, stderr } = await run(body, options);
  assert.deepStrictEqual({ code, signal, stderr },
    { code: 0, signal: null, stderr: '' });
  return reports;
}

/** Calls succeed() for a program that calls load(); omits the first report. */
async function succeedWithOurs(body, options) {
  const [transport, ...reports] = await succeed(body, options);
  assert.ok(['linux', 'uv'].includes(transport), `${transport}`);
  return reports;
}

/** `it` on systems whose file descriptors are numbers. */
const itUnix = process.platform === 'win32' ? it.skip : it;

module.exports = { itUnix, run, succeed, succeedWithOurs };
