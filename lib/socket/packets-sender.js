'use strict';

/** Sends the checked list of sendMany(); see packets.js. */

const errors = require('../errors/errors');
const outbox = require('../batch/outbox');

/** Removes blocked destinations, and fails their part of `group`. */
function filterBlocked(list, isBlocked, group) {
  const allowed = [];
  for (let i = 0; i < list.length; i += 3) {
    if (isBlocked(list[i + 2])) group?.fail(errors.ipBlocked(list[i + 2]));
    else allowed.push(list[i], list[i + 1], list[i + 2]);
  }
  return allowed;
}

/** Parses the address, which leaves it in the table of destinations. */
function isNumeric(family, address, port) {
  return outbox.findDestination(family, address, port) >= 0;
}

/**
 * @param {UDP} handle
 * @param {{list: Array, width: 1|3}} batch of readPackets()
 * @param {function(string): boolean} [isBlocked]
 * @param {function(Error|null, number)} [callback]
 * @returns {number} datagrams that the kernel or its queue was given
 */
function sendPackets(handle, { list, width }, isBlocked, callback) {
  const group = callback === undefined ?
    null :
    new outbox.SendGroup(callback, list.length / width);
  if (list.length === 0) group?.countFinished(0);
  const packets = isBlocked === undefined || width === 1 ?
    list :
    filterBlocked(list, isBlocked, group);
  outbox.sendMany(handle, packets, width, group);
  return packets.length / width;
}

module.exports = { isNumeric, sendPackets };
