'use strict';

/** Destinations that the C core has parsed. */

const binding = require('../load/binding');

const { PEERS_MAX } = binding.layout;

/** In a descriptor: the peer that the socket is connected to. */
const CONNECTED_PEER = 0;

/** Destinations that the C core has parsed: address → port → slot. */
const peers = { 4: new Map(), 6: new Map() };
let peersUsed = CONNECTED_PEER;
let lastPeer = { family: 0, address: '', port: 0, slot: 0 };

/** Sends what waits in all lanes. */
let flushAll;

/** @param {function()} flush called before slots are given anew */
function beforeForgetting(flush) {
  flushAll = flush;
}

/**
 * The slot of a literal address.
 * @param {4|6} family
 * @param {string} address
 * @param {number} port
 * @returns {number} the slot, or a negative UV_ code: no such literal
 */
function findPeer(family, address, port) {
  return port === lastPeer.port && address === lastPeer.address &&
    family === lastPeer.family ?
    lastPeer.slot :
    lookUpPeer(family, address, port);
}

function lookUpPeer(family, address, port) {
  const slot = peers[family].get(address)?.get(port) ??
    addPeer(family, address, port);
  // A zone names an interface, and interfaces are renamed and replaced, so
  // such an address is read anew each time.
  if (slot > 0 && !address.includes('%')) {
    lastPeer = { family, address, port, slot };
  }
  return slot;
}

function addPeer(family, address, port) {
  if (peersUsed === PEERS_MAX - 1) forgetPeers();
  const slot = peersUsed + 1;
  const status = binding.setPeer(slot, family, address, port);
  if (status < 0) return status;
  peersUsed = slot;
  if (!address.includes('%')) {
    let ports = peers[family].get(address);
    if (ports === undefined) peers[family].set(address, ports = new Map());
    ports.set(port, slot);
  }
  return slot;
}

/** Starts the table anew; descriptors that name a slot leave first. */
function forgetPeers() {
  flushAll();
  // In this order: nothing names a slot that is given anew.
  lastPeer = { family: 0, address: '', port: 0, slot: 0 };
  peers[4].clear();
  peers[6].clear();
  peersUsed = CONNECTED_PEER;
}

module.exports = { CONNECTED_PEER, beforeForgetting, findPeer };
