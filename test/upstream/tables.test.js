'use strict';

/** Tests of scripts/suite-tables.js and of the published tables. */

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');

const { supported } = require('../matrix/nodes');
const tables = require('../../scripts/suite-tables');

const RESULTS = path.join(__dirname, 'results.json');

/** A report of three files of Node 26. */
function report(second = 'failed') {
  const files = [
    { file: 'parallel/test-a.js', result: 'passed' },
    { file: 'parallel/test-b.js', result: second },
    { file: 'parallel/test-c.js', result: 'builtin fails too' },
  ];
  const totals = {};
  for (const { result } of files) totals[result] = (totals[result] ?? 0) + 1;
  return { node: '26.1.0', suite: '24.2.0', totals, files };
}

describe('the tables of Node\'s own suite', () => {
  it('match results.json', () => {
    assert.deepStrictEqual(tables.stalePages(), [],
                           'run npm run docs:suites');
  });

  it('contain each supported release line, on both transports', () => {
    const lines = JSON.parse(fs.readFileSync(RESULTS, 'utf8'))
      .map(({ node, transport }) => `${Number.parseInt(node, 10)} ${transport}`);
    assert.deepStrictEqual(lines, supported.flatMap((version) =>
      ['linux', 'uv'].map((name) => `${Number.parseInt(version, 10)} ${name}`)));
  });

  it('contain the counts of a report', () => {
    const all = [tables.condense(report(), 'linux'),
                 tables.condense(report('passed'), 'uv')];
    assert.strictEqual(
      tables.readmeTable(all).split('\n')[2],
      '| 26 | that of Node 26 | 1 of 2 | 2 of 2 | ' +
        '26.1.0 | 24.2.0; no suite of 26 was available |');
    const lines = tables.reliabilityTable(all).split('\n');
    assert.strictEqual(lines[2],
                       '| 26.1.0 | 24.2.0 | `linux` | 3 | 1 | 1 | 0 | 0 | 1 |');
    assert.deepStrictEqual(lines.slice(5), [
      '- Failed, on Node',
      '  - `parallel/test-b.js` (26)',
      '- Fail with `node:dgram` too, on Node',
      '  - `parallel/test-c.js` (26)',
    ]);
  });

  it('are compared with another report line by line', () => {
    const known = [tables.condense(report('passed'), 'linux')];
    const found = [tables.condense(report(), 'linux')];
    assert.deepStrictEqual(tables.differences(known, known), []);
    assert.deepStrictEqual(tables.differences(known, found), [
      'Node 26.1.0, linux: 1 of 2; the tables have 2 of 2',
      'Node 26.1.0, linux: parallel/test-b.js: failed, ' +
        'which is not in the tables',
    ]);
    assert.deepStrictEqual(tables.differences([], found),
                           ['Node 26.1.0, linux: not in the tables']);
  });

  it('are written between the marks of a page only', () => {
    const page = 'a\n<!-- suites: written by npm run docs:suites -->\nold\n' +
      '<!-- /suites -->\nb\n';
    assert.strictEqual(tables.insert(page, 'new'), page.replace('old', 'new'));
    assert.throws(() => tables.insert('no mark', 'new'), /no <!--/);
  });
});
