'use strict';

/**
 * A copy of what the tests read, for a build that is not this machine's: build/
 * of the checkout stays as it is.
 */

const fs = require('node:fs');
const path = require('node:path');

const { root } = require('./support');

const FILES = [
  'lib', 'test', 'scripts', 'examples', 'docs', 'src', 'package.json',
  'binding.gyp', '.mocharc.cjs',
];

/**
 * @param {string} cache below the checkout, whose node_modules serve the copy
 * @returns {string} the folder `tree` in it, without a build; `tree/packed` is
 *   the packed package
 */
function stageTree(cache) {
  const tree = path.join(cache, 'tree');
  fs.rmSync(tree, { recursive: true, force: true });
  for (const name of FILES) {
    fs.cpSync(path.join(root, name), path.join(tree, name), {
      recursive: true,
      filter: (source) => !/[/\\](?:build|\.cache)$/.test(source),
    });
  }
  fs.symlinkSync(path.join(root, 'node_modules'),
                 path.join(tree, 'node_modules'));
  // Packed here: a platform may have no npm.
  const { directory } = require('../support/package');
  fs.cpSync(directory, path.join(tree, 'packed'), { recursive: true });
  return tree;
}

/**
 * Arguments of Node for the last step of an installation, on the platform: V8's
 * code cache of `tree/packed`. The working directory is the tree.
 */
const INSTALL = ['packed/scripts/code-cache.js'];

module.exports = { INSTALL, stageTree };
