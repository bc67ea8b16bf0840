'use strict';

/** The report as tables, one for each group of scenarios and main figure. */

const Table = require('cli-table3');

const { CONTROL } = require('./implementations');

/** Tables in this order. */
const TITLES = {
  echo: 'Echo server',
  latency: 'Latency of an echo server at a fixed rate',
  relay: 'Relay',
  sockets: 'Short-lived sockets',
  self: 'Within a process',
  start: 'Start-up',
  sendMany: 'sendMany()',
  receive: 'Receive',
  send: 'Send',
  sparse: 'Many sockets, little traffic',
  timers: 'Timers during a flood',
  memory: 'Memory',
  real: 'Programs',
  packages: 'Programs with npm packages',
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

function percent(value) {
  return value === undefined ? '' : `${format(100 * value)}%`;
}

/** "p99.9 210 µs (1.1x)", "CPU per datagram 210 ns (12x, 45% of C)" */
function otherFigure(metric, implementation, figures) {
  const { name, unit, title, showsRange, showsBaseline } = metric;
  if (figures[name] === undefined) return '';
  const { median, timesBetter, shareOfBaseline } = figures[name];
  if (title === 'lost' && median < 0.005) return '';
  const value = showsRange ? spread(figures[name]) : format(median);
  const text = `${title} ${value} ${unit}`.trim();
  const ratios = [
    ...timesBetter !== undefined && implementation !== CONTROL ?
      [times(timesBetter)] : [],
    ...showsBaseline && shareOfBaseline !== undefined ?
      [`${percent(shareOfBaseline)} of C`] : [],
  ];
  return ratios.length === 0 ? text : `${text} (${ratios.join(', ')})`;
}

function rowsOf(scenario, withBaseline) {
  const { metrics, results } = scenario;
  const [first, ...others] = metrics;
  return results.map((result, i) => [
    i === 0 ? scenario.name : '',
    result.implementation,
    `${spread(result.figures[first.name])} ${first.unit}`.trim(),
    times(result.timesBetter),
    ...withBaseline ? [percent(result.shareOfBaseline)] : [],
    others.map((metric) =>
      otherFigure(metric, result.implementation, result.figures))
      .filter(Boolean).join(', '),
  ]);
}

function hasBaseline(scenarios) {
  return scenarios.some(({ results }) =>
    results.some(({ shareOfBaseline }) => shareOfBaseline !== undefined));
}

function drawTable(name, title, control, scenarios) {
  const withBaseline = hasBaseline(scenarios);
  const table = new Table({
    head: ['', '', 'median (min–max)', `x ${control}, ${title}`,
           ...withBaseline ? ['% of C baseline'] : [],
           `other figures (x ${control})`],
    colAligns: ['left', 'left', 'right', 'right',
                ...withBaseline ? ['right'] : [], 'left'],
    style: { head: [], border: [], compact: true },
    chars: NO_LINES,
  });
  for (const scenario of scenarios)
    table.push(...rowsOf(scenario, withBaseline));
  return `\n${TITLES[name]}: ${title}\n\n` +
    `${table.toString().replace(/ +$/gm, '')}\n`;
}

/** Scenarios of one table have its name and the main figure in common. */
function tablesOf(scenarios) {
  const tables = new Map();
  for (const name of Object.keys(TITLES)) {
    for (const scenario of scenarios) {
      if (scenario.table !== name || scenario.results.length === 0) continue;
      const [{ title }] = scenario.metrics;
      const key = `${name} ${title}`;
      if (!tables.has(key)) tables.set(key, { name, title, members: [] });
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
    ...report.scenarios.some(({ paired }) => paired) ?
      ['of programs that run in turns: by the median of the rounds\' ratios'] :
      [],
    ...hasBaseline(report.scenarios) ?
      ['% of C baseline: how close to the C program, by the same medians'] : [],
    ...report.highestRate ?
      [`highest rate of ${control}: ${format(report.highestRate)} requests/s`] :
      [],
  ].join('\n');
  const notes = [...new Set(problems.map(
    ({ scenario, implementation, message }) =>
      `  ${scenario}, ${implementation}: ${message.split('\n')[0]}`))];
  return [
    `${head}\n`,
    ...tablesOf(report.scenarios).map(({ name, title, members }) =>
      drawTable(name, title, control, members)),
    notes.length > 0 ? `\nNot measured:\n${notes.join('\n')}\n` : '',
  ].join('');
}

module.exports = { drawTables, format };
