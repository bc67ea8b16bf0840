'use strict';

/**
 * The inner side of support/program.js: what a program of test/e2e/programs
 * calls once it is ready.
 */

const packed = require('../../support/package');

/**
 * Answers the test until the test lets go, or is gone itself.
 *
 * @param {Record<string, (...args: any[]) => any>} methods  what call() finds;
 *   arguments and values travel as JSON
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
