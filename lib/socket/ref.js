'use strict';

/** ref() and unref(). */

const { Socket } = require('./constructor');
const { kState } = require('./state');

/**
 * The open socket keeps the process alive: the default.
 * @returns {Socket} this
 * @since Node 0.9.1
 */
Socket.prototype.ref = function() {
  this[kState].handle?.ref();
  return this;
};

/**
 * The open socket does not keep the process alive.
 * @returns {Socket} this
 * @since Node 0.9.1
 */
Socket.prototype.unref = function() {
  this[kState].handle?.unref();
  return this;
};
