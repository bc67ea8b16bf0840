'use strict';

/**
 * The fallback as one function. scripts/bundle.js makes it a file of its own,
 * dist/fallback.js, because most programs do not need it; the function then
 * includes the text of all files that it requires, as evaluate() does.
 * @returns {{createSocket: Function, Socket: Function, stats: Function}}
 */
module.exports = function evaluateFallback() {
  return require('./socket');
};
