'use strict';

/**
 * What a thread has once, however many copies of this package it loads, and
 * however often: a record on the exports object of Node's own dgram, which all
 * of them reach. Its shape is a protocol between versions of the package.
 * Version 1, to which later ones only add:
 *
 *   Socket, createSocket  Node's own, before any register.js
 *   copies     by the folder of their entry: { version, api, binding }
 *   exporters  one a copy, see ipc.js
 *   sendsThroughExporters  true once the IPC channels of this thread do
 */

const nodeDgram = require('node:dgram');

/** The same in all realms. index.js knows it, too. */
const KEY = Symbol.for('dgram-native');

function createRecord() {
  const record = {
    __proto__: null,
    version: 1,
    Socket: nodeDgram.Socket,
    createSocket: nodeDgram.createSocket,
    copies: { __proto__: null },
    exporters: [],
    sendsThroughExporters: false,
  };
  // Frozen exports: each copy stands alone, and none can be registered.
  if (Object.isExtensible(nodeDgram)) {
    Object.defineProperty(nodeDgram, KEY, { __proto__: null, value: record });
  }
  return record;
}

const record = nodeDgram[KEY] ?? createRecord();

/** @returns {{api: object, binding: object|null}|undefined} */
function find(directory, version) {
  const copy = record.copies[directory];
  return copy?.version === version ? copy : undefined;
}

function add(directory, copy) {
  record.copies[directory] = { __proto__: null, ...copy };
}

module.exports = { add, find, record };
