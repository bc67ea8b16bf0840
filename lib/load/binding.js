'use strict';

/**
 * Finds and loads the compiled addon: a local build, else the prebuilt one for
 * this platform. Exports the addon, or null if node:dgram is to be used.
 *
 * DGRAM_NATIVE_BINDING names another build of it; the tests use that. The
 * variables of node-gyp-build (PREBUILDS_ONLY, LIBC, ...) have their usual
 * meaning.
 */

const fs = require('node:fs');
const path = require('node:path');
const entry = require('./entry');
const settings = require('./settings');
const { checkComplete } = require('./elf-check');

const { process } = globalThis;

// Node's loader has just used dirname() and resolve(), so they are compiled.
const ROOT = path.dirname(entry.directory ?? path.dirname(__dirname));

/** A bundle of ES modules has no __dirname to search from. */
const IS_MODULE_BUNDLE = entry.directory === '';

// These choose another folder or another kind of binary; node-gyp-build
// implements them.
const SEARCH_VARIABLES = [
  'DGRAM_NATIVE_PREBUILD', 'PREBUILDS_ONLY', 'LIBC', 'ARM_VERSION',
  'npm_config_arch', 'npm_config_platform',
];

/** False, too, if Node's permission model denies reading. */
function exists(file) {
  try {
    return fs.existsSync(file);
  } catch {
    return false;
  }
}

function prebuilt(root) {
  const { arch, platform } = process;
  let tag = '';
  if (platform === 'linux') {
    tag = exists('/etc/alpine-release') ? '.musl' : '.glibc';
  }
  return path.resolve(root, 'prebuilds', `${platform}-${arch}`,
                      `dgram-native${tag}.node`);
}

function built(root) {
  return path.resolve(root, 'build', 'Release', 'dgram_native.node');
}

/**
 * The files that node-gyp-build would find first. Looking there directly saves
 * its load time of two to three milliseconds.
 */
function usualFiles() {
  if (SEARCH_VARIABLES.some((name) => process.env[name])) return [];
  return [built(ROOT), prebuilt(ROOT)].filter(exists);
}

/**
 * Loads an addon. Each copy of this package has an instance of its own, which
 * is not in the program's require.cache.
 */
function open(file) {
  const module = { exports: {} };
  process.dlopen(module, path.toNamespacedPath(file));
  return module.exports;
}

function openComplete(file) {
  checkComplete(file);
  return open(file);
}

/** @returns {object|null} null if action() throws; `failures` has the error */
function attempt(failures, action) {
  try {
    return action();
  } catch (error) {
    failures.push(error);
    return null;
  }
}

/** @returns {string|undefined} the file that node-gyp-build finds */
function resolveFile() {
  try {
    return entry.requireNodeGypBuild().resolve(ROOT);
  } catch {
    return undefined;
  }
}

/** ncc puts the addon into the bundle; other bundlers leave it behind. */
function searchModuleBundle(failures) {
  const addon = attempt([], () => entry.loadTracedAddon());
  if (addon === null) {
    failures.push(new Error(
      'a bundle of ES modules has no __dirname from which to find the addon'));
  }
  return addon;
}

/**
 * @param {Error[]} failures receives an error for each file that does not load,
 *   or that of node-gyp-build if there is no file
 * @returns {object|null} the addon; null if there are only failures
 */
function search(failures) {
  if (IS_MODULE_BUNDLE) return searchModuleBundle(failures);
  const files = usualFiles();
  for (const file of files) {
    const addon = attempt(failures, () => openComplete(file));
    if (addon !== null) return addon;
  }
  const found = resolveFile();
  // This file would fail again with the same error.
  if (files.includes(found)) return null;
  return attempt(failures, () => (found === undefined ?
    entry.loadTracedAddon() :
    openComplete(found)));
}

/** Where addons were searched for; see reportFallback(). */
function describePlace() {
  const root = process.env.DGRAM_NATIVE_PREBUILD || ROOT;
  const files = [prebuilt(root), built(root)];
  return {
    root,
    missing: IS_MODULE_BUNDLE || files.some(exists) ? [] : files,
    isBundle: !exists(path.resolve(ROOT, 'binding.gyp')),
    isModuleBundle: IS_MODULE_BUNDLE,
  };
}

/** Loaded late: usually there is nothing to report. */
function diagnostics() {
  return require('./diagnostics');
}

/** DGRAM_NATIVE_BINDING is explicit: no other addon is tried. */
function openNamed() {
  try {
    const file = path.resolve(settings.binding);
    const addon = exists(file) ? openComplete(file) : open(file);
    if (typeof addon.configure === 'function') return addon;
    throw new Error('it is not an addon of dgram-native');
  } catch (error) {
    throw diagnostics().bindingError(error);
  }
}

/** The addon takes its best transport if it has none of that name. */
function checkTransport(actual) {
  const { transport } = settings.addon;
  if (transport === undefined || transport === actual) return;
  settings.rejected.push(
    { name: 'DGRAM_NATIVE_TRANSPORT', value: transport, actual });
}

function find() {
  if (settings.forcesNode) return null;
  if (settings.binding) return openNamed();
  for (const runtime of ['bun', 'deno']) {
    if (process.versions[runtime]) {
      diagnostics().reportRuntime(runtime, process.versions[runtime]);
      checkTransport('node');
      return null;
    }
  }
  const failures = [];
  const addon = search(failures);
  if (addon === null) diagnostics().reportFallback(failures, describePlace());
  return addon;
}

function load() {
  try {
    const addon = find();
    if (addon !== null) {
      addon.configure(settings.addon);
      if (settings.queueAlways) addon.queueAlways(true);
      checkTransport(addon.transport);
    }
    return addon;
  } finally {
    if (settings.rejected.length > 0) {
      diagnostics().warnSettings(settings.rejected);
    }
  }
}

module.exports = load();
