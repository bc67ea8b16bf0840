'use strict';

// Ends `npm install` where no prebuilt addon fits and none could be compiled.
// That does not break the installation of the program that depends on us: at
// run time lib/load/fallback.js takes node:dgram and warns.

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
