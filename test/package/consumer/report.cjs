'use strict';

const path = require('node:path');

const echo = require('./echo.cjs');

/** The counters of the addon that the package loaded; null without one. */
function stats() {
  const manifest = require.resolve('dgram-native/package.json');
  return require(path.join(path.dirname(manifest), 'lib', 'binding'))
    ?.stats() ?? null;
}

/** Prints what the test wants to know of a process that uses `dgram`. */
module.exports = async function report(dgram, more) {
  const echoed = await echo(dgram);
  const files = Object.keys(require.cache);
  console.log(JSON.stringify({
    node: process.versions.node,
    transport: require('dgram-native').transport,
    echoed,
    stats: stats(),
    addons: files.filter((file) => file.endsWith('.node')),
    searched: files.some((file) => file.includes('node-gyp-build')),
    ...more,
  }));
};
