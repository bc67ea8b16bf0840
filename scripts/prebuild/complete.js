'use strict';

// Checks that prebuilds/ contains a binary for every supported platform.
//
//   node scripts/prebuild/complete.js          fails if one is missing
//   node scripts/prebuild/complete.js --warn   prints a warning only

const fs = require('node:fs');
const path = require('node:path');

const prebuilds = path.join(__dirname, '..', '..', 'prebuilds');
const BINARIES = [
  'linux-x64/dgram-native.glibc.node',
  'linux-x64/dgram-native.musl.node',
  'linux-arm64/dgram-native.glibc.node',
  'linux-arm64/dgram-native.musl.node',
  'darwin-x64/dgram-native.node',
  'darwin-arm64/dgram-native.node',
  'win32-x64/dgram-native.node',
  'win32-arm64/dgram-native.node',
];

function main() {
  const isWarning = process.argv.includes('--warn');
  const missing = BINARIES
    .filter((name) => !fs.existsSync(path.join(prebuilds, name)));
  if (missing.length === 0) return;
  console.error(`${isWarning ? 'warning: ' : ''}prebuilds/ lacks ${
    missing.length} of ${BINARIES.length} binaries:`);
  for (const name of missing) console.error(`  ${name}`);
  console.error(isWarning ?
    'On these platforms the packed package compiles the addon during ' +
    'installation, or falls\nback to node:dgram. ' +
    '`npm run build:prebuilt` makes the binaries of this platform.' :
    'The release workflow builds them; `npm publish` requires all of them.');
  process.exitCode = isWarning ? 0 : 1;
}

module.exports = { BINARIES };

if (require.main === module) main();
