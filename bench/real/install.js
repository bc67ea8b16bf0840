'use strict';

/**
 * The npm packages that are measured, in a folder that git ignores. They are
 * installed before the first run, in the versions of packages/, without their
 * install scripts.
 */

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');

const MANIFEST = path.join(__dirname, 'packages');
const FILES = ['package.json', 'package-lock.json', '.npmrc'];
const HOME = path.join(__dirname, '..', '..', '.cache', 'bench-real');

/** Written last, so that an interrupted install starts again. */
const STAMP = path.join(HOME, 'installed.json');

/** npm of the running Node, otherwise of PATH. */
function npmCommand() {
  const beside = path.join(path.dirname(process.execPath), 'npm');
  const cli = process.env.npm_execpath ??
    (fs.existsSync(beside) ? fs.realpathSync(beside) : undefined);
  return cli === undefined ? ['npm'] : [process.execPath, cli];
}

function manifest() {
  return FILES.map((name) =>
    fs.readFileSync(path.join(MANIFEST, name), 'utf8')).join('\n');
}

function isInstalled() {
  return fs.existsSync(STAMP) &&
    fs.readFileSync(STAMP, 'utf8') === manifest();
}

/** @throws {Error} with the output of npm */
function installPackages() {
  if (isInstalled()) return;
  console.log('installing the packages of bench/real/packages');
  fs.mkdirSync(HOME, { recursive: true });
  for (const name of FILES)
    fs.copyFileSync(path.join(MANIFEST, name), path.join(HOME, name));
  const [command, ...args] = [
    ...npmCommand(), 'ci', '--ignore-scripts', '--no-audit', '--no-fund',
  ];
  const { status, stdout, stderr } =
    spawnSync(command, args, { cwd: HOME, encoding: 'utf8' });
  if (status !== 0)
    throw new Error(`npm ci in ${HOME} failed: ${stdout}${stderr}`);
  fs.writeFileSync(STAMP, manifest());
}

/** require() for the installed packages. */
const packageRequire = createRequire(path.join(HOME, 'package.json'));

module.exports = { installPackages, packageRequire };
