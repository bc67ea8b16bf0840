'use strict';

/**
 * The table of destinations. The C core parses each address once and stores it
 * in a slot; descriptors contain the slot number.
 *
 * When the table is full, a hand moves over its slots and reuses those that
 * were not used since it last passed. Pending descriptors must keep their
 * slots. So they are sent when the hand enters a segment of the table, and
 * after that each use of a destination sets `used`, except for the latest one.
 */

const binding = require('../load/binding');
const { BOTH } = require('./loopback');
const { ownText } = require('./own-text');
const { prepareReuse } = require('./reuse');
const { latest } = require('./sources');

const { DESTINATIONS_MAX, FAMILY_UNIX } = binding.layout;

/** The slot that stands for the connected peer of the socket. */
const CONNECTED_PEER = 0;

/** Slots of a segment. */
const SEGMENT = 1024;

class Destination {
  constructor(family, address, port, slot) {
    this.family = family;
    this.address = address;
    this.port = port;
    this.slot = slot; // 0: the slot was reused for another address
    this.used = true;
    // A zone names an interface, which may be renamed or replaced. Such an
    // address is parsed each time.
    this.hasZone = family === 6 && address.includes('%');
  }
}

const NONE = new Destination(0, '', -1, 0);

/** By slot. */
const destinations = [NONE];

/** By address: a Destination, or a Map from port to Destination. */
const byAddress = {
  4: new Map(), 6: new Map(), [BOTH]: new Map(), [FAMILY_UNIX]: new Map(),
};

let lastDestination = NONE;

/** The slot that was reused last. */
let hand = 0;

/** A slot to use next that is not in the table. 0: none */
let spareSlot = 0;

/**
 * Finds or creates the slot of a numeric address.
 * @param {4|6|46} family
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
  lastDestination.used = true; // findDestination() does not set it
  const { source } = latest;
  // An answer goes to the address that just came in, the same string object.
  const isAnswer = source.address === address && source.port === port;
  let destination = isAnswer ? source.destination : null;
  if (destination === null || destination.slot === 0 ||
      destination.family !== family) {
    destination = findInTable(family, address, port);
    if (destination === undefined) {
      return addDestination(family, address, port);
    }
    if (destination.hasZone) return parseAgain(destination);
    if (isAnswer) source.destination = destination;
  }
  destination.used = true;
  lastDestination = destination;
  return destination.slot;
}

function findInTable(family, address, port) {
  const found = byAddress[family].get(address);
  if (found instanceof Map) return found.get(port);
  return found?.port === port ? found : undefined;
}

function parseAgain(destination) {
  const { family, address, port, slot } = destination;
  destination.used = true;
  const status = binding.setDestination(slot, family, address, port);
  return status < 0 ? status : slot;
}

function addDestination(family, address, port) {
  if (spareSlot === 0) spareSlot = takeSlot();
  const slot = spareSlot;
  const status = family === FAMILY_UNIX ?
    binding.setPath(slot, address) :
    binding.setDestination(slot, family, address, port);
  if (status < 0) return status;
  const destination =
    new Destination(family, ownAddress(address), port, slot);
  destinations[slot] = destination;
  spareSlot = 0;
  insert(destination);
  if (!destination.hasZone) lastDestination = destination;
  return slot;
}

/** The same address as a string that the table may keep. */
function ownAddress(address) {
  const { source } = latest;
  return source.address === address ? source.address : ownText(address);
}

function insert(destination) {
  const { family, address, port } = destination;
  const addresses = byAddress[family];
  const found = addresses.get(address);
  if (found === undefined) {
    addresses.set(address, destination);
  } else if (found instanceof Map) {
    found.set(port, destination);
  } else {
    addresses.set(
      address, new Map([[found.port, found], [port, destination]]));
  }
}

function remove(destination) {
  const { family, address, port } = destination;
  const addresses = byAddress[family];
  const found = addresses.get(address);
  if (found instanceof Map && found.size > 1) found.delete(port);
  else addresses.delete(address);
  destination.slot = 0; // last: none that can be found has slot 0
}

/** @returns {number} an unused slot: a new one, or one to reuse */
function takeSlot() {
  if (destinations.length < DESTINATIONS_MAX) return destinations.length;
  for (;;) {
    if (hand === DESTINATIONS_MAX - 1) hand = 0;
    if (hand % SEGMENT === 0) prepareReuse();
    hand++;
    const destination = destinations[hand];
    if (destination !== lastDestination && !destination.used) {
      remove(destination);
      return hand;
    }
    destination.used = false;
  }
}

module.exports = { CONNECTED_PEER, findDestination };
