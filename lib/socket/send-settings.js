'use strict';

/**
 * The settings of single datagrams: `localAddress`, `interface`, `tos`, `ttl`
 * and `sendTime`. send() takes them in an object in the place of the port. Used
 * by the fallback as well, which has no addon.
 */

const errors = require('../errors/errors');
const { validateInt32, validateString } = require('../errors/validators');
const { BOTH } = require('../batch/loopback');
const { isIP } = require('../handle/lookup');
const { checkInterface } = require('./membership-interface');

/** The names of all settings. */
const NAMES = ['localAddress', 'interface', 'tos', 'ttl', 'sendTime'];

/** The kernel's times are signed 64-bit numbers of nanoseconds. */
const TIME_MAX = 2n ** 63n - 1n;

/** Checked settings; a setting that was not given is undefined. */
class Settings {
  constructor(family, localAddress, device, tos, ttl, sendTime) {
    this.family = family;
    this.localAddress = localAddress;
    this.interface = device;
    this.tos = tos;
    this.ttl = ttl;
    this.sendTime = sendTime;
    /** Whether they contain the name of an interface. */
    this.hasName = typeof device === 'string' ||
      (localAddress !== undefined && localAddress.includes('%'));
    /** Used by lib/batch/send-settings.js: a slot, if the generation is it. */
    this.slot = 0;
    this.generation = 0;
  }
}

/** Those read last: most programs repeat a few combinations. */
let latest = new Settings(0);

/** By local address, those read last: the addresses of a host are few. */
const recent = new Map();
const RECENT_MAX = 256;

/**
 * @param {*} value
 * @returns {boolean} whether it can have settings and is not a message, as an
 *   array and a view may be
 */
function isTarget(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value) &&
    !ArrayBuffer.isView(value);
}

/**
 * Reads each setting once.
 * @param {object} given the object that may have them
 * @param {4|6} family of the socket
 * @param {function(string): string} nameOf of a setting, for error messages
 * @param {Function} above where the stack begins, see errors.js
 * @returns {Settings|null} null if no setting was given
 * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE,
 *   ERR_INVALID_IP_ADDRESS
 * @throws {RangeError} ERR_OUT_OF_RANGE
 */
function readSettings(given, family, nameOf, above) {
  const { localAddress, interface: device, tos, ttl, sendTime } = given;
  if (isEqual(latest, family, localAddress, device, tos, ttl, sendTime)) {
    return latest;
  }
  if (localAddress === undefined && device === undefined &&
      tos === undefined && ttl === undefined && sendTime === undefined) {
    return null;
  }
  const found = recent.get(localAddress);
  if (found !== undefined &&
      isEqual(found, family, localAddress, device, tos, ttl, sendTime)) {
    latest = found;
  } else {
    checkLocalAddress(localAddress, family, nameOf, above);
    checkDevice(device, nameOf, above);
    if (tos !== undefined) validateInt32(tos, nameOf('tos'), 0, 255, above);
    if (ttl !== undefined) validateInt32(ttl, nameOf('ttl'), 1, 255, above);
    checkTime(sendTime, nameOf, above);
    latest = remember(
      new Settings(family, localAddress, device, tos, ttl, sendTime));
  }
  return latest;
}

function isEqual(settings, family, localAddress, device, tos, ttl, sendTime) {
  return localAddress === settings.localAddress && tos === settings.tos &&
    ttl === settings.ttl && device === settings.interface &&
    sendTime === settings.sendTime && family === settings.family;
}

function remember(settings) {
  if (recent.size === RECENT_MAX) recent.clear();
  recent.set(settings.localAddress, settings);
  return settings;
}

function checkLocalAddress(value, family, nameOf, above) {
  if (value === undefined) return;
  validateString(value, nameOf('localAddress'), above);
  const actual = isIP(value);
  if (actual === 0) throw errors.invalidIpAddress(value, above);
  if (actual !== family && family !== BOTH) {
    throw errors.invalidArgValue(nameOf('localAddress'), value,
                                 `must be an IPv${family} address`, above);
  }
}

function checkDevice(value, nameOf, above) {
  if (value === undefined) return;
  const name = nameOf('interface');
  checkInterface(value, name, above);
  if (value === '' || (typeof value === 'string' && value.includes('\0'))) {
    throw errors.invalidArgValue(
      name, value, 'must be the name or the index of a network interface',
      above);
  }
}

function checkTime(value, nameOf, above) {
  if (value === undefined) return;
  const name = nameOf('sendTime');
  if (typeof value !== 'bigint') {
    throw errors.invalidArgType(name, 'of type bigint', value, above);
  }
  if (value < 0n || value > TIME_MAX) {
    throw errors.outOfRange(name, '>= 0n && < 2n ** 63n', value, above);
  }
}

/** For settings that are sent later: the same as a program passes them. */
function toTarget({ localAddress, interface: device, tos, ttl, sendTime },
                  port, address) {
  return {
    __proto__: null, port, address, localAddress, interface: device, tos, ttl,
    sendTime,
  };
}

module.exports = { NAMES, isTarget, readSettings, toTarget };
