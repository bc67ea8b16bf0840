'use strict';

/**
 * The DGRAM_NATIVE_* variables of the environment, read once: docs/api.md lists
 * them. The C core is told; getenv() there, beside a setenv() of another
 * thread, would be a race.
 */

const { env } = globalThis.process;

const isOn = (name) => env[`DGRAM_NATIVE_${name}`] === '1';
const isOff = (name) => env[`DGRAM_NATIVE_${name}`] === '0';

const TRANSPORTS = ['linux', 'uv'];

module.exports = {
  /** Another build of the addon; undefined: whichever is found. */
  binding: env.DGRAM_NATIVE_BINDING || undefined,
  /** Whether node:dgram may take our place. */
  fallback: !isOff('FALLBACK'),
  sharedBuffers: isOn('SHARED_BUFFERS'),

  /** What the addon's configure() takes. */
  addon: {
    transport: TRANSPORTS.find((name) => env.DGRAM_NATIVE_TRANSPORT === name),
    gso: !isOff('GSO'),
    gro: !isOff('GRO'),
    busyPoll: !isOff('BUSY_POLL'),
    keepHeap: isOn('KEEP_HEAP'),
  },
};
