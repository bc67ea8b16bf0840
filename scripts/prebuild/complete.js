'use strict';

// Before the package is published: is every binary that it promises there?
//
//   node scripts/prebuild/complete.js

const fs = require('node:fs');
const path = require('node:path');

const prebuilds = path.join(__dirname, '..', '..', 'prebuilds');

const PROMISED = [
  'linux-x64/dgram-native.glibc.node',
  'linux-x64/dgram-native.musl.node',
  'linux-arm64/dgram-native.glibc.node',
  'linux-arm64/dgram-native.musl.node',
  'darwin-x64/dgram-native.node',
  'darwin-arm64/dgram-native.node',
  'win32-x64/dgram-native.node',
  'win32-arm64/dgram-native.node',
];

const missing = PROMISED
  .filter((name) => !fs.existsSync(path.join(prebuilds, name)));

for (const name of missing) console.error(`missing: prebuilds/${name}`);
process.exitCode = missing.length > 0 ? 1 : 0;
