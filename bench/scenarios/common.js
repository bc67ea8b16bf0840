'use strict';

/** The implementations that take part, by what a scenario uses of them. */

const { BASELINE, CONTROL } = require('../implementations');

const RECEIVERS = [
  'dgram-native', 'dgram-native sharedBuffers', 'dgram-native batch', CONTROL,
  BASELINE, 'Bun node:dgram', 'Bun.udpSocket', 'Deno node:dgram',
];
const SENDERS = [
  'dgram-native', 'dgram-native sendMany', CONTROL, BASELINE, 'Bun node:dgram',
  'Bun.udpSocket', 'Bun.udpSocket sendMany', 'Deno node:dgram',
];
// Bun.udpSocket has no callbacks.
const CALLBACK_SENDERS = SENDERS.filter((name) =>
  !name.startsWith('Bun.udpSocket'));
/** One socket and its events, in each runtime that has node:dgram. */
const SOCKETS = ['dgram-native', CONTROL, BASELINE, 'Bun node:dgram',
                 'Deno node:dgram'];

const bytes = (size) => `${size.toLocaleString('en-US')} B`;

module.exports = { CALLBACK_SENDERS, RECEIVERS, SENDERS, SOCKETS, bytes };
