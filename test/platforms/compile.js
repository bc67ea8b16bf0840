'use strict';

/**
 * Compiles and links the addon for platforms that cannot be run here: every
 * source and the link must pass without a warning. This finds missing headers,
 * types of another width, and functions that a platform lacks.
 */

const fs = require('node:fs');
const path = require('node:path');

const { headersOf } = require('../../scripts/prebuild/headers');
const { environment, zig } = require('../../scripts/prebuild/zig');
const { buildTarget, importLibrary, readTarget } = require('./gyp');
const { toStep } = require('./report');
const { installDebian, root, run } = require('./support');

const NAME = 'compile';
/** The oldest supported Node. */
const HEADERS = '18.20.8';

const env = { ...process.env, ...environment };

/**
 * @typedef {object} Platform
 * @property {string} title
 * @property {'win'|'linux'|'mac'} os of binding.gyp
 * @property {object} packages of Debian, by command
 * @property {string[]} cc the C compiler
 * @property {(directory: string) => string[]|Promise<string[]>} link
 */

/** @returns {Platform} with a cross compiler of Debian */
function withDebian(title, triplet, libc) {
  return {
    title, os: 'linux',
    packages: {
      [`${triplet}-gcc`]: `gcc-${triplet}`,
      [`/usr/${triplet}/include/stdint.h`]: libc, // gcc only recommends it
    },
    cc: [`${triplet}-gcc`, '-fPIC'],
    link: () => ['-Wl,-z,now'],
  };
}

/** @returns {Platform} with the headers and libraries in zig */
function withZig(title, os, target, link) {
  const binary = zig();
  return {
    title, os, packages: {}, link,
    cc: [binary, 'cc', '-target', target, ...(os === 'linux' ? ['-fPIC'] : [])],
  };
}

/** A function, because withZig() downloads. */
function platformsToCompile() {
  // The functions of Node are found when the addon is loaded.
  const mac = () => ['-Wl,-undefined,dynamic_lookup'];
  const windows = async (directory) => [
    await importLibrary([zig(), 'dlltool', '-m', 'arm64'], directory, env),
    '-lws2_32',
  ];
  return [
    withZig('macOS x64', 'mac', 'x86_64-macos.11.0', mac),
    withZig('macOS arm64', 'mac', 'aarch64-macos.11.0', mac),
    withZig('Windows arm64', 'win', 'aarch64-windows-gnu', windows),
    withZig('Linux arm64, musl', 'linux', 'aarch64-linux-musl', () => []),
    withDebian('Linux ppc64le', 'powerpc64le-linux-gnu',
               'libc6-dev-ppc64el-cross'),
    withDebian('Linux armv7l', 'arm-linux-gnueabihf',
               'libc6-dev-armhf-cross'),
  ];
}

/** zig compiles the platform's libraries at first, with warnings of theirs. */
async function prepare({ cc: [command, ...flags] }, directory) {
  const source = path.join(directory, 'empty.c');
  fs.writeFileSync(source, '');
  await run(command, [
    ...flags, '-shared', source, '-o', path.join(directory, 'empty'),
  ], { env });
}

/** @returns {Promise<import('./report').Step>} */
async function compile(platform, directory) {
  const started = Date.now();
  fs.rmSync(directory, { recursive: true, force: true });
  fs.mkdirSync(directory, { recursive: true });
  await prepare(platform, directory);
  const toolchain = {
    cc: platform.cc,
    headers: path.join(headersOf(HEADERS), 'include', 'node'),
    link: await platform.link(directory),
  };
  const target = readTarget(path.join(root, 'binding.gyp'), platform.os);
  const output = path.join(directory, `${target.name}.node`);
  const result = await buildTarget(target, toolchain, { output, root, env });
  return toStep(NAME, platform.title, result, new Set(),
                (Date.now() - started) / 1000);
}

async function runCompile({ cache, log }) {
  const platforms = platformsToCompile();
  await installDebian(Object.assign(
    { python3: 'python3' }, ...platforms.map(({ packages }) => packages)));
  const steps = [];
  for (const platform of platforms) {
    const directory = path.join(cache, platform.title.replace(/\W+/g, '-'));
    const step = await compile(platform, directory);
    log(`${step.title}: ${step.passed} passed, ${step.failed} failed`);
    steps.push(step);
  }
  return { how: 'compiled and linked by zig or a compiler of Debian', steps };
}

module.exports = {
  platforms: {
    [NAME]: {
      title: 'macOS, Windows arm64, Linux arm64 musl, ppc64le, armv7l: ' +
        'compiled and linked',
      run: runCompile,
    },
  },
};
