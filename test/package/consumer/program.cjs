'use strict';

// Does not mention dgram-native before the report.
const dgram = require('dgram');

const { createSocket } = dgram;

require('./report.cjs')({ createSocket }, {
  replaced: dgram.Socket === require('dgram-native').Socket,
});
