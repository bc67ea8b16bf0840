'use strict';

/**
 * Finds copies of Node's test suite. None is part of this repository; downloads
 * are stored in a cache folder that git ignores. They are searched in this
 * order: the caller's path, the cache, Node's release server, the source
 * package of a Debian system.
 */

const fs = require('node:fs');
const https = require('node:https');
const path = require('node:path');
const { pipeline } = require('node:stream/promises');
const { DebianArchive, rank } = require('./debian');
const { runningNode } = require('./node');
const { unpackSuite } = require('./archive');

const SILENCE_LIMIT = 10000;
const MARKER = 'suite.json';
const VERSION = /(\d+)\.(\d+)\.(\d+)/;

/**
 * @typedef {import('./node').NodeUnderTest} NodeUnderTest
 * @typedef {object} Suite
 * @property {string} root  directory that holds test/ and benchmark/
 * @property {string|undefined} version  of the Node it was written for
 * @property {string} origin  its source
 */

function majorOf(version) {
  return Number(VERSION.exec(version)?.[1]);
}

function hasTests(root) {
  return fs.existsSync(path.join(root, 'test', 'parallel'));
}

/** From src/node_version.h if it is there, else from the directory's name. */
function versionOfTree(root) {
  const header = path.join(root, 'src', 'node_version.h');
  if (fs.existsSync(header)) {
    const text = fs.readFileSync(header, 'utf8');
    const part = (name) =>
      new RegExp(`#define NODE_${name}_VERSION (\\d+)`).exec(text)?.[1];
    return ['MAJOR', 'MINOR', 'PATCH'].map(part).join('.');
  }
  return VERSION.exec(path.basename(path.resolve(root)))?.[0];
}

function readSuite(root) {
  const marker = path.join(root, MARKER);
  if (!fs.existsSync(marker)) return undefined;
  return { root, ...JSON.parse(fs.readFileSync(marker, 'utf8')) };
}

/** The suite that was chosen for a Node the last time. */
function choiceOf(cache, { version }) {
  return path.join(cache, `for-${version}.json`);
}

function inCache(cache, node) {
  const choice = choiceOf(cache, node);
  if (fs.existsSync(choice)) {
    const { suite } = JSON.parse(fs.readFileSync(choice, 'utf8'));
    return readSuite(path.join(cache, suite));
  }
  const own = fs.readdirSync(cache)
    .filter((name) => majorOf(name) === majorOf(node.version))
    .map((name) => readSuite(path.join(cache, name)))
    .filter(Boolean);
  return rank(own, node.version)[0];
}

/** @param {string} url @param {string} file */
async function download(url, file) {
  const response = await new Promise((resolve, reject) => {
    const request = https.get(url, { timeout: SILENCE_LIMIT }, resolve);
    request.once('error', reject);
    request.once('timeout', () => request.destroy(
      new Error(`no answer within ${SILENCE_LIMIT / 1000} s`)));
  });
  if (response.statusCode !== 200) {
    response.destroy();
    throw new Error(`the server answered ${response.statusCode}`);
  }
  await pipeline(response, fs.createWriteStream(file));
}

/**
 * A source of suites: returns the versions that it has for a Node, best first,
 * each with a function that downloads it.
 * @typedef {(node: NodeUnderTest) => Offer[]} Place
 * @typedef {object} Offer
 * @property {string} version
 * @property {(directory: string) => Promise<string>|string} download  returns
 *   the archive's path
 */

/** @type {Place} */
function releaseServer({ version, sourceUrl }) {
  if (!sourceUrl) throw new Error('this Node does not name its source');
  const fetch = async (directory) => {
    const file = path.join(directory, path.basename(sourceUrl));
    await download(sourceUrl, file);
    return file;
  };
  return [{ version, download: fetch }];
}

/** @returns {Place} a source that runs apt on first use */
function debian(directory) {
  let archive;
  return ({ version }) => {
    archive ??= new DebianArchive(directory);
    return archive.find(version).map((found) => ({
      version: found.version,
      download: (target) => archive.download(found, target),
    }));
  };
}

/** Unpacks next to the final place, so that a partial copy is never used. */
function keep(cache, { archive, version }, origin) {
  const root = path.join(cache, version);
  const partial = fs.mkdtempSync(path.join(cache, 'partial-'));
  try {
    unpackSuite(archive, partial);
    fs.writeFileSync(path.join(partial, MARKER),
                     JSON.stringify({ version, origin }));
    fs.rmSync(root, { recursive: true, force: true });
    fs.renameSync(partial, root);
  } finally {
    fs.rmSync(partial, { recursive: true, force: true });
  }
  return { root, version, origin };
}

/** A suite of another major version would fail for unrelated reasons. */
function demandFit(version, node) {
  if (version && majorOf(version) !== majorOf(node.version)) {
    throw new Error(
      `the suite is of Node ${version}, this is Node ${node.version}`);
  }
}

function fromCaller(source, cache, node) {
  if (!fs.existsSync(source)) throw new Error(`no such source: ${source}`);
  if (fs.statSync(source).isDirectory()) {
    const root = path.resolve(source);
    if (!hasTests(root)) throw new Error(`no test/parallel in ${source}`);
    const version = versionOfTree(root);
    demandFit(version, node);
    return { root, version, origin: 'named directory' };
  }
  const version = VERSION.exec(path.basename(source))?.[0];
  if (!version) throw new Error(`no version in the name of ${source}`);
  demandFit(version, node);
  return keep(cache, { archive: path.resolve(source), version },
              'named archive');
}

/** Downloads a suite, unless the cache has that version. */
async function accept({ version, download: start }, origin, cache, directory) {
  const known = readSuite(path.join(cache, version));
  if (known) return known;
  const target = fs.mkdtempSync(path.join(directory, 'archive-'));
  return keep(cache, { archive: await start(target), version }, origin);
}

/** Returns the result of `attempt`; records the reason if it fails. */
async function without(failures, about, attempt) {
  try {
    return await attempt();
  } catch (error) {
    failures.push(`${about}: ${error.message}`);
    return undefined;
  }
}

async function fetchSuite(places, node, cache, directory, log) {
  const failures = [];
  for (const [origin, place] of Object.entries(places)) {
    log(`looking for the suite of Node ${node.version}: ${origin}`);
    const offers = await without(failures, origin, () => place(node)) ?? [];
    // One after the other: an index may be newer than the archive.
    for (const offer of offers) {
      const suite = await without(failures, `${origin}, ${offer.version}`,
        () => accept(offer, origin, cache, directory));
      if (!suite) continue;
      fs.writeFileSync(choiceOf(cache, node),
                       JSON.stringify({ suite: suite.version }));
      return suite;
    }
  }
  throw new Error([
    `no test suite for Node ${node.version}; name one with --source`,
    ...failures,
  ].join('\n  '));
}

/**
 * @param {object} options
 * @param {NodeUnderTest[]} options.nodes
 * @param {string} [options.source]  directory with test/, or a .tar.gz/.tar.xz
 * @param {string} options.cache  directory for downloads
 * @param {(line: string) => void} options.log  receives progress messages
 * @returns {Promise<Suite[]>} one for each of `nodes`
 * @throws {Error} if there is none, or the caller's is for another major
 *   version
 */
async function findSuites({ nodes, source, cache, log }) {
  fs.mkdirSync(cache, { recursive: true });
  if (source) return nodes.map((node) => fromCaller(source, cache, node));
  const directory = fs.mkdtempSync(path.join(cache, 'download-'));
  const places = {
    'Node release': releaseServer,
    'Debian source package': debian(directory),
  };
  try {
    const suites = [];
    for (const node of nodes) {
      suites.push(inCache(cache, node) ??
        await fetchSuite(places, node, cache, directory, log));
    }
    return suites;
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

/** findSuites() for the running Node. */
async function findSuite(options) {
  const [suite] = await findSuites({ nodes: [runningNode()], ...options });
  return suite;
}

module.exports = { findSuite, findSuites };
