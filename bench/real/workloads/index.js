'use strict';

/**
 * The workloads. Each is a program under a load:
 *
 *   name             in the report
 *   implementations  the names of the compared implementations
 *   metrics          see ../../metrics.js; the first is the main figure
 *   requires         a command and the Debian package that has it
 *   package          the npm package, which is installed before the first run
 *   table            see ../../table.js
 *
 * and one of these:
 *
 *   start(stage)     for a program that makes its own load: starts it, and
 *                    resolves to a function that checks the counts at the end,
 *                    if there is anything to check. The implementations are
 *                    measured in turns, see ../turns.js
 *   run(stage)       for a program under a load that cannot wait: starts both,
 *                    measures, checks the counts and resolves to the input of
 *                    the metrics
 *
 * To add an npm package: add it to ../packages and to packages.js, and write
 * programs/packages/NAME.js, which loads it by packageRequire() and calls
 * serve() or repeat() of program.js.
 */

const { packages } = require('./packages');

module.exports = {
  workloads: [
    require('./dns-responder'),
    require('./socket-per-request'),
    require('./statsd-sink'),
    require('./relay'),
    ...packages,
  ],
};
