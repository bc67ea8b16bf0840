'use strict';

/**
 * Finds the addon in the words that @vercel/nft and ncc look for, so that they
 * take the file along. A file of its own, without newer syntax: ncc's parser
 * knows JavaScript up to 2020, and looks at no file that has more.
 */

const path = require('node:path');

module.exports = function loadElsewhere() {
  return require('node-gyp-build')(path.join(__dirname, '..'));
};
