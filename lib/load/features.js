'use strict';

const { versions } = globalThis.process;

/** Bun and Deno have a node:dgram of their own, without a handle. */
const isNode = versions.bun === undefined && versions.deno === undefined;

/**
 * `dgram.features`: which additions to node:dgram this process has.
 *
 * @param {object|null} addon null on the fallback
 * @returns {object} frozen; a boolean for each name
 */
function listFeatures(addon) {
  const hasAddon = addon !== null;
  // Options that libuv does not have; src/platform/ implements them.
  const hasOptions = hasAddon && addon.hasOptions;
  return Object.freeze({
    // options of createSocket()
    closeWhenCollected: hasAddon,
    device: hasOptions,
    dualStack: hasAddon,
    freebind: hasOptions,
    icmpErrors: hasAddon && addon.hasIcmpErrors,
    lookupCache: true,
    mark: hasOptions,
    multicastAll: hasOptions,
    priority: hasOptions,
    receiveInfo: hasAddon && addon.features().receiveInfo,
    reuseBatch: hasAddon,
    sendHighWaterMark: hasAddon,
    sharedBuffers: hasAddon,
    steering: hasOptions,
    transparent: hasOptions,
    txtime: hasAddon && addon.hasOptions && addon.features().sendSettings,
    // methods, and arguments of methods
    detach: hasAddon && addon.hasTickets,
    dontFragment: hasOptions,
    kernelDrops: hasOptions,
    membershipInterface: hasOptions,
    pacingRate: hasOptions,
    pathMTU: hasOptions,
    pause: hasAddon || isNode,
    sendSettings: hasAddon && addon.features().sendSettings,
    stats: hasAddon,
    typeOfService: hasOptions,
    // types of sockets
    unixDgram: hasAddon && addon.features().unixDgram,
  });
}

module.exports = { listFeatures };
