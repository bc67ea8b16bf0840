'use strict';

/**
 * The underscored members of Socket that Node deprecated (DEP0112) and removed
 * in version 25: here on every Node that still has them.
 */

const { deprecate } = require('node:util');
const { NodeSocket, kState } = require('./borrowed');

const FIELDS = ['handle', 'receiving', 'bindState', 'queue', 'reuseAddr'];

/** Warns at the first call; deprecate() itself is not for every start. */
function withWarning(fn, name) {
  let warning;
  return function(...args) {
    warning ??=
      deprecate(fn, `Socket.prototype.${name} is deprecated`, 'DEP0112');
    return warning.apply(this, args);
  };
}

/**
 * @param {Function} Socket our class
 * @param {{healthCheck: Function, stopReceiving: Function}} actions
 */
function install(Socket, { healthCheck, stopReceiving }) {
  if (!('_handle' in NodeSocket.prototype)) return;
  for (const field of FIELDS) {
    const name = `_${field}`;
    Object.defineProperty(Socket.prototype, name, {
      get: withWarning(function() { return this[kState][field]; }, name),
      set: withWarning(function(value) { this[kState][field] = value; }, name),
    });
  }
  Socket.prototype._healthCheck =
    withWarning(function() { healthCheck(this); }, '_healthCheck()');
  Socket.prototype._stopReceiving =
    withWarning(function() { stopReceiving(this); }, '_stopReceiving()');
}

module.exports = { install };
