'use strict';

/** The table of docs/platforms.md, and what a process reports. */

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const packed = require('./package');

const PAGE = path.join(__dirname, '..', '..', 'docs', 'platforms.md');

/** The features in the order of the columns, as `info` names them. */
const FEATURES =
  ['batches', 'GSO', 'GRO', 'reusePort', 'receiveInfo', 'unix_dgram'];

/** @returns {Map<string, { transport: string, features: string }>} */
function documented() {
  const table = fs.readFileSync(PAGE, 'utf8')
    .split(/<!-- \/?checked.*-->/)[1];
  return new Map(table.trim().split(/\r?\n/).slice(2).map((line) => {
    const [name, transport, ...has] = line.split('|').slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', ''));
    const features = FEATURES.filter((unused, i) => has[i] === 'yes');
    return [name, { transport, features: features.join(', ') || 'none' }];
  }));
}

/** A Linux release as a number that can be compared: 5.12.3 is 5012003. */
function numberOf(release) {
  const [major = 0, minor = 0, patch = 0] = release.split(/[^\d]+/).map(Number);
  return (major * 1000 + minor) * 1000 + (patch || 0);
}

/** The row of a Linux release. */
function rowOfLinux(release) {
  const number = numberOf(release);
  if (number >= 7001005) return 'Linux 7.1.5 and newer';
  if (number >= 7000000) return 'Linux 7.0.0 to 7.1.4';
  if (number >= 5012000) return 'Linux 5.12 to 6';
  return number >= 4018000 ? 'Linux 4.18 to 5.11' : 'older Linux';
}

/**
 * The row of a system.
 * @param {string} platform as process.platform
 * @param {string} release as os.release()
 */
function rowOf(platform, release) {
  const names = { darwin: 'macOS', win32: 'Windows' };
  return platform === 'linux' ? rowOfLinux(release) : names[platform];
}

/**
 * What `dgram-native info` prints in a process with the standard settings.
 * @param {object} [env] in addition
 * @returns {Record<string, string>}
 */
function reported(env = {}) {
  const usual = Object.fromEntries(Object.entries(process.env)
    .filter(([name]) => !/^DGRAM_NATIVE_(?!BINDING)/.test(name)));
  const text = execFileSync(process.execPath,
    [path.join(path.dirname(packed.main), 'cli.js'), 'info'],
    { encoding: 'utf8', env: { ...usual, NODE_OPTIONS: '', ...env } });
  return Object.fromEntries(text.trim().split(/\r?\n/)
    .map((line) => line.split(/: (.*)/, 2)));
}

module.exports = { documented, reported, rowOf };
