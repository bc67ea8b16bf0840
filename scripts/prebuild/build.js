'use strict';

// Builds the binaries of the published package for this platform and
// architecture: prebuilds/PLATFORM-ARCH/, where node-gyp-build finds them.
//
//   node scripts/prebuild/build.js [--libc glibc] [--libc musl]
//
// On Linux both by default, musl with Debian's musl-gcc (or the default
// compiler if the system uses musl). --libc has no effect on other platforms.
//
// They are compiled with the headers of the oldest supported Node, in a copy of
// the published files, so that the developer's build/ is not changed.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { OLDEST, headersOf } = require('./headers');

const root = path.join(__dirname, '..', '..');
const SOURCES = ['binding.gyp', 'package.json', 'src'];

const isAlpine = fs.existsSync('/etc/alpine-release');

/** The environment in which node-gyp builds a binary for `libc`. */
function toolchain(libc) {
  return libc === 'musl' && !isAlpine ?
    { CC: 'musl-gcc', CXX: 'musl-gcc' } : {};
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

function build(libc) {
  const prebuildify = require.resolve('prebuildify/bin.js');
  execFileSync(process.execPath, [
    prebuildify, '--napi', '--strip', '--target', OLDEST, '--out', root,
    ...(libc ? ['--libc', libc, '--tag-libc'] : []),
  ], {
    cwd: stage(libc ?? process.platform),
    env: {
      npm_config_loglevel: 'warn', // node-gyp is verbose
      ...process.env,
      ...headers(),
      ...toolchain(libc),
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

function main() {
  const { values } = parseArgs({
    options: { libc: { type: 'string', multiple: true } },
  });
  if (process.platform !== 'linux') {
    build();
    return;
  }
  const libcs = values.libc ?? (isAlpine ? ['musl'] : ['glibc', 'musl']);
  for (const libc of libcs) build(libc);
}

main();
