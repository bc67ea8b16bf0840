'use strict';

/** The report as tables, one for each group of scenarios and main figure. */

const Table = require('cli-table3');

const GROUPS = {
  receive: 'Receive',
  send: 'Send',
  echo: 'Echo',
  sparse: 'Many sockets, little traffic',
  timers: 'Timers during a flood',
  memory: 'Memory and start-up',
  real: 'Programs',
};

const NO_LINES = {
  ...Object.fromEntries([
    'top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid',
    'bottom-left', 'bottom-right', 'left', 'left-mid', 'mid', 'mid-mid',
    'right', 'right-mid',
  ].map((name) => [name, ''])),
  middle: '  ',
};

/** Rounds to two or three significant digits. */
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
  return results.map(({ implementation, figures, timesBetter }, i) => [
    i === 0 ? scenario.name : '',
    implementation,
    `${spread(figures[first.name])} ${first.unit}`,
    times(timesBetter),
    others.map(({ name, unit, title }) => {
      const { median } = figures[name];
      if (title === 'lost' && median < 0.005) return '';
      return `${title} ${format(median)} ${unit}`;
    }).filter(Boolean).join(', '),
  ]);
}

function drawGroup(group, title, control, scenarios) {
  const table = new Table({
    head: ['', '', 'median (min–max)', `x ${control}, ${title}`,
           'other figures'],
    colAligns: ['left', 'left', 'right', 'right', 'left'],
    style: { head: [], border: [], compact: true },
    chars: NO_LINES,
  });
  for (const scenario of scenarios) table.push(...rowsOf(scenario));
  return `\n${GROUPS[group]}: ${title}\n\n` +
    `${table.toString().replace(/ +$/gm, '')}\n`;
}

/** Scenarios of one table have the group and the main figure in common. */
function tablesOf(scenarios) {
  const tables = new Map();
  for (const group of Object.keys(GROUPS)) {
    for (const scenario of scenarios) {
      if (scenario.group !== group || scenario.results.length === 0) continue;
      const [{ title }] = scenario.metrics;
      const key = `${group} ${title}`;
      if (!tables.has(key)) tables.set(key, { group, title, members: [] });
      tables.get(key).members.push(scenario);
    }
  }
  return [...tables.values()];
}

/**
 * @param {object} report see results.js
 * @returns {string}
 */
function drawTables(report) {
  const { control, machine, rounds, problems } = report;
  const versions = Object.entries(machine.versions)
    .map(([name, version]) => `${name} ${version}`).join(', ');
  const head = [
    `${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}, loopback`,
    `${versions}; transport ${machine.transport}`,
    `${rounds} round(s) of ${report.measuredMillis} ms, implementations in ` +
      'turn',
    `x ${control}: how many times better than ${control}, by the medians; ` +
      'above 1 is better',
  ].join('\n');
  const notes = [...new Set(problems.map(
    ({ scenario, implementation, message }) =>
      `  ${scenario}, ${implementation}: ${message.split('\n')[0]}`))];
  return [
    `${head}\n`,
    ...tablesOf(report.scenarios).map(({ group, title, members }) =>
      drawGroup(group, title, control, members)),
    notes.length > 0 ? `\nNot measured:\n${notes.join('\n')}\n` : '',
  ].join('');
}

module.exports = { drawTables, format };
