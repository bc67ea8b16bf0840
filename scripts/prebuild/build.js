'use strict';

// Builds the binaries of the published package for this platform and
// architecture: prebuilds/PLATFORM-ARCH/, where node-gyp-build finds them.
//
//   node scripts/prebuild/build.js [--libc glibc] [--libc musl] [--all]
//
// On Linux both by default, musl with Debian's musl-gcc (or the default
// compiler if the system uses musl). --libc has no effect on other platforms.
// With --all, Linux x64 builds those of arm64 as well: glibc with Debian's
// cross compiler, musl with zig.
//
// They are compiled with the headers of the oldest supported Node, in a copy of
// the published files, so that the developer's build/ is not changed.

const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { OLDEST, headersOf } = require('./headers');
const { zigWrappers } = require('./zig');

const root = path.join(__dirname, '..', '..');
const SOURCES = ['binding.gyp', 'package.json', 'src'];

const isAlpine = fs.existsSync('/etc/alpine-release');

const CROSS = 'aarch64-linux-gnu';

/** The environment in which node-gyp builds a binary for `libc`. */
function toolchain(arch, libc) {
  if (arch === process.arch) {
    return libc === 'musl' && !isAlpine ?
      { CC: 'musl-gcc', CXX: 'musl-gcc' } : {};
  }
  return {
    ...(libc === 'musl' ? zigWrappers('aarch64-linux-musl') :
      { CC: `${CROSS}-gcc`, CXX: `${CROSS}-g++` }),
    PREBUILD_STRIP_BIN: `${CROSS}-strip`,
  };
}

/**
 * On other platforms node-gyp downloads them from Node's release server, which
 * not every Linux build machine can reach.
 */
function headers() {
  return process.platform === 'linux' ?
    { npm_config_nodedir: headersOf(OLDEST) } : {};
}

function stage(name) {
  const directory = path.join(root, '.cache', 'prebuild', name);
  fs.rmSync(directory, { recursive: true, force: true });
  for (const source of SOURCES) {
    fs.cpSync(path.join(root, source), path.join(directory, source),
              { recursive: true });
  }
  return directory;
}

function build(arch, libc) {
  const prebuildify = require.resolve('prebuildify/bin.js');
  execFileSync(process.execPath, [
    prebuildify, '--napi', '--strip', '--target', OLDEST, '--out', root,
    '--arch', arch,
    ...(libc ? ['--libc', libc, '--tag-libc'] : []),
  ], {
    cwd: stage(`${arch}-${libc ?? process.platform}`),
    env: {
      npm_config_loglevel: 'warn', // node-gyp is verbose
      ...process.env,
      ...headers(),
      ...toolchain(arch, libc),
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

/** Fails before the first binary instead of after the second. */
function requireCrossCompiler() {
  const command = `${CROSS}-gcc`;
  if (spawnSync(command, ['--version']).status !== 0) {
    throw new Error(
      `${command} is missing; install Debian's g++-${CROSS}`);
  }
}

function main() {
  const { values } = parseArgs({
    options: {
      libc: { type: 'string', multiple: true },
      all: { type: 'boolean' },
    },
  });
  if (process.platform !== 'linux') {
    build(process.arch);
    return;
  }
  const arches = values.all && process.arch === 'x64' ?
    ['x64', 'arm64'] : [process.arch];
  if (arches.includes('arm64') && process.arch !== 'arm64')
    requireCrossCompiler();
  const libcs = values.libc ?? (isAlpine ? ['musl'] : ['glibc', 'musl']);
  for (const arch of arches) for (const libc of libcs) build(arch, libc);
}

main();
