'use strict';

/** Node's sources from the archive that a Debian system installs from. */

const fs = require('node:fs');
const path = require('node:path');

const { privateApt } = require('../support/debian');

/** Releases with different major versions of Node; missing ones are ignored. */
const SUITES = ['bookworm', 'trixie', 'forky', 'sid', 'experimental'];

function compare(a, b) {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  const index = left.findIndex((part, at) => part !== right[at]);
  return index < 0 ? 0 : left[index] - right[index];
}

/**
 * Sorts candidates, best first: the same major version, not newer than the
 * Node, newest first; then the newer ones, oldest first; then those of earlier
 * major versions, whose tests are still valid for the API.
 *
 * @template {{ version: string }} T
 * @param {T[]} candidates
 * @param {string} wanted  version of Node
 * @returns {T[]}
 */
function rank(candidates, wanted) {
  const newestFirst = [...candidates]
    .sort((a, b) => compare(b.version, a.version));
  const notNewer = newestFirst
    .filter(({ version }) => compare(version, wanted) <= 0);
  const own = ({ version }) => version.split('.')[0] === wanted.split('.')[0];
  return [
    ...notNewer.filter(own),
    ...newestFirst.filter((one) => own(one) && !notNewer.includes(one))
      .reverse(),
    ...notNewer.filter((one) => !own(one)),
  ];
}

/** The Debian archive; its lists are downloaded once. */
class DebianArchive {
  #apt;
  #candidates;
  #complaint;

  /** @param {string} directory  an empty one; apt works in it */
  constructor(directory) {
    this.#apt = privateApt(directory, 'deb-src', SUITES);
    // The exit code is ignored: a removed release is an error for apt.
    this.#complaint = this.#apt(directory, 'apt-get', 'update').stderr;
    const known =
      this.#apt(directory, 'apt-cache', 'showsrc', 'nodejs').stdout;
    this.#candidates = [
      ...known.matchAll(/^Version: ((\d+\.\d+\.\d+)\S*)$/gm),
    ].map(([, full, version]) => ({ full, version }));
  }

  /**
   * @param {string} wanted  version of Node
   * @returns {{ full: string, version: string }[]}  best first
   * @throws {Error} if Debian has none
   */
  find(wanted) {
    const ranked = rank(this.#candidates, wanted);
    if (ranked.length > 0) return ranked;
    const seen = this.#candidates.map(({ version }) => version).join(', ');
    throw new Error(seen ? `only has Node ${seen}` :
      this.#complaint.trim().split('\n').pop());
  }

  /**
   * @param {{ full: string, version: string }} chosen  from find()
   * @param {string} directory  an empty one
   * @returns {string} the archive's path
   * @throws {Error} if it cannot be downloaded
   */
  download({ full }, directory) {
    // Other parts of the source package may be missing; they are not needed.
    const source = this.#apt(directory, 'apt-get', 'source', '--download-only',
                             '--tar-only', `nodejs=${full}`);
    const archive = fs.readdirSync(directory)
      .find((name) => /^nodejs_.*\.orig\.tar\.\w+$/.test(name));
    if (!archive) throw new Error(source.stderr.trim().split('\n').pop());
    return path.join(directory, archive);
  }
}

module.exports = { DebianArchive, rank };
