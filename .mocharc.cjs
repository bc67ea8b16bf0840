'use strict';

const path = require('node:path');

// The addon that `npm run build` made, in every process that a test starts:
// a prebuilt one, or node:dgram, would pass too.
process.env.DGRAM_NATIVE_BINDING ??= path.join(
  __dirname, 'build', 'Release', 'dgram_native.node');

// Made here, once: not by children, which may have faults in their libc.
require('./test/support/package');

module.exports = {
  // Long enough for a loaded machine: a test that needs it has hung.
  timeout: 20000,
  // Never force the exit: a socket that somebody forgot shows as a hang.
  exit: false,
  forbidOnly: Boolean(process.env.CI),
};
