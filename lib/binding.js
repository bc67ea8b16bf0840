'use strict';

/**
 * Finds the compiled addon: one that was built here, else the prebuilt one of
 * this platform. Exports it, or null where node:dgram has to do; fallback.js
 * says so, or throws.
 *
 * DGRAM_NATIVE_BINDING names another build of it (the tests' own). The switches
 * of node-gyp-build (PREBUILDS_ONLY, LIBC, ...) work as they do there.
 */

const fs = require('node:fs');
const path = require('node:path');
const { checkWhole } = require('./whole-file');

// dirname() and resolve() are what Node's loader has just used: compiled.
const ROOT = path.dirname(__dirname);

// Another place or another kind of binary is wanted: node-gyp-build knows.
const SWITCHES = [
  'DGRAM_NATIVE_PREBUILD', 'PREBUILDS_ONLY', 'LIBC', 'ARM_VERSION',
  'npm_config_arch', 'npm_config_platform',
];

function prebuilt() {
  const { arch, platform } = process;
  let tag = '';
  if (platform === 'linux') {
    tag = fs.existsSync('/etc/alpine-release') ? '.musl' : '.glibc';
  }
  return path.resolve(ROOT, 'prebuilds', `${platform}-${arch}`,
                      `dgram-native${tag}.node`);
}

/**
 * Where node-gyp-build would look first: to look there at once saves its own
 * two or three milliseconds.
 */
function usualPlaces() {
  if (SWITCHES.some((name) => process.env[name])) return [];
  return [
    path.resolve(ROOT, 'build', 'Release', 'dgram_native.node'),
    prebuilt(),
  ].filter((file) => fs.existsSync(file));
}

function load(file) {
  checkWhole(file);
  return require(file);
}

/**
 * @returns {object|null} the addon; with null, `failures` has an error for each
 *   file that did not load, or the one of node-gyp-build that found none
 */
function search(failures) {
  const places = usualPlaces();
  for (const file of places) {
    try {
      return load(file);
    } catch (error) {
      failures.push(error);
    }
  }
  try {
    const found = require('node-gyp-build').resolve(ROOT);
    // What has failed fails again, with the same error.
    if (places.includes(found)) return null;
    checkWhole(found);
    // In this form, which @vercel/nft knows, so that it copies the file.
    return require('node-gyp-build')(path.join(__dirname, '..'));
  } catch (error) {
    failures.push(error);
    return null;
  }
}

/** Loaded late: most installations have an addon. */
function fallBack() {
  return require('./fallback');
}

function find() {
  const named = process.env.DGRAM_NATIVE_BINDING;
  // Somebody means this one: no other will do.
  if (named) return require(path.resolve(named));
  for (const runtime of ['bun', 'deno']) {
    if (process.versions[runtime]) {
      return fallBack().toRuntime(runtime, process.versions[runtime]);
    }
  }
  const failures = [];
  return search(failures) ?? fallBack().toNode(failures);
}

/** Before the first socket, and once: see the addon's configure(). */
function configured(binding) {
  if (binding !== null && binding.stats().sockets === 0) {
    binding.configure(require('./settings'));
  }
  return binding;
}

module.exports = configured(find());
