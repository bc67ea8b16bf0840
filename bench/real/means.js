'use strict';

const { geometricMean } = require('simple-statistics');

const NATIVE = 'dgram-native';

/** CPU time as a share of the control's, per program. */
function shares(scenarios) {
  return scenarios.flatMap(({ results }) =>
    results.filter(({ implementation, timesBetter }) =>
      implementation === NATIVE && timesBetter > 0)
      .map(({ timesBetter }) => 1 / timesBetter));
}

/**
 * @param {object} report see ../results.js
 * @returns {string} the geometric means over the programs, as text
 */
function describeMeans({ control, scenarios }) {
  const rows = [
    ['programs with npm packages',
      scenarios.filter(({ table }) => table === 'packages')],
    ['all programs', scenarios],
  ].map(([title, members]) => [title, shares(members)])
    .filter(([, values]) => values.length > 1)
    .map(([title, values]) =>
      `  ${title} (${values.length}): ${geometricMean(values).toFixed(2)}\n`);
  return rows.length === 0 ? '' :
    `\nCPU time of ${NATIVE} as a share of ${control}'s, geometric mean:\n` +
    rows.join('');
}

module.exports = { describeMeans };
