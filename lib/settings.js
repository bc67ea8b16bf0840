'use strict';

/**
 * The variables of the environment that choose how datagrams are moved, as
 * binding.configure() takes them. Read once, when the package is loaded; a
 * worker has those of its own `env`.
 */

const { env } = process;

/** @returns {boolean} false only for '0' */
function isOn(name) {
  return env[name] !== '0';
}

module.exports = {
  transport: env.DGRAM_NATIVE_TRANSPORT,
  gso: isOn('DGRAM_NATIVE_GSO'),
  gro: isOn('DGRAM_NATIVE_GRO'),
  linger: isOn('DGRAM_NATIVE_LINGER'),
  keepHeap: env.DGRAM_NATIVE_KEEP_HEAP === '1',
};
