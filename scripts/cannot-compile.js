'use strict';

// Last step of `npm install` if no prebuilt addon fits and the addon cannot be
// compiled. The installation of the dependent program still succeeds: at run
// time lib/load/fallback.js uses node:dgram and emits a warning.

const STRICT = process.env.DGRAM_NATIVE_FALLBACK === '0';

console.error(`
dgram-native: there is no prebuilt addon for ${process.platform}-${process.arch
} that Node.js ${process.version} can load,
dgram-native: and none could be compiled (see above).
dgram-native: ${STRICT ?
  'DGRAM_NATIVE_FALLBACK=0 forbids to go on without.' :
  'Programs will use node:dgram instead. See docs/installing.md.'}
`);

process.exitCode = STRICT ? 1 : 0;
