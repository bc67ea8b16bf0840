'use strict';

// Configuration of the unit tests: `npm run test:unit`, also used for each Node
// by `npm run test:matrix` and `npm run test:memory`. To run only FILE, call
// `npm run test:unit -- FILE`.

const fs = require('node:fs');

const SPEC = [
  'test/{api,boundary,native,e2e,examples}/**/*.test.js',
  'test/{platforms,upstream}/*.test.js',
];

/** Options whose value may be the name of a file or folder. */
const WITH_VALUE = /^(?:-[Rfgr]|--(?:config|exclude|fgrep|file|grep|ignore|re(?:porter|quire)))$/;

/**
 * Whether an argument is a file, folder or glob, not an option's value. mocha
 * reports a file that does not exist.
 */
function isSpec(argument, index, all) {
  return !WITH_VALUE.test(all[index - 1]) && !argument.startsWith('-') &&
    (fs.existsSync(argument) || argument.endsWith('.js'));
}

module.exports = {
  ...require('../.mocharc.cjs'),
  spec: process.argv.slice(2).some(isSpec) ? [] : SPEC,
};
