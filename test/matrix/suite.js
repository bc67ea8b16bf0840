'use strict';

// Runs mocha in another process and reports its events.

const { spawn } = require('node:child_process');
const path = require('node:path');
const readline = require('node:readline');

const mocha = require.resolve('mocha/bin/mocha.js');

/**
 * @typedef {object} Result
 * @property {number} passed
 * @property {number} failed at least 1 if mocha crashed or ran no test
 * @property {number} skipped
 * @property {string[]} failures one text for each failure
 */

/** Parses an event of mocha's reporter json-stream, or output of a test. */
function parse(line) {
  if (!line.startsWith('["')) return [];
  try {
    return JSON.parse(line);
  } catch {
    return [];
  }
}

/**
 * @param {string} node binary
 * @param {string[]} args of mocha
 * @param {(done: number, total: number, title: string) => void} onTest
 * @returns {Promise<Result>}
 */
function runSuite(node, args, onTest) {
  const child = spawn(node, [mocha, ...args, '--reporter', 'json-stream'], {
    cwd: path.join(__dirname, '..', '..'),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const result = { passed: 0, failed: 0, skipped: 0, failures: [] };
  let total = 0;
  let ended = false;
  let errors = '';

  child.stderr.setEncoding('utf8').on('data', (text) => { errors += text; });
  readline.createInterface({ input: child.stdout }).on('line', (line) => {
    const [event, data] = parse(line);
    if (event === 'start') ({ total } = data);
    if (event === 'pass') result.passed++;
    if (event === 'fail') {
      result.failed++;
      result.failures.push(`${data.fullTitle}\n${data.stack ?? data.err}`);
    }
    if (event === 'pass' || event === 'fail') {
      onTest(result.passed + result.failed, total, data.fullTitle);
    }
    if (event === 'end') {
      ended = true;
      result.skipped = data.pending;
    }
  });

  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      // A crash, or no test at all, is a failure despite the output.
      if (result.failed === 0 && (code !== 0 || !ended ||
                                  result.passed === 0)) {
        result.failed++;
        result.failures.push(`mocha exited with ${signal ?? code} after ` +
          `${result.passed} tests\n${errors}`);
      }
      resolve(result);
    });
  });
}

module.exports = { runSuite };
