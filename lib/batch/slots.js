'use strict';

/** The slots of datagrams with settings: of the destination, and of those. */

const { findDestination } = require('./destinations');
const { countReuses } = require('./reuse');
const { NO_SETTINGS, findSettings } = require('./send-settings');

/**
 * Finds the slot of settings such that findDestination(), called next, leaves
 * it valid: finding one slot may send pending datagrams, which may run user
 * code, whose sends may reuse the other.
 * @param {4|6} family
 * @param {string} address numeric
 * @param {number} port
 * @param {Settings} settings see lib/socket/send-settings.js
 * @returns {number}
 */
function findSettingsFor(family, address, port, settings) {
  for (;;) {
    const reuses = countReuses();
    findDestination(family, address, port);
    const slot = findSettings(settings);
    if (countReuses() === reuses) return slot;
  }
}

/** @param {Settings|null} settings */
function slotOf(settings) {
  return settings === null ? NO_SETTINGS : findSettings(settings);
}

/**
 * Finds the settings of many datagrams in order. The name of an interface is
 * resolved once for a run of datagrams with the same settings.
 */
class SettingsColumn {
  /** @param {Array<Settings|null>} list by datagram */
  constructor(list) {
    this.list = list;
    this.last = null;
    this.slot = NO_SETTINGS;
  }

  /** @param {number} index of the datagram */
  findSlot(index) {
    const settings = this.list[index];
    if (settings !== this.last) {
      this.slot = slotOf(settings);
      this.last = settings;
    }
    return this.slot;
  }
}

module.exports = { SettingsColumn, findSettingsFor, slotOf };
