'use strict';

/** Sends the checked datagrams of sendMany(); see send-many-list.js. */

const errors = require('../errors/errors');
const outbox = require('../batch/outbox');
const { expandColumns } = require('./send-many-list');

/**
 * Removes blocked destinations, and fails their part of `group`.
 * @returns {{packets: Array, settings: Array<Settings|null>|null}}
 */
function filterBlocked(list, settings, isBlocked, group) {
  const packets = [];
  const settingsLeft = settings === null ? null : [];
  for (let i = 0; i < list.length; i += 3) {
    if (isBlocked(list[i + 2])) {
      group?.fail(errors.ipBlocked(list[i + 2]));
    } else {
      packets.push(list[i], list[i + 1], list[i + 2]);
      settingsLeft?.push(settings[i / 3]);
    }
  }
  return { packets, settings: settingsLeft };
}

/** @returns {Array<Settings|null>|null} null: none has settings */
function toSettingsList(settings, count) {
  return settings === null || Array.isArray(settings) ?
    settings :
    new Array(count).fill(settings);
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
    sendColumns(handle, batch, callback);
}

function sendList(handle, batch, isBlocked, callback) {
  const { list, width } = batch;
  const count = list.length / width;
  const group = createGroup(handle, callback, count);
  const all = toSettingsList(batch.settings, count);
  const { packets, settings } = isBlocked === undefined || width === 1 ?
    { packets: list, settings: all } :
    filterBlocked(list, all, isBlocked, group);
  outbox.sendMany(handle, packets, width, settings, group);
  return packets.length / width;
}

function sendColumns(handle, { columns, settings }, callback) {
  outbox.sendColumns(handle, columns, settings,
                     createGroup(handle, callback, columns.count));
  return columns.count;
}

module.exports = { isNumeric, sendPackets };
