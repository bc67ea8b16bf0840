'use strict';

require('./report.cjs')(require('dgram-native/promises'));
