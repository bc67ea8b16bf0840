'use strict';

/**
 * What is there once a thread, however many copies of this package it loads: a
 * record on the exports of Node's own dgram, which every copy finds.
 */

const nodeDgram = require('node:dgram');

const KEY = Symbol.for('dgram-native');
const VERSION = 1;

/** @returns {{version: number}} the record, made when there is none */
function threadRecord() {
  const found = nodeDgram[KEY];
  if (found?.version === VERSION) return found;
  const record = { version: VERSION };
  // Where nothing can be added each copy has a record of its own.
  if (found === undefined && Object.isExtensible(nodeDgram)) {
    Object.defineProperty(nodeDgram, KEY, { __proto__: null, value: record });
  }
  return record;
}

module.exports = { threadRecord };
