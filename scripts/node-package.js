'use strict';

// Parts of other Nodes, out of the registry's node-linux-* packages: the
// binaries of the test matrix and the headers of the prebuilt addon.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

function npm(args, cwd) {
  // Within `npm run` this is the npm that was called, whatever PATH says.
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
 * @param {string} target directory that is to hold the part, as
 *   TARGET/bin/node or TARGET/include/node; made whole or not at all
 * @param {string[]} members what to take out of the package
 * @throws {Error} where no package has it
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
