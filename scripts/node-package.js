'use strict';

// Files of other Node versions, from the registry's node-linux-* packages: the
// binaries of the test matrix and the headers of the prebuilt addon.

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
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/**
 * @param {string} version such as '18.20.8'
 * @param {string} target directory to create, with TARGET/bin/node or
 *   TARGET/include/node; created completely or not at all
 * @param {string[]} members files to extract from the package
 * @throws {Error} if no package has that version
 */
function unpackNode(version, target, members) {
  const parent = path.dirname(target);
  fs.mkdirSync(parent, { recursive: true });
  const scratch = fs.mkdtempSync(path.join(parent, 'fetch-'));
  try {
    const spec = `node-linux-${process.arch}@${version}`;
    const [{ filename }] = JSON.parse(npm(['pack', '--json', spec], scratch));
    execFileSync('tar', [
      '-xzf', filename, ...members.map((name) => `package/${name}`),
    ], { cwd: scratch });
    fs.renameSync(path.join(scratch, 'package'), target);
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true });
  }
}

module.exports = { unpackNode };
