'use strict';

/**
 * Rules of receiving, for every kind of socket: what listeners received is what
 * the kernel has delivered.
 */

const assert = require('node:assert');

const { nameOf, show } = require('./outcomes');
const { isIdentifiable } = require('./payload');

/** PREREAD_TRIES of transport/linux/share_descriptor.c. */
const SHARE_TRIES = 8;

function checkDeliveries(actor, deliveries, wanted, context) {
  const { digest, accepted, gaveUp } = context;
  for (const [i, item] of deliveries.entries()) {
    const record = wanted[i];
    assert.ok(record !== undefined,
      `emitted, but not delivered by the kernel: ${show([item])}`);
    assert.strictEqual(item.error, record.error ?? null,
      `delivery ${i}: ${show([record])}`);
    if (item.error !== null) continue;
    assert.ok(!record.truncated, `no room was left for ${show([record])}`);
    const { bytes, port, size } = item;
    assert.deepStrictEqual(
      { length: bytes.length, size, port, digest: item.digest },
      {
        length: record.length, size: record.length, port: record.port,
        digest: record.digest,
      }, `delivery ${i}`);
    assert.strictEqual(digest(bytes), item.digest,
      `message ${i} was changed after it was delivered`);
    assert.ok(record.code !== '' || !isIdentifiable(bytes) || gaveUp ||
      accepted.has(nameOf(record)),
      `emitted, but never sent: ${show([record])}`);
  }
  const dropped = wanted.slice(deliveries.length);
  if (dropped.length === 0) return 0;
  assert.ok(actor.closing && !actor.lastClose,
    `never emitted, and the socket is open: ${show(dropped)}`);
  // All pending datagrams are read before a descriptor is shared. Those that
  // were read move along with a ticket.
  assert.ok(actor.wasShared || actor.moves > 0 ||
    new Set(dropped.map(({ number }) => number)).size === 1,
    `dropped from more than the last call: ${show(dropped)}`);
  return dropped.filter(({ error }) => error === undefined).length;
}

/**
 * @param {BaseActor} actor
 * @param {object[]} log of its descriptor
 * @param {object[]} wanted the deliveries that listeners should have received
 * @param {object} context
 * @returns {number} datagrams that were dropped with the socket
 */
function checkReceipts(actor, log, wanted, context) {
  // Sockets that cannot be watched: each failure emits one 'error'.
  const unwatched = log.filter(({ kind, call, code }) =>
    kind === 'callFailed' && call === 'epoll_ctl' && NO_ROOM.has(code)).length;
  // If the kernel repeatedly reports an empty queue although it is not, share()
  // leaves GRO buffers in the queue.
  const gaveUp = actor.wasShared && log.filter(({ kind, call, code }) =>
    kind === 'fault' && call === 'recv' && code === 'EAGAIN').length >=
    SHARE_TRIES;
  const dropped = ['messages', 'batches'].map((name) => {
    const { mode } = actor.spec;
    const deliveries = withoutFirst(actor[name], unwatched, wanted);
    if (mode !== 'both' && !name.startsWith(mode)) return 0;
    return checkDeliveries(actor, deliveries, wanted,
                           { ...context, gaveUp });
  });
  if (dropped.every((count) => count === 0)) checkBlocks(actor);
  return Math.max(...dropped);
}

/**
 * With shared buffers the messages of a block fill it completely. If a listener
 * closes, pauses or detaches the socket, the block has bytes of messages that
 * were not emitted, or later from another block.
 */
function checkBlocks({ messages, hasGaps, spec: { mode, sharedBuffers } }) {
  if (mode !== 'message' || !sharedBuffers) return;
  const ends = new Map();
  for (const { bytes } of messages.filter(({ error }) => error === null)) {
    const { buffer, byteOffset, length } = bytes;
    assert.strictEqual(byteOffset, ends.get(buffer) ?? 0, 'a gap in a block');
    ends.set(buffer, byteOffset + length);
  }
  if (hasGaps) return;
  for (const [buffer, end] of ends)
    assert.strictEqual(buffer.byteLength, end, 'a block is larger than needed');
}

/** Errors of a socket that cannot be watched. */
const NO_ROOM = new Set(['ENOMEM', 'ENOSPC']);

/** Removes up to `count` such errors, which no receive call caused. */
function withoutFirst(deliveries, count, wanted) {
  const rest = [...deliveries];
  for (let n = 0, i = 0; n < count && i < rest.length;) {
    const { error } = rest[i];
    if (NO_ROOM.has(error) && wanted[i]?.error !== error) {
      rest.splice(i, 1);
      n++;
    } else {
      i++;
    }
  }
  return rest;
}

module.exports = { checkReceipts };
