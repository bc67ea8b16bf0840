'use strict';

// Knows nothing of dgram-native until it reports.
const dgram = require('dgram');

const { createSocket } = dgram;

require('./report.cjs')({ createSocket }, {
  replaced: dgram.Socket === require('dgram-native').Socket,
});
