'use strict';

/**
 * Packages of any release from the archive that a Debian system installs from.
 * apt downloads them with separate lists and a separate cache, without root and
 * without changes to the system's configuration.
 */

const fs = require('node:fs');
const path = require('node:path');
const { execFileSync, spawnSync } = require('node:child_process');

const ETC_APT = '/etc/apt';
const TIME_LIMIT = 300000;

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

/** Lines of a sources.list for the archive of this system. */
function sourceLines(type, suites) {
  const release = codename();
  if (!release) throw new Error('this is not a Debian system');
  const entry = readEntries().find(({ uris, suites, components }) =>
    suites.includes(release) && components.includes('main') &&
    /\/debian(?:\/|\.list)?$/.test(uris[0] ?? ''));
  if (!entry) throw new Error(`no archive for ${release} in ${ETC_APT}`);
  const options = entry.key?.startsWith('/') ? `[signed-by=${entry.key}] ` : '';
  return suites.map((suite) =>
    `${type} ${options}${entry.uris[0]} ${suite} main\n`).join('');
}

/**
 * apt with all its state below `directory`; it downloads into `cwd`.
 * @param {string} directory
 * @param {'deb'|'deb-src'} type
 * @param {string[]} suites of the archive that this system installs from
 * @returns {(cwd: string, command: string, ...args: string[]) => object} runs
 *   a command of apt; the result is that of spawnSync()
 * @throws {Error} if this is not a Debian system
 */
function privateApt(directory, type, suites) {
  const lists = path.join(directory, 'lists');
  const cache = path.join(directory, 'cache');
  const sources = path.join(directory, 'sources.list');
  fs.mkdirSync(path.join(lists, 'partial'), { recursive: true });
  fs.mkdirSync(path.join(cache, 'archives', 'partial'), { recursive: true });
  fs.writeFileSync(sources, sourceLines(type, suites));
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

/**
 * Downloads and unpacks a package of a release, once.
 * @param {string} name
 * @param {string} suite such as 'trixie'
 * @param {string} directory with TARGET below, and apt's lists during the work
 * @returns {string} the folder with its files
 * @throws {Error} if the archive does not have it
 */
function unpackDebian(name, suite, directory) {
  const target = path.join(directory, `${name}-${suite}`);
  if (fs.existsSync(target)) return target;
  fs.mkdirSync(directory, { recursive: true });
  const scratch = fs.mkdtempSync(path.join(directory, 'fetch-'));
  try {
    const apt = privateApt(path.join(scratch, 'apt'), 'deb', [suite]);
    const { stderr } = apt(scratch, 'apt-get', '-qq', 'update');
    const { stderr: reason } = apt(scratch, 'apt-get', '-qq', 'download', name);
    const file = fs.readdirSync(scratch)
      .find((entry) => entry.startsWith(`${name}_`) && entry.endsWith('.deb'));
    if (file === undefined) {
      throw new Error(`no package ${name} in ${suite}: ${stderr}${reason}`);
    }
    const files = path.join(scratch, 'files');
    execFileSync('dpkg', ['-x', path.join(scratch, file), files]);
    fs.renameSync(files, target);
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true });
  }
  return target;
}

module.exports = { privateApt, unpackDebian };
