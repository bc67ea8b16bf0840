'use strict';

const echo = require('./echo.cjs');

/** The counters of the addon that the package loaded; null without one. */
function statsOf([addon]) {
  return addon === undefined ? null : require(addon).stats();
}

/** Prints what the test wants to know of a process that uses `dgram`. */
module.exports = async function report(dgram, more) {
  const echoed = await echo(dgram);
  const files = Object.keys(require.cache);
  const addons = files.filter((file) => file.endsWith('.node'));
  console.log(JSON.stringify({
    node: process.versions.node,
    transport: require('dgram-native').transport,
    echoed,
    stats: statsOf(addons),
    addons,
    searched: files.some((file) => file.includes('node-gyp-build')),
    ...more,
  }));
};
