'use strict';

/**
 * The table of destinations. The C core parses each address once and stores it
 * in a slot; descriptors contain the slot number.
 */

const binding = require('../load/binding');

const { DESTINATIONS_MAX } = binding.layout;

/** The slot that stands for the connected peer of the socket. */
const CONNECTED_PEER = 0;

/** Slots of parsed destinations: address → port → slot. */
const destinations = { 4: new Map(), 6: new Map() };
let slotsUsed = CONNECTED_PEER;
let lastDestination = { family: 0, address: '', port: 0, slot: 0 };

/** How often slots were given up; those found before are not valid. */
let resets = 0;

/** Sends the pending datagrams of all send batches. */
let flushSendBatches;

/** @param {function()} flush called before slots are reused */
function beforeReset(flush) {
  flushSendBatches = flush;
}

/**
 * Finds or creates the slot of a numeric address.
 * @param {4|6} family
 * @param {string} address
 * @param {number} port
 * @returns {number} the slot, or a negative UV_ code if the address is not
 *   numeric
 */
function findDestination(family, address, port) {
  return port === lastDestination.port &&
    address === lastDestination.address &&
    family === lastDestination.family ?
    lastDestination.slot :
    lookUpDestination(family, address, port);
}

function lookUpDestination(family, address, port) {
  const slot = destinations[family].get(address)?.get(port) ??
    addDestination(family, address, port);
  // A zone names an interface, which may be renamed or replaced. Such an
  // address is parsed anew each time.
  if (slot > 0 && !address.includes('%')) {
    lastDestination = { family, address, port, slot };
  }
  return slot;
}

function addDestination(family, address, port) {
  if (slotsUsed === DESTINATIONS_MAX - 1) resetDestinations();
  const slot = slotsUsed + 1;
  const status = binding.setDestination(slot, family, address, port);
  if (status < 0) return status;
  slotsUsed = slot;
  if (!address.includes('%')) {
    const byAddress = destinations[family];
    let ports = byAddress.get(address);
    if (ports === undefined) byAddress.set(address, ports = new Map());
    ports.set(port, slot);
  }
  return slot;
}

/** Empties the table. Pending descriptors that contain a slot leave first. */
function resetDestinations() {
  flushSendBatches();
  // `slotsUsed` comes last: a slot is reused only when no entry refers to it.
  lastDestination = { family: 0, address: '', port: 0, slot: 0 };
  resets++;
  destinations[4].clear();
  destinations[6].clear();
  slotsUsed = CONNECTED_PEER;
}

/** @returns {number} changes when slots found earlier become invalid */
function countResets() {
  return resets;
}

module.exports = {
  CONNECTED_PEER, beforeReset, countResets, findDestination,
};
