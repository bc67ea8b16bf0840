'use strict';

// Writes the tables of Node's own suite in README.md and docs/reliability.md.
// Their source is test/upstream/results.json, which is made from the reports of
// `npm run test:upstream -- --all --transport linux --transport uv`.
//
//   node scripts/suite-tables.js             writes all three
//   node scripts/suite-tables.js --compare   prints what differs in the reports

const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { supported } = require('../test/matrix/nodes');

const root = path.join(__dirname, '..');
const reports = path.join(root, '.cache', 'upstream');
const results = path.join(root, 'test', 'upstream', 'results.json');

const TRANSPORTS = ['linux', 'uv'];

/** First supported release of a line, if it is not the first release. */
const SINCE = { 18: '18.18 and newer', 20: '20.5 and newer' };

/** The marks around a table. */
const BEGIN = '<!-- suites: written by npm run docs:suites -->';
const END = '<!-- /suites -->';

/**
 * The part of a report that is stored.
 * @typedef {object} Result
 * @property {string} node
 * @property {string} suite  version of the Node that it belongs to
 * @property {string} transport
 * @property {Record<string, number>} totals  files by result
 * @property {Record<string, string[]>} besides  names of the files that did not
 *   pass
 */

function major(version) {
  return Number.parseInt(version, 10);
}

/** @returns {Result} */
function condense({ node, suite, totals, files }, transport) {
  const besides = {};
  for (const { file, result } of files) {
    if (result !== 'passed') (besides[result] ??= []).push(file);
  }
  return { node, suite, transport, totals, besides };
}

function readReport(node, transport) {
  const file = path.join(reports, `report-${node}-${transport}.json`);
  if (!fs.existsSync(file)) return undefined;
  return condense(JSON.parse(fs.readFileSync(file, 'utf8')), transport);
}

/** The tested version of a line: that of the running Node or the matrix. */
function versionOf(version) {
  return major(version) === major(process.versions.node) ?
    process.versions.node : version;
}

/** @returns {Result[]} for every Node and transport with a report */
function readReports() {
  return supported.map(versionOf)
    .flatMap((node) => TRANSPORTS.map((name) => readReport(node, name)))
    .filter(Boolean);
}

/** @returns {Result[]} the source of the tables */
function readResults() {
  return JSON.parse(fs.readFileSync(results, 'utf8'));
}

function count({ totals }, ...names) {
  return names.reduce((sum, name) => sum + (totals[name] ?? 0), 0);
}

const COLUMNS = {
  passed: ['passed'],
  failed: ['failed', 'flaky'],
  skipped: ['skipped'],
  exempt: ['exempt'],
  'fail with `node:dgram` too': ['builtin fails too'],
};

function drawRow(cells) {
  return `| ${cells.join(' | ')} |`;
}

function drawTable(head, rows) {
  return [head, head.map(() => '---'), ...rows].map(drawRow).join('\n');
}

/** `113 of 113`: passed files, of those that could pass. */
function score(result) {
  const passed = count(result, ...COLUMNS.passed);
  return `${passed} of ${passed + count(result, ...COLUMNS.failed)}`;
}

/** One row per Node. @param {Result[]} all */
function readmeTable(all) {
  const nodes = [...new Set(all.map(({ node }) => node))];
  return drawTable(
    ['Node', 'API', 'Node\'s own suite, `linux`', '`uv`', 'run on', 'suite of'],
    nodes.map((node) => {
      const own = all.filter((one) => one.node === node);
      const [{ suite }] = own;
      return [
        SINCE[major(node)] ?? major(node),
        'that of Node 26',
        ...TRANSPORTS.map((name) => {
          const result = own.find(({ transport }) => transport === name);
          return result ? score(result) : 'n/a';
        }),
        node,
        suite + (major(suite) === major(node) ? '' :
          `; no suite of ${major(node)} was available`),
      ];
    }));
}

/**
 * The files that did not pass, each once, with its Nodes.
 * @param {Result[]} all
 */
function drawNames(all, column) {
  const nodes = new Map();
  for (const result of all) {
    for (const name of COLUMNS[column].flatMap(
      (key) => result.besides[key] ?? [])) {
      nodes.set(name, new Set(nodes.get(name)).add(major(result.node)));
    }
  }
  if (nodes.size === 0) return [];
  const names = [...nodes].sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, on]) => `  - \`${name}\` (${[...on].join(', ')})`);
  return [`- ${column[0].toUpperCase()}${column.slice(1)}, on Node`, ...names];
}

/** One row per run, and the names of files. @param {Result[]} all */
function reliabilityTable(all) {
  const table = drawTable(
    ['Node', 'suite of', 'transport', 'files', ...Object.keys(COLUMNS)],
    all.map((result) => [
      result.node, result.suite, `\`${result.transport}\``,
      Object.values(result.totals).reduce((sum, one) => sum + one, 0),
      ...Object.values(COLUMNS).map((names) => count(result, ...names)),
    ]));
  const names = Object.keys(COLUMNS).filter((column) => column !== 'passed')
    .flatMap((column) => drawNames(all, column));
  return [table, ...(names.length > 0 ? ['', ...names] : [])].join('\n');
}

const PAGES = {
  'README.md': readmeTable,
  'docs/reliability.md': reliabilityTable,
};

/**
 * @param {string} page  text of a page
 * @param {string} table
 * @returns {string} the page with the new table
 */
function insert(page, table) {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`no ${BEGIN} ... ${END}`);
  return `${page.slice(0, begin)}${BEGIN}\n${table}\n${page.slice(end)}`;
}

/**
 * @returns {string[]} pages whose table differs from results.json
 */
function stalePages() {
  return Object.entries(PAGES).filter(([name, draw]) => {
    const text = fs.readFileSync(path.join(root, name), 'utf8');
    return insert(text, draw(readResults())) !== text;
  }).map(([name]) => name);
}

function write() {
  const found = readReports();
  const expected = supported.length * TRANSPORTS.length;
  if (found.length < expected)
    throw new Error(`${found.length} of ${expected} reports in ${reports}`);
  fs.writeFileSync(results, `${JSON.stringify(found, null, 1)}\n`);
  for (const [name, draw] of Object.entries(PAGES)) {
    const file = path.join(root, name);
    fs.writeFileSync(file,
                     insert(fs.readFileSync(file, 'utf8'), draw(found)));
  }
}

/**
 * @param {Result[]} known
 * @param {Result[]} found
 * @returns {string[]} a line for each file with another result
 */
function differences(known, found) {
  const keyOf = ({ node, transport }) => `Node ${node}, ${transport}`;
  return found.flatMap((result) => {
    const key = keyOf(result);
    const before = known.find((one) => keyOf(one) === key);
    if (!before) return [`${key}: not in the tables`];
    const lines = [];
    if (score(before) !== score(result))
      lines.push(`${key}: ${score(result)}; the tables have ${score(before)}`);
    if (before.suite !== result.suite)
      lines.push(`${key}: suite of ${result.suite}, not of ${before.suite}`);
    const names = ({ besides }) => Object.entries(besides)
      .flatMap(([how, files]) => files.map((file) => `${file}: ${how}`));
    const [old, now] = [names(before), names(result)];
    lines.push(
      ...now.filter((name) => !old.includes(name))
        .map((name) => `${key}: ${name}, which is not in the tables`),
      ...old.filter((name) => !now.includes(name))
        .map((name) => `${key}: no longer ${name}`));
    return lines;
  });
}

function compare() {
  const found = readReports();
  const lines = found.length === 0 ? ['no reports of Node\'s own suite'] :
    differences(readResults(), found);
  console.log(lines.length > 0 ? lines.join('\n') :
    `The tables of Node's own suite are those of ${found.length} reports.`);
}

module.exports = {
  condense, differences, insert, readmeTable, reliabilityTable, stalePages,
};

if (require.main === module) {
  const { values } = parseArgs({ options: { compare: { type: 'boolean' } } });
  if (values.compare) compare();
  else write();
}
