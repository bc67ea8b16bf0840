'use strict';

/**
 * The packages of ../packages/, in a folder that git ignores, so that later
 * runs need no registry. No install script is run: packages with native code
 * contain compiled binaries.
 */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const MANIFEST = path.join(__dirname, '..', 'packages');
const FILES = ['package.json', 'package-lock.json', '.npmrc'];

/** Programs run in subfolders of this one, where they find the packages. */
const home = path.join(__dirname, '..', '..', '..', '.cache', 'ecosystem');

/** Written last, so that an interrupted install is repeated. */
const STAMP = path.join(home, 'installed.json');

/** npm of the running Node, else the one in PATH. */
function npm(args) {
  const beside = path.join(path.dirname(process.execPath), 'npm');
  const cli = process.env.npm_execpath ??
    (fs.existsSync(beside) ? fs.realpathSync(beside) : null);
  const [command, ...first] = cli === null ? ['npm'] : [process.execPath, cli];
  const { status, stdout, stderr } = spawnSync(command, [...first, ...args], {
    cwd: home,
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  if (status !== 0)
    throw new Error(`npm ${args.join(' ')}: ${status}\n${stdout}${stderr}`);
}

/** The version of an install. */
function wanted() {
  return FILES.map((name) =>
    fs.readFileSync(path.join(MANIFEST, name), 'utf8')).join('\n');
}

function isInstalled() {
  try {
    return fs.readFileSync(STAMP, 'utf8') === wanted();
  } catch {
    return false;
  }
}

/** Installs the packages unless they are up to date. */
function installPackages() {
  if (isInstalled()) return;
  console.log('    installing the packages of test/ecosystem/packages');
  fs.mkdirSync(home, { recursive: true });
  for (const name of FILES)
    fs.copyFileSync(path.join(MANIFEST, name), path.join(home, name));
  npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund']);
  fs.writeFileSync(STAMP, wanted());
}

/** @returns {string} the installed file of a package */
function packageFile(...names) {
  return path.join(home, 'node_modules', ...names);
}

module.exports = { home, installPackages, packageFile };
