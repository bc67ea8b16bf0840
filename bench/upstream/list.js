'use strict';

/**
 * Lists the parameters of one of Node's benchmark files without running it. The
 * unmodified file is loaded with a createBenchmark() that only records them.
 */

const path = require('node:path');

const [, , file] = process.argv;
const common = require(path.join(path.dirname(file), '..', 'common.js'));

common.createBenchmark = (main, configs, { combinationFilter } = {}) => {
  let cases = [{}];
  for (const [name, values] of Object.entries(configs)) {
    cases = cases.flatMap((one) =>
      [values].flat().map((value) => ({ ...one, [name]: value })));
  }
  process.send(cases.filter(combinationFilter ?? (() => true)));
};
require(file);
