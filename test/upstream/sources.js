'use strict';

/**
 * Finds a copy of Node's test suite for the Node that runs this. Nothing of it
 * is part of this repository; what is downloaded stays in a cache folder that
 * git ignores. The places, in order: what the caller names, the cache, Node's
 * own release server, the source package of a Debian system.
 */

const fs = require('node:fs');
const https = require('node:https');
const path = require('node:path');
const { pipeline } = require('node:stream/promises');
const { downloadFromDebian } = require('./debian');
const { unpackSuite } = require('./archive');

const SILENCE_LIMIT = 10000;
const MARKER = 'suite.json';
const VERSION = /(\d+)\.(\d+)\.(\d+)/;

/**
 * @typedef {object} Suite
 * @property {string} root  directory that holds test/ and benchmark/
 * @property {string|undefined} version  of the Node it was written for
 * @property {string} origin  where it came from
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

function inCache(cache, major) {
  if (!fs.existsSync(cache)) return undefined;
  return fs.readdirSync(cache)
    .filter((name) => majorOf(name) === major)
    .map((name) => path.join(cache, name))
    .filter((root) => fs.existsSync(path.join(root, MARKER)))
    .map((root) => ({
      root,
      ...JSON.parse(fs.readFileSync(path.join(root, MARKER), 'utf8')),
    }))
    .pop();
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

async function fromRelease(directory) {
  const { sourceUrl } = process.release;
  if (!sourceUrl) throw new Error('this Node does not name its source');
  const file = path.join(directory, path.basename(sourceUrl));
  await download(sourceUrl, file);
  return { archive: file, version: process.versions.node };
}

/** Unpacks beside its final place, so that a broken one is never used. */
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

/** A suite of another major version would fail for reasons of its own. */
function demandFit(version) {
  const running = process.versions.node;
  if (version && majorOf(version) !== majorOf(running))
    throw new Error(`the suite is of Node ${version}, this is Node ${running}`);
}

function fromCaller(source, cache) {
  if (!fs.existsSync(source)) throw new Error(`no such source: ${source}`);
  if (fs.statSync(source).isDirectory()) {
    const root = path.resolve(source);
    if (!hasTests(root)) throw new Error(`no test/parallel in ${source}`);
    const version = versionOfTree(root);
    demandFit(version);
    return { root, version, origin: 'named directory' };
  }
  const version = VERSION.exec(path.basename(source))?.[0];
  if (!version) throw new Error(`no version in the name of ${source}`);
  demandFit(version);
  return keep(cache, { archive: path.resolve(source), version },
              'named archive');
}

/**
 * @param {object} options
 * @param {string} [options.source]  directory with test/, or a .tar.gz/.tar.xz
 * @param {string} options.cache  directory for what is downloaded
 * @param {(line: string) => void} options.log  told about what takes long
 * @returns {Promise<Suite>}
 * @throws {Error} if there is none, or one of another major version
 */
async function findSuite({ source, cache, log }) {
  const running = process.versions.node;
  const major = majorOf(running);
  fs.mkdirSync(cache, { recursive: true });

  if (source) return fromCaller(source, cache);
  const cached = inCache(cache, major);
  if (cached) return cached;

  const places = {
    'Node release': fromRelease,
    'Debian source package': downloadFromDebian,
  };
  const failures = [];
  for (const [origin, fetch] of Object.entries(places)) {
    const directory = fs.mkdtempSync(path.join(cache, 'download-'));
    try {
      log(`looking for the suite of Node ${major}: ${origin}`);
      return keep(cache, await fetch(directory), origin);
    } catch (error) {
      failures.push(`${origin}: ${error.message}`);
    } finally {
      fs.rmSync(directory, { recursive: true, force: true });
    }
  }
  throw new Error([
    `no test suite for Node ${running}; name one with --source`, ...failures,
  ].join('\n  '));
}

module.exports = { findSuite };
