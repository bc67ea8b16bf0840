'use strict';

/**
 * The counterpart of support/program.js in the program: a program of
 * test/e2e/programs calls serve() when it is ready.
 */

const packed = require('../../support/package');

/**
 * Answers calls of the test until the test disconnects or exits.
 *
 * @param {Record<string, (...args: any[]) => any>} methods  functions for
 *   call(); arguments and values travel as JSON
 */
function serve(methods) {
  const all = { stats: () => packed.binding().stats(), ...methods };
  process.on('message', async ({ id, name, args }) => {
    try {
      process.send({ id, value: await all[name](...args) });
    } catch (error) {
      process.send({ id, error: String(error.stack ?? error) });
    }
  });
  process.on('disconnect', () => process.exit());
  process.send({ ready: true });
}

module.exports = { serve };
