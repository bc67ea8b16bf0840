'use strict';

const { parseArgs } = require('node:util');

const { GROUPS } = require('./scenarios');

const groups = Object.entries(GROUPS).map(([name, description]) =>
  `                           ${name.padEnd(8)} ${description}`).join('\n');

const USAGE = `\
Compares dgram-native with node:dgram and a plain C program, and with Bun and
Deno if they are installed (PATH, node_modules, or BUN and DENO in the
environment). All traffic is on the loopback interface.

  npm run bench -- [options]

  --quick                the main scenarios, briefly, without Bun and Deno
  --group NAME           only the scenarios of a group; repeatable:
${groups}
  --scenario TEXT        only scenarios whose name contains TEXT; repeatable
  --implementation NAME  only these implementations and node:dgram; repeatable
  --rounds N             runs of each implementation in each scenario (default:
                         as many as fit into 14 minutes, or 80 s for --quick)
  --json FILE            write the figures to FILE
  --svg FILE             write the chart to FILE
  --from FILE            show the table and chart of an earlier --json FILE
                         without measuring
  --list                 list the names of scenarios and implementations
  --help

For servers, clients and start-up, without floods:

  npm run bench -- --group servers --group clients --group start

The expected duration is printed before the first run.
For whole programs: npm run bench:real
`;

/**
 * @param {string|undefined} text
 * @param {string} name of the option, without --
 * @returns {number|undefined}
 * @throws {Error} unless it is a whole number above 0
 */
function wholeNumber(text, name) {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(
    `--${name} ${text}: expected a whole number above 0, such as --${name} 3`);
}

/** @param {string[]} args of the command line */
function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean' },
      group: { type: 'string', multiple: true },
      scenario: { type: 'string', multiple: true },
      implementation: { type: 'string', multiple: true },
      rounds: { type: 'string' },
      json: { type: 'string' },
      svg: { type: 'string' },
      from: { type: 'string' },
      list: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  return { ...values, rounds: wholeNumber(values.rounds, 'rounds') };
}

module.exports = { USAGE, readOptions, wholeNumber };
