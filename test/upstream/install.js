'use strict';

/**
 * The package under test: a copy of the packed files with the addon of
 * `npm run build`, which it finds like an installed package. A variable that
 * names the addon would be lost in tests that replace the environment of their
 * child processes.
 */

const fs = require('node:fs');
const path = require('node:path');
const staged = require('../support/package');

/**
 * @typedef {object} Installed
 * @property {string} package  its directory, as a real path
 * @property {string} register
 */

/**
 * @param {string} directory  to be created below this repository, so that the
 *   package's dependency is found in node_modules
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
