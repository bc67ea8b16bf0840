'use strict';

console.log(require('dgram-native').transport);
