'use strict';

/**
 * The methods of a handle that depend on its family, on the permission model
 * and on what the program has replaced.
 */

const { BOTH } = require('../batch/loopback');
const permission = require('../node/permission');
const { UDP } = require('./handle');
const { skipsLiterals } = require('./lookup');

/**
 * Sets the methods for the family of a handle, and remembers its `send`: the
 * outbox is used only while a program has not replaced it.
 */
function setMethods(handle, family, resolve) {
  if (family === BOTH || handle.family === BOTH) {
    family = setDualStack(handle, family);
  }
  if (handle.family !== family) handle.family = family;
  if (handle.lookup !== resolve) handle.lookup = resolve;
  if (family !== 4) {
    handle.bind = handle.bind6;
    handle.connect = handle.connect6;
    handle.send = handle.send6;
  }
  permission.guardHandle(handle);
  if (handle.ownSend !== handle.send) handle.ownSend = handle.send;
}

/** @returns {4|6|46} 4 instead of BOTH if the descriptor is one of IPv4 */
function setDualStack(handle, family) {
  if (handle.family === BOTH) { // another owner's: the methods of IPv4
    for (const name of ['bind', 'connect', 'send']) {
      handle[name] = UDP.prototype[name];
    }
  }
  const isDual = handle.setDualStack(family === BOTH ? 1 : 0) === 1;
  return family === BOTH && !isDual ? 4 : family;
}

/**
 * A dual-stack socket has taken over a descriptor, which may be one of IPv4.
 * @param {UDP} handle
 */
function updateFamily(handle) {
  if (handle.family === BOTH && handle.setDualStack(1) !== 1) {
    setMethods(handle, 4, handle.lookup);
  }
}

/**
 * Prepares a handle that replaces `old`.
 * @param {UDP} handle
 * @param {UDP} old
 */
function inheritMethods(handle, old) {
  setMethods(handle, old.family, old.lookup);
  handle.sharedBuffers = old.sharedBuffers;
  if (old.reuseBatch) handle.reuseBatch = true;
  handle.receiveBlockList = old.receiveBlockList;
  handle.receiveInfo = old.receiveInfo;
  handle.paused = old.paused;
  if (old.sendHighWaterMark !== undefined) {
    handle.sendHighWaterMark = old.sendHighWaterMark;
    handle.setSendHighWaterMark(old.sendHighWaterMark);
  }
}

const { isGuarded } = permission;

/**
 * @param {UDP} handle
 * @returns {boolean} false if a program has replaced `send`, or if the
 *   permission model denies the network: the guard of `send` must then run
 */
function hasOwnSend(handle) {
  return handle.send === handle.ownSend &&
    !(isGuarded && permission.isDenied());
}

/**
 * @param {UDP} handle
 * @returns {boolean} true if no program can notice that a numeric address
 *   skips the lookup
 */
function takesLiterals(handle) {
  return skipsLiterals(handle.lookup, handle.family) && hasOwnSend(handle);
}

module.exports = {
  hasOwnSend, inheritMethods, setMethods, takesLiterals, updateFamily,
};
