'use strict';

/** ERR_SOCKET_BUFFER_SIZE, the one error whose class Node does not export. */

const { NodeSocket, kState } = require('./node-internals');

// Programs may replace both later.
const { captureStackTrace } = Error;
const { getRecvBufferSize } = NodeSocket.prototype;

/**
 * Creates the error with Node's own method, called on a stand-in for a socket
 * whose handle reports the failure.
 * @param {object} context errno, code, message and syscall, filled in by the
 *   addon's bufferSize()
 * @param {Function} above the stack begins with the caller of this function
 * @returns {Error}
 */
function bufferSizeError(context, above) {
  const handle = {
    bufferSize(size, which, out) { Object.assign(out, context); },
  };
  try {
    return getRecvBufferSize.call({ [kState]: { handle } });
  } catch (error) {
    captureStackTrace(error, above);
    return error;
  }
}

module.exports = { bufferSizeError };
