'use strict';

/**
 * The package under test: a copy of the packed files beside the addon of
 * `npm run build`, which it finds as an installed package finds its own. Tests
 * that replace the environment of their children would lose a variable that
 * names it.
 */

const fs = require('node:fs');
const path = require('node:path');
const staged = require('../support/package');

/**
 * @typedef {object} Installed
 * @property {string} package  its directory, which has no symbolic link in it
 * @property {string} register
 */

/**
 * @param {string} directory  that does not exist yet, below this repository:
 *   the package's dependency is found in its node_modules
 * @returns {Installed}
 */
function install(directory) {
  fs.cpSync(staged.directory, directory, { recursive: true });
  const release = path.join(directory, 'build', 'Release');
  fs.mkdirSync(release, { recursive: true });
  fs.copyFileSync(process.env.DGRAM_NATIVE_BINDING,
                  path.join(release, 'dgram_native.node'));
  const real = fs.realpathSync(directory);
  return { package: real, register: path.join(real, 'dist', 'register.js') };
}

module.exports = { install };
