'use strict';

/** Sends the checked datagrams of sendMany(); see send-many-list.js. */

const errors = require('../errors/errors');
const outbox = require('../batch/outbox');
const { expandColumns } = require('./send-many-list');

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

function createGroup(handle, callback, total) {
  if (callback === undefined) return null;
  const group = new outbox.SendGroup(callback, total, handle);
  if (total === 0) group.countFinished(0);
  return group;
}

/**
 * @param {UDP} handle
 * @param {Packets} batch of readPackets()
 * @param {function(string): boolean} [isBlocked]
 * @param {function(Error|null, number)} [callback]
 * @returns {number} datagrams that the kernel or its queue was given
 */
function sendPackets(handle, batch, isBlocked, callback) {
  if (isBlocked !== undefined) expandColumns(batch);
  return batch.columns === null ?
    sendList(handle, batch, isBlocked, callback) :
    sendColumns(handle, batch.columns, callback);
}

function sendList(handle, { list, width }, isBlocked, callback) {
  const group = createGroup(handle, callback, list.length / width);
  const packets = isBlocked === undefined || width === 1 ?
    list :
    filterBlocked(list, isBlocked, group);
  outbox.sendMany(handle, packets, width, group);
  return packets.length / width;
}

function sendColumns(handle, columns, callback) {
  outbox.sendColumns(handle, columns,
                     createGroup(handle, callback, columns.count));
  return columns.count;
}

module.exports = { isNumeric, sendPackets };
