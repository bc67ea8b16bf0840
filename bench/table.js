'use strict';

/** The report as tables, one for each group of scenarios. */

const Table = require('cli-table3');

const GROUPS = {
  receive: 'Receiving',
  send: 'Sending',
  echo: 'There and back',
  sparse: 'Many sockets, little traffic',
  timers: 'Timers under a flood',
  memory: 'Memory and start',
};

const NO_LINES = {
  ...Object.fromEntries([
    'top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid',
    'bottom-left', 'bottom-right', 'left', 'left-mid', 'mid', 'mid-mid',
    'right', 'right-mid',
  ].map((name) => [name, ''])),
  middle: '  ',
};

/** Two or three digits that mean something. */
function format(value) {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size > 0 && size < 0.095) return value.toPrecision(2);
  const digits = size >= 100 || size === 0 ? 0 : size >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', {
    minimumFractionDigits: digits, maximumFractionDigits: digits,
  });
}

function spread({ median, min, max, values }) {
  const middle = format(median);
  return values.length > 1 ?
    `${middle} (${format(min)}–${format(max)})` : middle;
}

function times(value) {
  return value === undefined ? '' : `${format(value)}x`;
}

function rowsOf(scenario) {
  const { metrics, results } = scenario;
  const [first, ...others] = metrics;
  return results.map(({ label, figures, timesBetter }, i) => [
    i === 0 ? scenario.title : '',
    label,
    `${spread(figures[first.name])} ${first.unit}`,
    times(timesBetter),
    others.map(({ name, unit, title }) => {
      const { median } = figures[name];
      // Nothing lost: nothing to say.
      if (title === 'lost' && median < 0.005) return '';
      return `${title === 'rate' ? '' : `${title} `}${format(median)} ${unit}`;
    }).filter(Boolean).join(', '),
  ]);
}

function drawGroup(name, scenarios) {
  const table = new Table({
    head: ['', '', 'median (min–max)', 'node:dgram', 'and'],
    colAligns: ['left', 'left', 'right', 'right', 'left'],
    style: { head: [], border: [], compact: true },
    chars: NO_LINES,
  });
  for (const scenario of scenarios) table.push(...rowsOf(scenario));
  const [first] = scenarios[0].metrics;
  const what = scenarios.every(({ metrics }) => metrics[0].name === first.name);
  return `\n${GROUPS[name]}${what ? `: ${first.title}` : ''}\n\n` +
    `${table.toString().replace(/ +$/gm, '')}\n`;
}

/**
 * @param {object} report see results.js
 * @returns {string}
 */
function drawTables(report) {
  const { machine, rounds, problems } = report;
  const versions = Object.entries(machine.versions)
    .map(([name, version]) => `${name} ${version}`).join(', ');
  const head = [
    `${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}`,
    `${versions}; transport ${machine.transport}`,
    `${rounds} round(s) of ${report.measuredMillis} ms, contestants in turn; ` +
      'the column node:dgram: how many times better than it',
  ].join('\n');
  const groups = Object.keys(GROUPS).map((name) => [
    name, report.scenarios.filter(({ group, results }) =>
      group === name && results.length > 0),
  ]).filter(([, members]) => members.length > 0);
  const notes = [...new Set(problems.map(
    ({ scenario, contestant, message }) =>
      `  ${scenario}, ${contestant}: ${message.split('\n')[0]}`))];
  return [
    `${head}\n`,
    ...groups.map(([name, members]) => drawGroup(name, members)),
    notes.length > 0 ? `\nDid not run:\n${notes.join('\n')}\n` : '',
  ].join('');
}

module.exports = { drawTables, format };
