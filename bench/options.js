'use strict';

const { parseArgs } = require('node:util');

const USAGE = `\
Measures dgram-native beside node:dgram, a C program, and Bun and Deno when they
are found (PATH, node_modules, or BUN and DENO in the environment).

  npm run bench -- [options]

  --quick            the main scenarios, briefly, without Bun and Deno; under
                     90 s. All of it takes up to 15 minutes
  --scenario TEXT    only scenarios whose name contains TEXT; may be repeated
  --contestant NAME  only these, and node:dgram; may be repeated
  --rounds N         every contestant N times in every scenario (default: what
                     fits into the time)
  --json FILE        the figures
  --svg FILE         the chart
  --from FILE        measure nothing; table and chart of an earlier --json
  --list             the names of scenarios and contestants
  --help
`;

/** @param {string[]} args of the command line */
function readOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean' },
      scenario: { type: 'string', multiple: true },
      contestant: { type: 'string', multiple: true },
      rounds: { type: 'string' },
      json: { type: 'string' },
      svg: { type: 'string' },
      from: { type: 'string' },
      list: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  const rounds = values.rounds === undefined ? undefined :
    Number(values.rounds);
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0))
    throw new Error('--rounds must be a whole number above 0');
  return { ...values, rounds };
}

module.exports = { USAGE, readOptions };
