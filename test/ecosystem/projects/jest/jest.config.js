'use strict';

const { ECOSYSTEM_ORDER: order, ECOSYSTEM_SETUP: setup } = process.env;

// Jest's defaults, except for the choice of files and for speed.
module.exports = {
  cache: false,
  setupFiles: setup ? [setup] : [],
  testMatch: order.split(',').map((name) => `**/${name}.jest.js`),
  testSequencer: `${__dirname}/sequencer.js`,
  transform: {},
  watchman: false,
};
