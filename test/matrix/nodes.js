'use strict';

// The Node binaries of `npm run test:matrix`. They come out of the registry's
// node-linux-* packages and stay in .cache/nodes/VERSION/bin/node.
// DGRAM_NATIVE_NODES names another directory of that shape, to share one.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..', '..');
const cache = path.resolve(process.env.DGRAM_NATIVE_NODES ??
  path.join(root, '.cache', 'nodes'));

/** The supported lines besides the Node that runs this script. */
const versions = ['18.20.8', '22.23.3', '24.21.0', '26.10.0'];

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

function versionOf(binary) {
  const options = { encoding: 'utf8' };
  return execFileSync(binary, ['-p', 'process.versions.node'], options).trim();
}

/**
 * @param {string} version such as '18.20.8'
 * @returns {string} path of that Node's binary, fetched when it is not there
 * @throws {Error} where no package has it, or the package holds another version
 */
function nodeBinary(version) {
  const binary = path.join(cache, version, 'bin', 'node');
  if (fs.existsSync(binary)) return binary;
  if (process.platform !== 'linux') {
    throw new Error(`the matrix needs Linux; put Node ${version} at ${binary}`);
  }
  fs.mkdirSync(cache, { recursive: true });
  const scratch = fs.mkdtempSync(path.join(cache, 'fetch-'));
  try {
    const spec = `node-linux-${process.arch}@${version}`;
    const [{ filename }] = JSON.parse(npm(['pack', '--json', spec], scratch));
    execFileSync('tar', ['-xzf', filename, 'package/bin/node'],
                 { cwd: scratch });
    const unpacked = path.join(scratch, 'package');
    const found = versionOf(path.join(unpacked, 'bin', 'node'));
    if (found !== version) throw new Error(`${spec} holds Node ${found}`);
    fs.renameSync(unpacked, path.join(cache, version));
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true });
  }
  return binary;
}

module.exports = { nodeBinary, versions };

if (require.main === module) {
  for (const version of versions) console.log(nodeBinary(version));
}
