'use strict';

/**
 * Unpacks what the tests need from an archive of Node's sources.
 */

const { spawnSync } = require('node:child_process');

const NEEDED = ['test', 'benchmark'];
const LISTING_LIMIT = 64 * 1024 * 1024;

function tar(args) {
  const result = spawnSync('tar', args, {
    encoding: 'utf8',
    maxBuffer: LISTING_LIMIT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (result.error) throw result.error;
  if (result.status !== 0)
    throw new Error(`tar: ${result.stderr.trim().split('\n')[0]}`);
  return result.stdout;
}

/**
 * @param {string} archive  .tar.gz or .tar.xz with one directory on top
 * @param {string} directory  gets test/ and benchmark/
 * @throws {Error} if tar cannot read it
 */
function unpackSuite(archive, directory) {
  const [top] = tar(['-tf', archive]).split('/', 1);
  tar(['-xf', archive, '-C', directory, '--strip-components=1',
       ...NEEDED.map((name) => `${top}/${name}`)]);
}

module.exports = { unpackSuite };
