'use strict';

/**
 * The Node versions that the suites run on.
 */

const { execFileSync } = require('node:child_process');
const { existsSync } = require('node:fs');
const { nodeBinary, supported } = require('../matrix/nodes');

/**
 * @typedef {object} NodeUnderTest
 * @property {string} version
 * @property {string} binary
 * @property {string|undefined} sourceUrl  on Node's release server
 * @property {string[]} flags  for every process of a test
 */

/**
 * Since 25 Node has a global `localStorage` that warns when it is read, and
 * test/common of earlier suites reads every global. A test that checks its
 * standard error or counts warnings then fails, whatever it tests. Without that
 * global, Node matches what these suites were written for.
 */
const WITHOUT_STORAGE = '--no-experimental-webstorage';

const DESCRIBE = `JSON.stringify({
  version: process.versions.node,
  sourceUrl: process.release.sourceUrl,
  storage: 'localStorage' in globalThis,
})`;

/**
 * @param {string} binary
 * @returns {NodeUnderTest}
 */
function describeNode(binary) {
  const { storage, ...rest } = JSON.parse(
    execFileSync(binary, ['--print', DESCRIBE], {
      encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' },
    }));
  return { binary, ...rest, flags: storage ? [WITHOUT_STORAGE] : [] };
}

/** @returns {NodeUnderTest} the running Node */
function runningNode() {
  return describeNode(process.execPath);
}

/**
 * @param {string} name  a path, or a version of `npm run test:matrix`
 * @returns {NodeUnderTest}
 */
function namedNode(name) {
  if (name === process.versions.node) return runningNode();
  return describeNode(existsSync(name) ? name : nodeBinary(name));
}

/**
 * One Node of each supported major version; the running Node for its own.
 * @returns {NodeUnderTest[]}
 */
function everyNode() {
  const major = (version) => version.split('.')[0];
  return supported.map((version) => namedNode(
    major(version) === major(process.versions.node) ?
      process.versions.node : version));
}

module.exports = { everyNode, namedNode, runningNode };
