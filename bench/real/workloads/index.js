'use strict';

/**
 * The workloads. Each is a program under a load:
 *
 *   name             as shown
 *   implementations  the names of those that are compared
 *   metrics          see ../../metrics.js; the first is the main figure
 *   requires         a command and the Debian package that has it
 *   run(stage)       starts program and load, measures, checks the counts and
 *                    resolves to the input of the metrics
 *
 * To add an npm package: write programs/NAME.js, which requires the package and
 * calls serve() of program.js, then a file here that starts it.
 */

module.exports = {
  workloads: [
    require('./dns-responder'),
    require('./socket-per-request'),
    require('./statsd-sink'),
    require('./relay'),
  ],
};
