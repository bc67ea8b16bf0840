'use strict';

// The unit tests: `npm run test:unit`, and each Node of `npm run test:matrix`
// and `npm run test:memory`. `npm run test:unit -- FILE` runs FILE alone.

const fs = require('node:fs');

const SPEC = [
  'test/{api,boundary,native,e2e,examples}/**/*.test.js',
  'test/upstream/*.test.js',
];

/** A file, folder or glob on the command line, not the value of an option. */
function isSpec(argument) {
  return !argument.endsWith('.mocharc.cjs') &&
    (fs.existsSync(argument) || /\*.*\.js$/.test(argument));
}

module.exports = {
  ...require('../.mocharc.cjs'),
  spec: process.argv.slice(2).some(isSpec) ? [] : SPEC,
};
