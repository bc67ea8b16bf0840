'use strict';

// Last step of `npm install` if no prebuilt addon fits and the addon cannot be
// compiled. The installation of the dependent program still succeeds: at run
// time lib/load/diagnostics.js warns, and lib/fallback/ is used.

/** The values of lib/load/settings.js. */
const STRICT = ['0', 'false', 'off', 'no'].includes(
  process.env.DGRAM_NATIVE_FALLBACK?.trim().toLowerCase());

console.error(`
dgram-native: there is no prebuilt addon for ${process.platform}-${process.arch
} that Node.js ${process.version} can load,
dgram-native: and none could be compiled (see above).
dgram-native: ${STRICT ?
  'DGRAM_NATIVE_FALLBACK=0 forbids to go on without.' :
  'Programs will use node:dgram instead. See docs/installing.md.'}
`);

process.exitCode = STRICT ? 1 : 0;
