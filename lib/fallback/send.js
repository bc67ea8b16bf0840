'use strict';

/**
 * socket.send() with an object in the place of the port. Its settings require
 * the addon; node:dgram takes the rest.
 */

const { record } = require('../node/thread');
const { validateFunction } = require('../errors/validators');
const { isTarget, readSettings } = require('../socket/send-settings');
const { isConnected } = require('./state');
const { requiresAddon } = require('./unavailable');

const { send: nodeSend } = record.Socket.prototype;

const nameOfOption = (name) => `options.${name}`;

/**
 * @param {...*} args those of node:dgram, or (msg[, offset, length], { port,
 *   address, ...settings }[, callback])
 * @throws {TypeError} ERR_FEATURE_UNAVAILABLE_ON_PLATFORM for a setting; and
 *   what node:dgram throws
 */
function send(...args) {
  const at = isTarget(args[1]) ? 1 : 3;
  if (!isTarget(args[at])) return Reflect.apply(nodeSend, this, args);
  const { port, address } = args[at];
  const callback = args[at + 1] ?? undefined;
  const family = this.type === 'udp6' ? 6 : 4;
  if (readSettings(args[at], family, nameOfOption, send) !== null) {
    throw requiresAddon('Settings of a send', send);
  }
  if (callback !== undefined) validateFunction(callback, 'callback', send);
  const rest = isConnected(this) && !port && !address ?
    [callback] :
    [port, address, callback];
  return Reflect.apply(nodeSend, this, [...args.slice(0, at), ...rest]);
}

module.exports = { send };
