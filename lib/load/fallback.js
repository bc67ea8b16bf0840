'use strict';

/**
 * What happens where there is no compiled addon: programs go on with
 * node:dgram, which is what they were written for, and are told once.
 * DGRAM_NATIVE_FALLBACK=0 is for programs that rather stop.
 */

const settings = require('./settings');

const { process } = globalThis;

const CODE = 'DGRAM_NATIVE_FALLBACK';

/** The first line of what a dlopen() or node-gyp-build has to say. */
function reasonOf(error) {
  return String(error?.message ?? error).split('\n', 1)[0].trim();
}

function demandAllowed(reason, cause) {
  if (settings.fallback) return;
  const error = new Error(
    `dgram-native has no compiled addon (${reason}), and ` +
    'DGRAM_NATIVE_FALLBACK=0 forbids to use node:dgram instead', { cause });
  error.code = `ERR_${CODE}`;
  throw error;
}

/** Once a process: threads know what was said before they were started. */
function warn(message) {
  const { getEnvironmentData, setEnvironmentData } =
    require('node:worker_threads');
  if (getEnvironmentData(CODE)) return;
  setEnvironmentData(CODE, true);
  process.emitWarning(message, {
    code: CODE,
    detail: 'dgram.transport is \'node\'. See docs/installing.md of ' +
      'dgram-native; DGRAM_NATIVE_FALLBACK=0 makes this an error.',
  });
}

/**
 * @param {Error[]} failures why no addon could be loaded, at least one
 * @returns {null}
 * @throws {Error} ERR_DGRAM_NATIVE_FALLBACK where it is forbidden; its cause is
 *   the failure, or an AggregateError of several
 */
function toNode(failures) {
  const reason = failures.map(reasonOf).join('; ');
  demandAllowed(reason, failures.length === 1 ?
    failures[0] : new AggregateError(failures, reason));
  warn(`dgram-native uses node:dgram, without its compiled addon: ${reason}`);
  return null;
}

/**
 * Bun and Deno have sockets of their own, and no libuv to build ours on. That
 * is no fault of the installation: no warning.
 * @returns {null}
 * @throws {Error} as toNode()
 */
function toRuntime(name, version) {
  demandAllowed(`${name} ${version} is not Node.js`);
  return null;
}

module.exports = { toNode, toRuntime };
