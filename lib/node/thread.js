'use strict';

/**
 * Reaches into the exports object of node:dgram, on all supported versions
 * (Node 18 to 26), to add one property.
 *
 * It holds the record of a thread, shared by all copies and evaluations of this
 * package. Its shape is a protocol between versions of the package. Version 1,
 * which later versions only extend:
 *
 *   Socket, createSocket   Node's, before any register.js
 *   copies                 by the folder of their entry: { version, api,
 *                          binding, codeCache }
 *   exporters              one per copy, see ipc.js
 *   sendsThroughExporters  true once this thread's IPC channels are hooked
 *   departures             by built-in handle, see departures.js; undefined
 *                          until there is one
 *   beforeEnding           functions to call, see endings.js; undefined until
 *                          there is one
 */

const nodeDgram = require('node:dgram');

/** The same in all realms. index.js contains it as well. */
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
  // With frozen exports each copy has its own record, and register.js fails.
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
