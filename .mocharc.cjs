'use strict';

const fs = require('node:fs');
const path = require('node:path');

const { scaled } = require('./test/support/time');

const TEST_ADDON = path.join(
  __dirname, 'test', 'native', 'build', 'Release', 'dgram_test.node');

// Every process that a test starts loads the addon of `npm run build`: a
// prebuilt one, or node:dgram, would pass most tests too.
process.env.DGRAM_NATIVE_BINDING ??= path.join(
  __dirname, 'build', 'Release', 'dgram_native.node');

const missing = [process.env.DGRAM_NATIVE_BINDING, TEST_ADDON]
  .filter((file) => !fs.existsSync(file));
if (missing.length > 0) {
  console.error(`Not built: ${
    missing.map((file) => path.relative(process.cwd(), file)).join(', ')
  }\nRun \`npm run build\` and \`npm run build:test\` first.`);
  process.exit(1);
}

// Packed once, in this process: child processes may run with faulty libc calls.
require('./test/support/package');

module.exports = {
  // Generous, for a loaded machine: a test that exceeds it hangs.
  timeout: scaled(20000),
  // A forced exit would hide a socket that a test left open.
  exit: false,
  forbidOnly: Boolean(process.env.CI),
  // A pattern that matches nothing must not pass.
  failZero: true,
};
