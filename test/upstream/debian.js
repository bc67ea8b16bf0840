'use strict';

/**
 * Node's sources from the archive that a Debian system installs from. apt
 * downloads them with separate lists and a separate cache, without root and
 * without changes to the system's configuration.
 */

const fs = require('node:fs');
const path = require('node:path');
const { spawnSync } = require('node:child_process');

const ETC_APT = '/etc/apt';
const TIME_LIMIT = 300000;

/** Releases with different major versions of Node; missing ones are ignored. */
const SUITES = ['bookworm', 'trixie', 'forky', 'sid', 'experimental'];

function codename() {
  const file = '/etc/os-release';
  if (!fs.existsSync(file)) return undefined;
  const text = fs.readFileSync(file, 'utf8');
  return /^ID=debian$/m.test(text) ?
    /^VERSION_CODENAME=(\w+)$/m.exec(text)?.[1] : undefined;
}

/** `deb [option=value] uri suite component...` */
function parseOneLine(text) {
  const entry = /^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+(.+)$/;
  return text.split('\n').map((line) => entry.exec(line.trim()))
    .filter(Boolean)
    .map(([, options = '', uri, suite, components]) => ({
      uris: [uri],
      suites: [suite],
      components: components.split(/\s+/),
      key: /signed-by=(\S+)/i.exec(options)?.[1],
    }));
}

/** Paragraphs of `Field: value`, as in a .sources file. */
function parseDeb822(text) {
  return text.split(/\n\s*\n/).map((paragraph) => {
    const field = (name) => new RegExp(`^${name}:[ \\t]*(.*)$`, 'im')
      .exec(paragraph)?.[1].trim().split(/\s+/).filter(Boolean) ?? [];
    return {
      enabled: field('Enabled')[0] !== 'no' && field('Types').includes('deb'),
      uris: field('URIs'),
      suites: field('Suites'),
      components: field('Components'),
      key: field('Signed-By')[0],
    };
  }).filter(({ enabled }) => enabled);
}

function readEntries() {
  const parts = path.join(ETC_APT, 'sources.list.d');
  const files = fs.existsSync(parts) ?
    fs.readdirSync(parts).map((name) => path.join(parts, name)) : [];
  return [path.join(ETC_APT, 'sources.list'), ...files]
    .filter((file) => /\.(?:list|sources)$/.test(file) && fs.existsSync(file))
    .flatMap((file) => {
      const text = fs.readFileSync(file, 'utf8');
      return file.endsWith('.list') ? parseOneLine(text) : parseDeb822(text);
    });
}

/** deb-src lines for the archive of this system. */
function sourceLines() {
  const release = codename();
  if (!release) throw new Error('this is not a Debian system');
  const entry = readEntries().find(({ uris, suites, components }) =>
    suites.includes(release) && components.includes('main') &&
    /\/debian(?:\/|\.list)?$/.test(uris[0] ?? ''));
  if (!entry) throw new Error(`no archive for ${release} in ${ETC_APT}`);
  const options = entry.key?.startsWith('/') ? `[signed-by=${entry.key}] ` : '';
  return SUITES.map((suite) =>
    `deb-src ${options}${entry.uris[0]} ${suite} main\n`).join('');
}

/** apt with all its state below `directory`; it downloads into `cwd`. */
function privateApt(directory) {
  const lists = path.join(directory, 'lists');
  const cache = path.join(directory, 'cache');
  const sources = path.join(directory, 'sources.list');
  fs.mkdirSync(path.join(lists, 'partial'), { recursive: true });
  fs.mkdirSync(path.join(cache, 'archives', 'partial'), { recursive: true });
  fs.writeFileSync(sources, sourceLines());
  const options = [
    `Dir::Etc::sourcelist=${sources}`,
    'Dir::Etc::sourceparts=/dev/null',
    `Dir::State::lists=${lists}`,
    `Dir::Cache=${cache}`,
    // Otherwise apt downloads as a user without access to the directory.
    'APT::Sandbox::User=root',
  ].flatMap((option) => ['-o', option]);

  return (cwd, command, ...args) => {
    const result = spawnSync(command, [...options, ...args], {
      cwd,
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: TIME_LIMIT,
    });
    if (result.error) throw result.error;
    return result;
  };
}

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
    this.#apt = privateApt(directory);
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
