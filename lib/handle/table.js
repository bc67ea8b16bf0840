'use strict';

/**
 * The table of open handles. Calls of the C core name a socket by its id. The
 * table keeps a handle, and thereby its socket, alive until it is closed.
 *
 * With the option closeWhenCollected it does not: once the garbage collector
 * has found that a program holds neither the socket nor anything that leads to
 * it, the socket in the C core is closed.
 */

const timers = require('node:timers');
const binding = require('../load/binding');
const outbox = require('../batch/outbox');

// Programs may replace it.
const { setTimeout } = timers;

const { SOCKETS_MAX } = binding.layout;

/**
 * The handles whose socket is open, or has a close callback pending, by
 * indexOf(). An array, since a Map takes five times the memory.
 */
const handles = [];

/** Stands in the table for a handle that it does not keep alive. */
class WeakEntry {
  constructor(handle) {
    this.id = handle.id;
    this.handle = new WeakRef(handle);
  }
}

/** What is left of a collected handle: the methods of the addon need an id. */
class Remains {
  constructor(id) {
    this.id = id;
  }
}

/** Created for the first such handle: most programs have none. */
let registry;

/** How long datagrams of a collected socket may wait until it is looked at. */
const RETRY = 50;

/**
 * The lower bits of an id. The C core reuses them, the lowest free value first;
 * the upper bits differ.
 */
function indexOf(id) {
  return id & (SOCKETS_MAX - 1);
}

/** @returns {boolean} whether the table holds this handle weakly */
function isWeak(handle) {
  const entry = handles[indexOf(handle.id)];
  return entry instanceof WeakEntry && entry.id === handle.id;
}

/** Adds a handle; also in the place of its WeakEntry. */
function add(handle) {
  if (isWeak(handle)) registry.unregister(handle);
  handles[indexOf(handle.id)] = handle;
}

/** @param {UDP} handle is closed when it is collected */
function addWeak(handle) {
  if (registry === undefined) {
    binding.define(Remains.prototype);
    registry = new FinalizationRegistry(closeCollected);
  }
  handles[indexOf(handle.id)] = new WeakEntry(handle);
  registry.register(handle, handle.id, handle);
}

/** @returns {UDP|undefined} undefined: the slot was reused, or collected */
function find(id) {
  const entry = handles[indexOf(id)];
  if (entry?.id !== id) return undefined;
  return entry instanceof WeakEntry ? entry.handle.deref() : entry;
}

/** Removes a handle. The slot may have been reused. */
function remove(handle) {
  if (handles[indexOf(handle.id)]?.id !== handle.id) return;
  if (isWeak(handle)) registry.unregister(handle);
  handles[indexOf(handle.id)] = undefined;
}

/**
 * Closes the socket of a collected handle, once its queued datagrams have left:
 * nothing that the program has sent is lost.
 */
function closeCollected(id) {
  if (handles[indexOf(id)]?.id !== id) return;
  outbox.flushDue();
  const remains = new Remains(id);
  if (remains.getSendQueueCount() > 0) {
    setTimeout(closeCollected, RETRY, id);
    return;
  }
  handles[indexOf(id)] = undefined;
  binding.closeSocket(id, false);
}

module.exports = { add, addWeak, find, remove };
