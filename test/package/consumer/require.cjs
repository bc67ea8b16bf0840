'use strict';

const dgram = require('dgram-native');

require('./report.cjs')(dgram, {
  exports: Object.keys(dgram),
  manifest: require('dgram-native/package.json').name,
});
