'use strict';

const path = require('node:path');
const { default: Sequencer } = require('@jest/test-sequencer');

const ORDER = process.env.ECOSYSTEM_ORDER.split(',');

const placeOf = (test) => ORDER.indexOf(path.basename(test.path, '.jest.js'));

/** The files in the order that ECOSYSTEM_ORDER names them. */
module.exports = class extends Sequencer {
  sort(tests) {
    return [...tests].sort((a, b) => placeOf(a) - placeOf(b));
  }
};
