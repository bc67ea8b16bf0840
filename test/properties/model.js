'use strict';

/**
 * The rules that every program obeys, whatever its faults. The model compares
 * what the program observed with the kernel's log (kernel.js). Apart from the
 * errors that are retried, it knows nothing about transports.
 *
 *  1. The kernel accepted each datagram passed to send() once, or rejected it
 *     once with the error that the callback received; or the datagram was
 *     cancelled with the socket and never reached the kernel. In order.
 *  2. Each callback was called once, and never within send().
 *  3. Each datagram that the kernel delivered was emitted once, unchanged and
 *     in order, and is still unchanged at the end; or it was dropped, together
 *     with others of the same call, because a listener closed the socket. It
 *     exposes no other memory, and it was sent by the program.
 *  4. Every error has a failed system call as its cause.
 */

const assert = require('node:assert');

const { DISTINCT, isIdentifiable } = require('./payload');

/** PREREAD_TRIES of transport/linux/share_descriptor.c. */
const SHARE_TRIES = 8;

/** The datagram, and those behind it, are queued. */
const WOULD_BLOCK = ['EAGAIN', 'ENOBUFS'];

/** The send is retried, later or without GSO: not an error of a datagram. */
function isRetried({ kind, code, segmented }) {
  return kind === 'rejected' && (
    ['EINTR', ...WOULD_BLOCK].includes(code) ||
    (segmented && ['EIO', 'EINVAL', 'EMSGSIZE'].includes(code)));
}

/** Attempts until an error is that of the datagram: E2 of linux.h. */
const OWN = 9;

/** Errors that ICMP messages cause; the first is never one of a datagram. */
const ICMP = ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EMSGSIZE'];

/** Whether the error is not reported by a socket with icmpErrors. */
const isOfIcmp = (actor, { code }) =>
  actor.spec.icmpErrors && ICMP.includes(code);

/**
 * The records of sends, without those that were repeated because the error may
 * have been that of an earlier datagram.
 */
function withoutRepeated(actor, records) {
  let attempts = 0;
  return records.filter((record) => {
    const repeats = record.kind === 'rejected' && isOfIcmp(actor, record);
    if (!repeats && record.code !== 'EINTR') attempts = 0;
    if (!repeats) return true;
    attempts = attempts % OWN + 1;
    return attempts === OWN && record.code !== ICMP[0];
  });
}

/** Errors of sends that never reached the kernel. */
function isLocalError(actor, code, failed) {
  return (code === 'ECANCELED' && actor.closing && !actor.lastClose) ||
    // The socket was connected or disconnected before the datagram was due.
    (['EISCONN', 'EDESTADDRREQ', 'ENOTCONN'].includes(code) &&
      actor.wasConnected) ||
    isUnwatched(code, failed);
}

/** The datagram could not be queued, because watching the socket failed. */
function isUnwatched(code, failed) {
  return failed.has(`epoll_ctl ${code}`);
}

const LOCAL_ERRORS = ['ECANCELED', 'EISCONN', 'ENOMEM', 'EPERM', 'ENOSPC'];

/**
 * Whether the kernel may never have seen a send without a callback that was
 * due. If node:dgram would have passed it to the kernel, only datagrams that
 * were queued are lost: close() and connect() can overtake them, or their queue
 * could not be watched.
 */
function mayBeLost(actor, send, records, failed) {
  const mayBeQueued = records.some(({ code }) => WOULD_BLOCK.includes(code));
  const isPossible = send.left && !mayBeQueued ? isUnwatched : isOwnError;
  return LOCAL_ERRORS.some((code) => isPossible(code, failed));

  function isOwnError(code) {
    return isLocalError(actor, code, failed);
  }
}

// ---------------------------------------------------------------- sending --

/** Whether it is the error of the bind() that a send waited for. */
function isBindError(send, code, failed) {
  return send.waited && BEHIND.bind.some((call) => failed.has(`${call} ${code}`));
}

/** Result of a send: 'accepted', an error code, or '' if unknown. */
function verdict({ callback, calls }) {
  if (!callback || calls.length === 0) return '';
  return typeof calls[0] === 'number' ? 'accepted' : calls[0];
}

const sameDatagram = (send, record) =>
  send.length === record.length && send.digest === record.digest &&
  send.tos === record.tos && send.ttl === record.ttl;

/**
 * Whether the kernel's log is possible. Sends that are due at once and sends
 * that are due a tick later may interleave, so all possible positions are
 * tracked: [at once, later].
 */
function sendsFit(actor, log, records, failed) {
  const now = actor.sends.filter(({ timing }) => timing === 'now');
  const later = actor.sends.filter(({ timing }) => timing === 'later');
  const duesBefore = [0];
  later.forEach(({ due }, i) => {
    duesBefore[i + 1] = duesBefore[i] + (due ? 1 : 0);
  });

  const mayBeSkipped = (send) => {
    const result = verdict(send);
    if (result === 'accepted') return false;
    if (result !== '') {
      return isLocalError(actor, result, failed) ||
        isBindError(send, result, failed);
    }
    if (!send.due) return true;
    return !send.callback && mayBeLost(actor, send, log, failed);
  };
  const fits = (send, record) => {
    if (!sameDatagram(send, record)) return false;
    const result = verdict(send);
    return result === '' ||
      result === (record.kind === 'accepted' ? 'accepted' : record.code);
  };

  /** Adds positions reached by skipping sends that need no record. */
  const close = (states) => {
    const all = new Map();
    const add = (i, j) => {
      const key = `${i} ${j}`;
      if (all.has(key)) return;
      all.set(key, [i, j]);
      if (i < now.length && mayBeSkipped(now[i])) add(i + 1, j);
      if (j < later.length && mayBeSkipped(later[j])) add(i, j + 1);
    };
    for (const [i, j] of states) add(i, j);
    return [...all.values()];
  };

  let states = close([[0, 0]]);
  for (const [at, record] of records.entries()) {
    const next = [];
    for (const [i, j] of states) {
      if (i < now.length && duesBefore[j] >= now[i].after &&
          fits(now[i], record)) next.push([i + 1, j]);
      if (j < later.length && fits(later[j], record)) next.push([i, j + 1]);
    }
    if (next.length === 0) return { at, states, now, later };
    states = close(next);
  }
  return states.some(([i, j]) => i === now.length && j === later.length) ?
    null :
    { at: records.length, states, now, later };
}

function checkSends(actor, log, failed) {
  const sends = log.filter(({ kind }) =>
    kind === 'accepted' || kind === 'rejected');
  const records = withoutRepeated(actor, sends)
    .filter((record) => !isRetried(record));
  const trouble = sendsFit(actor, log, records, failed);
  if (trouble !== null) {
    const { at, states, now, later } = trouble;
    const [i, j] = states[0];
    assert.fail('the kernel\'s log does not match the sends; records ' +
      `from ${at} of ${records.length}:\n` +
      `${show(records.slice(at, at + 3))}\nnext sends:\n` +
      `${show([...now.slice(i, i + 2), ...later.slice(j, j + 2)])}`);
  }
  for (const send of actor.sends) checkCallback(send);
  for (const group of actor.groups) {
    checkGroup(group, acceptedOf(records), failed);
  }
  return records;
}

/** The datagrams that the kernel accepted. */
const acceptedOf = (log) =>
  new Set(log.filter(({ kind }) => kind === 'accepted').map(nameOf));

const nameOf = ({ length, digest }) => `${length} ${digest}`;

function checkCallback(send) {
  const { callback, calls, due, size } = send;
  const least = callback && due ? 1 : 0;
  const most = callback ? 1 : 0;
  assert.ok(calls.length >= least && calls.length <= most,
    `${calls.length} calls of a callback: ${show([send])}`);
  if (typeof calls[0] === 'number') assert.strictEqual(calls[0], size);
}

/** sendMany() reports the number of accepted datagrams and the first error. */
function checkGroup(group, accepted, failed) {
  const { sends, callback, calls, due } = group;
  if (!callback) return;
  assert.ok(calls.length <= 1 && (!due || calls.length === 1),
    `${calls.length} calls of sendMany()'s callback`);
  if (calls.length === 0) return;
  const [{ error, sent }] = calls;
  // Very short datagrams are not unique.
  const sure = sends.filter(({ length }) => length >= DISTINCT);
  const count = sure.filter((send) => accepted.has(nameOf(send))).length;
  assert.ok(sent >= count && sent <= count + sends.length - sure.length,
    `sendMany() reports ${sent} sent, the kernel ${count}`);
  // Also for an empty list that waited for a bind() that failed.
  if (sends.length === 0 && isBindError(group, error, failed)) return;
  assert.strictEqual(error === null, sent === sends.length,
    `sendMany() reports '${error}' and ${sent} of ${sends.length}`);
}

// -------------------------------------------------------------- receiving --

/** The deliveries that listeners should have received, by the log. */
function expected(actor, log, transport) {
  return log.flatMap((record) => {
    const { kind, code } = record;
    if (kind === 'recvFailed' && isOfIcmp(actor, record)) return [];
    if (kind === 'recvFailed') return [{ error: code, number: record.number }];
    // Only GRO buffers cannot be split without their ancillary data.
    if (kind === 'unreadable' && transport === 'linux')
      return [{ error: 'EMSGSIZE', number: record.number }];
    return kind === 'delivered' || kind === 'unreadable' ? [record] : [];
  });
}

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
  // All pending datagrams are read before a descriptor is shared.
  assert.ok(actor.wasShared ||
    new Set(dropped.map(({ number }) => number)).size === 1,
    `dropped from more than the last call: ${show(dropped)}`);
  return dropped.filter(({ error }) => error === undefined).length;
}

function checkReceipts(actor, log, context) {
  const wanted = expected(actor, log, context.transport);
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
 * closes or pauses the socket, the block has bytes of messages that were not
 * emitted, or later from another block.
 */
function checkBlocks({ messages, wasPaused, spec: { mode, sharedBuffers } }) {
  if (mode !== 'message' || !sharedBuffers) return;
  const ends = new Map();
  for (const { bytes } of messages.filter(({ error }) => error === null)) {
    const { buffer, byteOffset, length } = bytes;
    assert.strictEqual(byteOffset, ends.get(buffer) ?? 0, 'a gap in a block');
    ends.set(buffer, byteOffset + length);
  }
  if (wasPaused) return;
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

// ----------------------------------------------------------------- errors --

/** The system calls that can cause an error, by its `syscall`. */
const BEHIND = {
  // Options before bind read the family of the descriptor.
  bind: ['bind', 'socket', 'setsockopt', 'getsockopt'],
  connect: ['connect', 'socket', 'setsockopt', 'getsockopt'],
  setsockopt: ['setsockopt', 'getsockopt'],
  getsockname: ['getsockname'],
  uv_recv_buffer_size: ['setsockopt', 'getsockopt'],
  uv_send_buffer_size: ['setsockopt', 'getsockopt'],
};

function checkErrors({ errors }, failed) {
  for (const { syscall, code } of errors) {
    if (code === 'planned') continue;
    const calls = BEHIND[syscall] ?? ['setsockopt', 'getsockopt'];
    assert.ok(calls.some((call) => failed.has(`${call} ${code}`)),
      `${syscall} ${code}, but no system call failed with it`);
  }
}

/** One line each, without references and payload. */
function show(list) {
  return list.map((entry) => JSON.stringify(entry, (key, value) =>
    key === 'group' || key === 'bytes' ? undefined : value)).join('\n');
}

/**
 * @param {object} story from Stage#play()
 * @param {object} context
 * @param {string} context.transport
 * @param {function(Uint8Array): number} context.digest
 * @returns {object} counts
 * @throws {AssertionError} when a rule is broken
 */
function judge({ actors, log, complaints }, { transport, digest }) {
  const context = { transport, digest, accepted: acceptedOf(log) };
  assert.deepStrictEqual(complaints, []);
  const count = {
    requested: 0, sent: 0, gso: 0, failed: 0, cancelled: 0, received: 0,
    gro: 0, dropped: 0, uncounted: 0,
  };
  const isDelivery = (record) => record.kind === 'delivered' ||
    (record.kind === 'unreadable' && transport !== 'linux');
  // A failed bind() closes its descriptor, which then has no actor.
  const owned = new Set(actors.map(({ serial }) => serial));
  for (const actor of actors) {
    const own = log.filter(({ serial }) =>
      serial === actor.serial && serial !== 0);
    const failed = new Set(
      log.filter(({ kind, serial, call }) => kind === 'callFailed' &&
        (serial === actor.serial || call === 'socket' || !owned.has(serial)))
        .map(({ call, code }) => `${call} ${code}`));
    const records = checkSends(actor, own, failed);
    const dropped = checkReceipts(actor, own, context);
    count.dropped += dropped;
    if (actor.wasShared) count.uncounted += dropped;
    checkErrors(actor, failed);
    assert.strictEqual(actor.closes, 1, `${actor.closes} 'close' events`);
    count.requested += actor.sends.length;
    count.sent += records.filter(({ kind }) => kind === 'accepted').length;
    count.failed += records.filter(({ kind }) => kind === 'rejected').length;
    count.received += own.filter(isDelivery).length;
    count.gso += records.filter((record) =>
      record.kind === 'accepted' && record.segmented).length;
    count.gro += own.filter((record) =>
      isDelivery(record) && record.segmented).length;
  }
  count.cancelled = count.requested - count.sent - count.failed;
  // Every record belongs to one of the sockets.
  assert.strictEqual(count.sent,
    log.filter(({ kind }) => kind === 'accepted').length);
  assert.strictEqual(count.received, log.filter(isDelivery).length);
  return count;
}

module.exports = { judge };
