'use strict';

const fs = require('node:fs');

const echo = require('./echo.cjs');

/** The addons of this thread, one for each copy of the package with one. */
function bindings() {
  const { copies } = require('node:dgram')[Symbol.for('dgram-native')];
  return Object.values(copies).map(({ binding }) => binding)
    .filter((binding) => binding !== null);
}

/** The addon files that are mapped into this process's memory. */
function addonFiles() {
  if (process.platform !== 'linux') return [];
  const lines = fs.readFileSync('/proc/self/maps', 'latin1').split('\n');
  const files = lines.map((line) => line.slice(line.indexOf('/')))
    .filter((file) => file.endsWith('.node'));
  return [...new Set(files)];
}

/** Prints facts about this process and `dgram` for the test. */
module.exports = async function report(dgram, more) {
  const echoed = await echo(dgram);
  const files = Object.keys(require.cache);
  console.log(JSON.stringify({
    node: process.versions.node,
    transport: require('dgram-native').transport,
    echoed,
    stats: bindings()[0]?.stats() ?? null,
    addons: addonFiles(),
    searched: files.some((file) => file.includes('node-gyp-build')),
    ...more,
  }));
};
