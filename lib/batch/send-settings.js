'use strict';

/**
 * The table of send settings: the source address, the interface, the type of
 * service, the TTL and the send time of a datagram. The C core stores each
 * combination in a slot; descriptors contain the slot number, and consecutive
 * datagrams with one slot can form a segment group.
 *
 * Programs use few combinations, except of send times. A full table is emptied
 * as a whole, after the pending datagrams were sent.
 */

const binding = require('../load/binding');
const { ownText } = require('./own-text');
const { prepareReuse } = require('./reuse');

const { SETTINGS_MAX } = binding.layout;

/** The slot of a datagram without settings. */
const NO_SETTINGS = 0;

/** Slots by key. */
const slots = new Map();

/** Changes when the table is emptied: the slots of its settings are invalid. */
let generation = 1;

/**
 * Finds or creates the slot of settings.
 * @param {Settings} settings of lib/socket/send-settings.js
 * @returns {number} the slot. If the address is invalid, one that C rejects
 *   with EINVAL; if the interface does not exist, one that C rejects with
 *   ENODEV
 */
function findSettings(settings) {
  if (settings.generation !== generation) return findInTable(settings);
  return settings.hasName ? storeAgain(settings) : settings.slot;
}

function findInTable(settings) {
  const key = keyOf(settings);
  const found = slots.get(key);
  if (found === undefined) return addSettings(settings, key);
  remember(settings, found);
  return settings.hasName ? storeAgain(settings) : found;
}

/** The interface may be another one than last time, or none. */
function storeAgain(settings) {
  return store(settings.slot, settings) < 0 ? SETTINGS_MAX : settings.slot;
}

/** Only the last part, the interface, may contain any character. */
function keyOf(settings) {
  const { family, localAddress, interface: device, tos, ttl, sendTime } =
    settings;
  const type = typeof device === 'number' ? '#' : '@';
  return `${family}/${tos}/${ttl}/${sendTime}/${localAddress}/` +
    (device === undefined ? '' : `${type}${device}`);
}

function addSettings(settings, key) {
  if (slots.size === SETTINGS_MAX - 1) {
    prepareReuse();
    slots.clear();
    generation++;
  }
  const slot = slots.size + 1;
  if (store(slot, settings) < 0) return SETTINGS_MAX;
  slots.set(ownText(key), slot);
  return remember(settings, slot);
}

function remember(settings, slot) {
  settings.slot = slot;
  settings.generation = generation;
  return slot;
}

/**
 * Writes a slot. Settings with the name of an interface, or a zone, are written
 * each time: the interface may be renamed or replaced.
 * @returns {number} 0 or a negative UV_ code
 */
function store(slot, settings) {
  const { family, localAddress, interface: device, tos, ttl, sendTime } =
    settings;
  return binding.setSendSettings(
    slot, family, localAddress,
    typeof device === 'string' ? device : undefined,
    typeof device === 'number' ? device : undefined,
    tos, ttl, sendTime);
}

module.exports = { NO_SETTINGS, findSettings };
