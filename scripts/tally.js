'use strict';

// Adds up the results of the suites: mocha's `N passing`, `N failing` and
// `N pending`, and `N passed, N failed, N skipped` of the others.
//
//   node scripts/tally.js [--failed N] LOG...
//
// Prints the sum as such a line; --failed N adds N failures.

const fs = require('node:fs');
const { parseArgs } = require('node:util');

// eslint-disable-next-line no-control-regex -- the escape sequence of a colour
const COLOUR = /\u001b\[[0-9;]*m/g;
const MOCHA = /^\s*(\d+) (passing|failing|pending)\b/;
const PLAIN = /^(?:\w+: )?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/;
const FIELD = { passing: 'passed', failing: 'failed', pending: 'skipped' };

/**
 * @param {string} output the output of a suite
 * @returns {{passed: number, failed: number, skipped: number}}
 */
function tally(output) {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const text of output.replace(COLOUR, '').split(/\r?\n/)) {
    const mocha = MOCHA.exec(text);
    if (mocha) {
      sum[FIELD[mocha[2]]] += Number(mocha[1]);
      continue;
    }
    const plain = PLAIN.exec(text);
    if (plain) {
      sum.passed += Number(plain[1]);
      sum.failed += Number(plain[2]);
      sum.skipped += Number(plain[3] ?? 0);
    }
  }
  return sum;
}

/**
 * @returns {string} `N passed, N failed`, and `, N skipped` if there are any
 */
function line({ passed, failed, skipped }) {
  const tail = skipped > 0 ? `, ${skipped} skipped` : '';
  return `${passed} passed, ${failed} failed${tail}`;
}

module.exports = { line, tally };

if (require.main === module) {
  const { values, positionals } = parseArgs({
    options: { failed: { type: 'string', default: '0' } },
    allowPositionals: true,
  });
  const sum = tally(positionals.map((name) => fs.readFileSync(name, 'utf8'))
    .join('\n'));
  sum.failed += Number(values.failed);
  console.log(line(sum));
}
