'use strict';

/**
 * The error of an aborted operation, as Node creates it.
 * @param {AbortSignal} signal aborted; its reason becomes `cause`
 * @returns {Error} ABORT_ERR
 */
function abortError(signal) {
  const error =
    new Error('The operation was aborted', { cause: signal.reason });
  error.code = 'ABORT_ERR';
  error.name = 'AbortError';
  return error;
}

module.exports = { abortError };
