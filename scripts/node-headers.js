'use strict';

// Finds the directory with node_api.h and uv.h of the running Node, for tools
// that read src/ without node-gyp.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

function candidates() {
  const version = process.versions.node;
  const cache = {
    darwin: path.join(os.homedir(), 'Library', 'Caches'),
    win32: process.env.LOCALAPPDATA,
  }[process.platform] ?? path.join(os.homedir(), '.cache');
  return [
    process.env.npm_config_nodedir,
    process.config.variables.nodedir,
    path.join(path.dirname(fs.realpathSync(process.execPath)), '..'),
    path.join(process.env.npm_config_devdir ?? path.join(cache, 'node-gyp'),
              version),
  ].filter(Boolean).map((root) => path.join(root, 'include', 'node'));
}

function find() {
  return candidates().find((dir) => ['node_api.h', 'uv.h']
    .every((name) => fs.existsSync(path.join(dir, name))));
}

/**
 * @returns {string} the include directory
 * @throws {Error} if it is missing and node-gyp cannot download it
 */
function nodeHeaders() {
  const known = find();
  if (known) return known;
  execFileSync(process.execPath,
    [require.resolve('node-gyp/bin/node-gyp.js'), 'install', '--ensure'],
    { stdio: ['ignore', 'inherit', 'inherit'] });
  const fetched = find();
  if (!fetched) throw new Error(`no headers of Node ${process.version} found`);
  return fetched;
}

module.exports = { nodeHeaders };
