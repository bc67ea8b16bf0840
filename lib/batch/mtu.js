'use strict';

/**
 * Adds `mtu` to EMSGSIZE, the path MTU in bytes. The kernel knows it for a
 * connected socket.
 * @param {Error} error of a send or a receive
 * @param {UDP} handle
 * @returns {Error} error
 */
function withMtu(error, handle) {
  if (error.code !== 'EMSGSIZE') return error;
  // A program may have a handle of its own.
  const mtu = handle.getPathMTU?.();
  if (mtu > 0) error.mtu = mtu;
  return error;
}

module.exports = { withMtu };
