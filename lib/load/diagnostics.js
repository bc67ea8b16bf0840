'use strict';

/**
 * The errors and warnings of loading: no addon, an addon that does not load,
 * settings that are rejected. binding.js requires this file only if there is
 * something to report.
 */

const settings = require('./settings');

const { process } = globalThis;

/** The first line of an error of dlopen() or node-gyp-build. */
function reasonOf(error) {
  return String(error?.message ?? error).split('\n', 1)[0].trim();
}

/** Ends a sentence that may have come with its full stop. */
function sentence(text) {
  return text.endsWith('.') ? text : `${text}.`;
}

function codedError(code, message, cause) {
  const error = new Error(message, { cause });
  error.code = code;
  return error;
}

/**
 * The error for a DGRAM_NATIVE_BINDING that does not load.
 * @param {Error} cause
 * @returns {Error} ERR_DGRAM_NATIVE_BINDING
 */
function bindingError(cause) {
  return codedError(
    'ERR_DGRAM_NATIVE_BINDING',
    `DGRAM_NATIVE_BINDING is '${settings.binding}', which failed to load: ` +
    `${sentence(reasonOf(cause))} Set it to the path of a compiled addon ` +
    '(dgram_native.node), or unset it to use the addon of the package.', cause);
}

/** @throws {Error} ERR_DGRAM_NATIVE_FALLBACK if it is disabled */
function requireFallback(reason, remedy, cause) {
  if (settings.fallback) return;
  const value = process.env.DGRAM_NATIVE_FALLBACK;
  throw codedError(
    'ERR_DGRAM_NATIVE_FALLBACK',
    'dgram-native cannot load its compiled addon, and DGRAM_NATIVE_FALLBACK ' +
    `is '${value}', which disables the fallback to node:dgram: ` +
    `${sentence(reason)} ${remedy} Unset DGRAM_NATIVE_FALLBACK to use ` +
    'node:dgram instead.', cause);
}

/**
 * Remembers for the process that a warning was emitted; a worker inherits this
 * when it is started.
 * @returns {boolean} true the first time
 */
function isFirst(code) {
  try {
    const { getEnvironmentData, setEnvironmentData } =
      require('node:worker_threads');
    if (getEnvironmentData(code)) return false;
    setEnvironmentData(code, true);
  } catch {
    // worker_threads cannot be loaded once `process` is frozen.
  }
  return true;
}

/** Emits a process warning, once per process. */
function warn(code, message, detail) {
  if (isFirst(code)) process.emitWarning(message, { code, detail });
}

/** The remedy for addons that did not load. */
function remedyOf(failures, place) {
  const codes = failures.map((error) => error?.code);
  if (codes.includes('ERR_DLOPEN_DISABLED')) {
    return 'Run Node.js without --no-addons and, if it runs with ' +
      '--permission, with --allow-addons.';
  }
  if (codes.includes('ERR_ACCESS_DENIED')) {
    return `Run Node.js with --allow-fs-read=${place.root}/*.`;
  }
  if (place.isModuleBundle) {
    return 'Mark dgram-native as external in the bundler, or set ' +
      'DGRAM_NATIVE_BINDING to the path of the addon.';
  }
  if (place.isBundle) {
    return 'Mark dgram-native as external in the bundler, or copy its ' +
      `prebuilds/ folder to ${place.root}.`;
  }
  return 'Run "npm rebuild dgram-native", or install the package again on ' +
    'this machine.';
}

function missingOf({ missing }) {
  return missing.length === 0 ? '' : ` (missing: ${missing.join(', ')})`;
}

/**
 * Reports the fallback to node:dgram: a warning, once per process.
 * @param {Error[]} failures one for each addon that did not load, or that of
 *   node-gyp-build, which found none
 * @param {object} place where addons were searched for
 * @param {string} place.root the folder of the package
 * @param {string[]} place.missing the usual paths, if there is no file at any
 * @param {boolean} place.isBundle whether the package is part of a bundle
 * @param {boolean} place.isModuleBundle whether that has ES modules
 * @throws {Error} ERR_DGRAM_NATIVE_FALLBACK if the fallback is disabled; its
 *   cause is the failure, or an AggregateError of several
 */
function reportFallback(failures, place) {
  const reasons = failures.map(reasonOf).join('; ');
  const reason = reasons + missingOf(place);
  const remedy = remedyOf(failures, place);
  requireFallback(reason, remedy, failures.length === 1 ?
    failures[0] : new AggregateError(failures, reasons));
  warn('DGRAM_NATIVE_FALLBACK',
       `dgram-native falls back to node:dgram: ${sentence(reason)} ${remedy}`,
       'dgram.transport is \'node\'. Set DGRAM_NATIVE_FALLBACK=0 to make ' +
       'this an error, or DGRAM_NATIVE_TRANSPORT=node to use node:dgram ' +
       'without a warning. See docs/installing.md of dgram-native.');
}

/**
 * Checks that node:dgram may be used on Bun and Deno, which have sockets of
 * their own and no libuv. The installation is fine, so there is no warning.
 * @throws {Error} ERR_DGRAM_NATIVE_FALLBACK if the fallback is disabled
 */
function reportRuntime(name, version) {
  requireFallback(`${name} ${version} is not Node.js`, 'Run it on Node.js.');
}

function describeRejected({ name, value, expected, actual }) {
  if (actual !== undefined) {
    return `${name} is '${value}', which is not available here; '${actual}' ` +
      'is used.';
  }
  if (expected !== undefined) {
    return `${name} is '${value}'; expected ${expected}. The default is used.`;
  }
  if (name === 'DGRAM_NATIVE_LINGER') {
    return `${name} was renamed; set DGRAM_NATIVE_BUSY_POLL instead.`;
  }
  return `${name} is not a setting of dgram-native; it is ignored.`;
}

/**
 * Warns of all rejected settings at once, once per process.
 * @param {object[]} rejected `rejected` of settings.js; with `actual`, the
 *   transport that is used because the one of that name is not available
 */
function warnSettings(rejected) {
  warn('DGRAM_NATIVE_SETTING', rejected.map(describeRejected).join(' '),
       'docs/api.md of dgram-native lists all settings.');
}

module.exports = { bindingError, reportFallback, reportRuntime, warnSettings };
