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
const host = require('./host');
const settings = require('./settings');
const { checkWhole } = require('./elf-check');

const { process } = globalThis;

// dirname() and resolve() are what Node's loader has just used: compiled.
const ROOT = path.dirname(host.directory ?? path.dirname(__dirname));

/** In a bundle of ES modules nothing says where that is. */
const IS_LOST = host.directory === '';

// Another place or another kind of binary is wanted: node-gyp-build knows.
const SWITCHES = [
  'DGRAM_NATIVE_PREBUILD', 'PREBUILDS_ONLY', 'LIBC', 'ARM_VERSION',
  'npm_config_arch', 'npm_config_platform',
];

/** False as well where Node's permission model forbids the look. */
function exists(file) {
  try {
    return fs.existsSync(file);
  } catch {
    return false;
  }
}

function prebuilt() {
  const { arch, platform } = process;
  let tag = '';
  if (platform === 'linux') {
    tag = exists('/etc/alpine-release') ? '.musl' : '.glibc';
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
  ].filter(exists);
}

/**
 * An instance of the addon of its own for each copy of this package, which the
 * program's require.cache knows nothing of.
 */
function open(file) {
  const module = { exports: {} };
  process.dlopen(module, path.toNamespacedPath(file));
  return module.exports;
}

/** What cannot be loaded is a failure, and null. */
function attempt(failures, load) {
  try {
    return load();
  } catch (error) {
    failures.push(error);
    return null;
  }
}

function openWhole(file) {
  checkWhole(file);
  return open(file);
}

/** What node-gyp-build finds; undefined: nothing. */
function searched() {
  try {
    return host.nodeGypBuild().resolve(ROOT);
  } catch {
    return undefined;
  }
}

/**
 * @returns {object|null} the addon; with null, `failures` has an error for each
 *   file that did not load, or the one of node-gyp-build that found none
 */
function search(failures) {
  if (IS_LOST) {
    // Where ncc has made the bundle, the addon is in it.
    const addon = attempt([], () => host.loadElsewhere());
    if (addon === null)
      failures.push(new Error('in a bundle of ES modules it has no folder'));
    return addon;
  }
  const places = usualPlaces();
  for (const file of places) {
    const addon = attempt(failures, () => openWhole(file));
    if (addon !== null) return addon;
  }
  const found = searched();
  // What has failed fails again, with the same error.
  if (places.includes(found)) return null;
  return attempt(failures, () => (found === undefined ?
    host.loadElsewhere() :
    openWhole(found)));
}

/** Loaded late: most installations have an addon. */
function fallBack() {
  return require('./fallback');
}

function find() {
  // Somebody means this one: no other will do.
  if (settings.binding) return open(path.resolve(settings.binding));
  for (const runtime of ['bun', 'deno']) {
    if (process.versions[runtime]) {
      return fallBack().toRuntime(runtime, process.versions[runtime]);
    }
  }
  const failures = [];
  return search(failures) ?? fallBack().toNode(failures);
}

const binding = find();
binding?.configure(settings.addon);

module.exports = binding;
