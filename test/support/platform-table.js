'use strict';

/** The tables of docs/platforms.md, and what a process reports. */

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const packed = require('./package');

const PAGE = path.join(__dirname, '..', '..', 'docs', 'platforms.md');

/** The features in the order of the columns, as `info` names them. */
const FEATURES =
  ['batches', 'GSO', 'GRO', 'reusePort', 'receiveInfo', 'unix_dgram'];

/**
 * @param {number} index of the table
 * @returns {string[][]} the cells of its rows, without the markup; the first
 *   row is the head
 */
function readTable(index) {
  const table = fs.readFileSync(PAGE, 'utf8')
    .split(/<!-- \/?checked.*-->/)[2 * index + 1];
  const [head, , ...rows] = table.trim().split(/\r?\n/);
  return [head, ...rows].map((line) => line.split('|').slice(1, -1)
    .map((cell) => cell.trim().replace(/\[(.*)\]\(.*\)/, '$1')
      .replaceAll('`', '')));
}

/** @returns {Map<string, { transport: string, features: string }>} */
function documented() {
  return new Map(readTable(0).slice(1).map(([name, transport, ...has]) => {
    const features = FEATURES.filter((unused, i) => has[i] === 'yes');
    return [name, { transport, features: features.join(', ') || 'none' }];
  }));
}

/**
 * @param {string} platform as process.platform, or 'fallback'
 * @param {string} [transport] of the process
 * @returns {Record<string, boolean>} dgram.features there
 */
function documentedAdditions(platform, transport = 'uv') {
  const [head, ...rows] = readTable(1);
  const system = {
    darwin: 'macOS', fallback: 'fallback', win32: 'Windows',
    linux: transport === 'linux' ? 'Linux' : 'Linux, uv',
  }[platform];
  const column = head.indexOf(system);
  return Object.fromEntries(rows.map((row) => [row[0], row[column] === 'yes']));
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
 * Runs this Node with the standard settings.
 * @param {string[]} args
 * @param {object} env in addition
 * @returns {string} its output
 */
function runNode(args, env) {
  const usual = Object.fromEntries(Object.entries(process.env)
    .filter(([name]) => !/^DGRAM_NATIVE_(?!BINDING)/.test(name)));
  return execFileSync(process.execPath, args,
    { encoding: 'utf8', env: { ...usual, NODE_OPTIONS: '', ...env } });
}

/**
 * What `dgram-native info` prints.
 * @param {object} [env]
 * @returns {Record<string, string>}
 */
function reported(env = {}) {
  const cli = path.join(path.dirname(packed.main), 'cli.js');
  return Object.fromEntries(runNode([cli, 'info'], env).trim().split(/\r?\n/)
    .map((line) => line.split(/: (.*)/, 2)));
}

/**
 * @param {object} [env]
 * @returns {Record<string, boolean>} dgram.features
 */
function reportedAdditions(env = {}) {
  const main = JSON.stringify(packed.main);
  return JSON.parse(
    runNode(['-p', `JSON.stringify(require(${main}).features)`], env));
}

module.exports = {
  documented, documentedAdditions, reported, reportedAdditions, rowOf,
};
