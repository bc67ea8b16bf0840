'use strict';

/**
 * Loads the addon through a call that @vercel/nft and ncc trace, so that they
 * include the `.node` file in their output.
 *
 * This is a file of its own, in the syntax of ES2020: ncc's parser knows no
 * newer one, and skips any file that has it. It stays beside the entry, because
 * bundlers give it the entry's __dirname.
 */

const path = require('node:path');

module.exports = function loadTracedAddon() {
  return require('node-gyp-build')(path.join(__dirname, '..'));
};
