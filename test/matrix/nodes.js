'use strict';

// The Node binaries of `npm run test:matrix`, from the registry's node-linux-*
// packages. They are stored as .cache/nodes/VERSION/bin/node.
// DGRAM_NATIVE_NODES names another directory of that layout, to share one.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { unpackNode } = require('../../scripts/node-package');

const root = path.join(__dirname, '..', '..');
const cache = path.resolve(process.env.DGRAM_NATIVE_NODES ??
  path.join(root, '.cache', 'nodes'));

const supported = ['18.20.8', '20.20.2', '22.23.3', '24.21.0', '26.10.0'];

function major(version) {
  return Number.parseInt(version, 10);
}

/** The supported release lines other than that of the running Node. */
const versions = supported
  .filter((version) => major(version) !== major(process.versions.node));

function versionOf(binary) {
  const options = { encoding: 'utf8' };
  return execFileSync(binary, ['-p', 'process.versions.node'], options).trim();
}

/**
 * @param {string} version such as '18.20.8'
 * @returns {string} path of that Node's binary, downloaded if it is missing
 * @throws {Error} if no package has it, or the package has another version
 */
function nodeBinary(version) {
  const binary = path.join(cache, version, 'bin', 'node');
  if (fs.existsSync(binary)) return binary;
  if (process.platform !== 'linux') {
    throw new Error(`the matrix needs Linux; put Node ${version} at ${binary}`);
  }
  unpackNode(version, path.join(cache, version), ['bin/node']);
  const found = versionOf(binary);
  if (found !== version) {
    fs.rmSync(path.join(cache, version), { recursive: true });
    throw new Error(`the package of Node ${version} contains Node ${found}`);
  }
  return binary;
}

module.exports = { nodeBinary, supported, versions };

if (require.main === module) {
  for (const version of versions) console.log(nodeBinary(version));
}
