'use strict';

module.exports = {
  ...require('../../.mocharc.cjs'),
  spec: require('./plain-on-uv'),
};
