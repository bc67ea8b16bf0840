'use strict';

/**
 * The Nodes that the suites run on.
 */

const { execFileSync } = require('node:child_process');
const { existsSync } = require('node:fs');
const { nodeBinary, supported } = require('../matrix/nodes');

/**
 * @typedef {object} NodeUnderTest
 * @property {string} version
 * @property {string} binary
 * @property {string|undefined} sourceUrl  of Node's release server
 * @property {string[]} flags  for every process of a test
 */

/**
 * From 25 on Node has a global `localStorage` that warns when it is read, and
 * test/common of earlier suites reads every global. A test that looks at its
 * standard error or counts warnings then fails, whatever it tests. Without the
 * global, Node is what these suites were written for.
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

/** @returns {NodeUnderTest} the Node that runs this */
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

/** The major version of the running Node counts as the running Node.
 * @returns {NodeUnderTest[]} one of each supported major version */
function everyNode() {
  const major = (version) => version.split('.')[0];
  return supported.map((version) => namedNode(
    major(version) === major(process.versions.node) ?
      process.versions.node : version));
}

module.exports = { everyNode, namedNode, runningNode };
