'use strict';

/**
 * Node's sources from the archive that a Debian system installs from. apt does
 * the work, with lists and a cache of its own, so that neither root nor a
 * change to the system's configuration is needed.
 */

const fs = require('node:fs');
const path = require('node:path');
const { spawnSync } = require('node:child_process');

const ETC_APT = '/etc/apt';
const TIME_LIMIT = 300000;

/** Releases that carry different major versions of Node; missing ones do no
 * harm. */
const SUITES = ['bookworm', 'trixie', 'forky', 'sid'];

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

/** deb-src lines for the archive that this system installs from. */
function sourceLines() {
  const release = codename();
  if (!release) throw new Error('this is not a Debian system');
  const entry = readEntries().find(({ uris, suites, components }) =>
    suites.includes(release) && components.includes('main') &&
    /\/debian(?:\/|\.list)?$/.test(uris[0] ?? ''));
  if (!entry) throw new Error(`no archive of ${release} in ${ETC_APT}`);
  const options = entry.key?.startsWith('/') ? `[signed-by=${entry.key}] ` : '';
  return SUITES.map((suite) =>
    `deb-src ${options}${entry.uris[0]} ${suite} main\n`).join('');
}

/** apt with all of its state below `directory`. */
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
    // apt would otherwise fetch as a user who may not enter our directory.
    'APT::Sandbox::User=root',
  ].flatMap((option) => ['-o', option]);

  return (command, ...args) => {
    const result = spawnSync(command, [...options, ...args], {
      cwd: directory,
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

/** The newest that is no newer than the running Node, else the oldest. */
function choose(candidates) {
  const running = process.versions.node;
  const sameMajor = candidates
    .filter(({ version }) => version.split('.')[0] === running.split('.')[0])
    .sort((a, b) => compare(a.version, b.version));
  const notNewer = sameMajor
    .filter(({ version }) => compare(version, running) <= 0);
  return notNewer.pop() ?? sameMajor[0];
}

/**
 * @param {string} directory  an empty one; apt works in it
 * @returns {{ archive: string, version: string }}
 * @throws {Error} if Debian has no source of this major version of Node
 */
function downloadFromDebian(directory) {
  const apt = privateApt(directory);
  // Its exit code says little: a release that has gone is an error to apt.
  const update = apt('apt-get', 'update');
  const known = apt('apt-cache', 'showsrc', 'nodejs').stdout;
  const candidates = [...known.matchAll(/^Version: ((\d+\.\d+\.\d+)\S*)$/gm)]
    .map(([, full, version]) => ({ full, version }));
  const chosen = choose(candidates);
  if (!chosen) {
    const seen = candidates.map(({ version }) => version).join(', ');
    throw new Error(seen ? `only has Node ${seen}` :
      update.stderr.trim().split('\n').pop());
  }

  // Other parts of the source package may be missing; they are not needed.
  const source = apt('apt-get', 'source', '--download-only', '--tar-only',
                     `nodejs=${chosen.full}`);
  const archive = fs.readdirSync(directory)
    .find((name) => /^nodejs_.*\.orig\.tar\.\w+$/.test(name));
  if (!archive) throw new Error(source.stderr.trim().split('\n').pop());
  return { archive: path.join(directory, archive), version: chosen.version };
}

module.exports = { downloadFromDebian };
