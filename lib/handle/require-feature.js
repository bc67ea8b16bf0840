'use strict';

const binding = require('../load/binding');
const errors = require('../errors/errors');
const { listFeatures } = require('../load/features');

const { process } = globalThis;

const features = listFeatures(binding);

/**
 * @param {string} feature a name of dgram.features
 * @param {string} what the method or option, for the message
 * @param {Function} [above] see errors.js
 * @throws {TypeError} ERR_FEATURE_UNAVAILABLE_ON_PLATFORM
 */
function requireFeature(feature, what, above = requireFeature) {
  if (features[feature]) return;
  throw errors.featureUnavailable(
    `dgram-native does not support ${what} on ${process.platform} with the ` +
    `transport '${binding.transport}'. Check ` +
    `dgram.features.${feature} before you use it.`, above);
}

/**
 * The same for what depends on the transport as well as on the platform.
 * @param {string} feature a name of dgram.features
 * @param {string} what in the plural, for the message
 * @param {Function} [above] see errors.js
 * @throws {TypeError} ERR_FEATURE_UNAVAILABLE_ON_PLATFORM
 */
function requireOfTransport(feature, what, above = requireOfTransport) {
  if (features[feature]) return;
  throw errors.featureUnavailable(
    `The transport '${binding.transport}' of dgram-native does not support ` +
    `${what}. Check dgram.features.${feature} before you use them.`, above);
}

module.exports = { features, requireFeature, requireOfTransport };
