'use strict';

// Configuration of the unit tests: `npm run test:unit`, also used for each Node
// by `npm run test:matrix` and `npm run test:memory`. To run only FILE, call
// `npm run test:unit -- FILE`.

const fs = require('node:fs');

const SPEC = [
  'test/{api,boundary,native,e2e,examples}/**/*.test.js',
  'test/upstream/*.test.js',
];

/** Whether an argument is a file, folder or glob, not an option's value. */
function isSpec(argument) {
  return !argument.endsWith('.mocharc.cjs') &&
    (fs.existsSync(argument) || /\*.*\.js$/.test(argument));
}

module.exports = {
  ...require('../.mocharc.cjs'),
  spec: process.argv.slice(2).some(isSpec) ? [] : SPEC,
};
