'use strict';

/**
 * The diagnostics channel 'dgram-native:drops': the kernel has dropped
 * datagrams because the receive buffer of a socket was full.
 */

const dc = require('node:diagnostics_channel');

const channel = dc.channel('dgram-native:drops');

/**
 * @param {UDP|undefined} handle undefined: it was closed in the meantime
 * @param {number} dropped datagrams since the last message; 0: none
 */
function publishDrops(handle, dropped) {
  if (dropped === 0 || !channel.hasSubscribers) return;
  const socket = handle?.owner;
  if (!socket || handle.closed) return;
  const { kernelDrops } = handle.stats();
  channel.publish({ socket, dropped, kernelDrops });
}

module.exports = { publishDrops };
