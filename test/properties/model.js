'use strict';

/**
 * What has to be true of a program that was played, whatever its faults. It
 * knows nothing of transports beyond the two rules of the kernel's answers
 * below, and compares two stories: what the program was told, and what the
 * kernel was asked (kernel.c's log).
 *
 *  1. Each datagram handed to send() was taken by the kernel once, or refused
 *     by it once, with the error that the callback was told; or it was given
 *     up with the socket, and the kernel never saw it. In order.
 *  2. Each callback was called once, and never within send().
 *  3. Each datagram that the kernel handed over was delivered once, unchanged
 *     and in order, and is still unchanged at the end; or it was dropped, with
 *     others of the same call, because a listener closed the socket. It shows
 *     no memory of others, and it is one that was sent.
 *  4. Every error has a failed system call behind it.
 */

const assert = require('node:assert');

const { DISTINCT, isOurs } = require('./payload');

/** PREREAD_TRIES of transport/linux/share.c. */
const SHARE_TRIES = 8;

/** It has to wait, or to go again in smaller pieces: no datagram's error. */
function isRetried({ kind, code, segmented }) {
  return kind === 'refused' && (
    ['EINTR', 'EAGAIN', 'ENOBUFS'].includes(code) ||
    (segmented && ['EIO', 'EINVAL', 'EMSGSIZE'].includes(code)));
}

/** Errors of sends that the kernel was not asked for. */
function isOurOwn(actor, code, failed) {
  return (code === 'ECANCELED' && actor.closing && !actor.lastClose) ||
    // It was connected while the datagram waited for its tick; or no more.
    (['EISCONN', 'EDESTADDRREQ', 'ENOTCONN'].includes(code) &&
      actor.wasConnected) ||
    // It could not be queued, for want of a watcher.
    failed.has(`epoll_ctl ${code}`);
}

// ---------------------------------------------------------------- sending --

/** The error of the bind() that a send had waited for. */
function isOfBind(send, code, failed) {
  return send.waited && BEHIND.bind.some((call) => failed.has(`${call} ${code}`));
}

/** What a send was told: 'taken', an error's name, '' when nothing. */
function verdict({ callback, calls }) {
  if (!callback || calls.length === 0) return '';
  return typeof calls[0] === 'number' ? 'taken' : calls[0];
}

const sameDatagram = (send, record) =>
  send.length === record.length && send.digest === record.digest;

/**
 * Whether the kernel's story is a possible one. The two lanes (what leaves at
 * once, and what leaves a tick later) may interleave, so all positions that
 * could be are followed: [at once, later, something was given up].
 */
function sendsFit(actor, records, failed) {
  const now = actor.sends.filter(({ lane }) => lane === 'now');
  const later = actor.sends.filter(({ lane }) => lane === 'later');
  const duesBefore = [0];
  later.forEach(({ due }, i) => {
    duesBefore[i + 1] = duesBefore[i] + (due ? 1 : 0);
  });

  const ownErrors = ['ECANCELED', 'EISCONN', 'ENOMEM', 'EPERM', 'ENOSPC']
    .filter((code) => isOurOwn(actor, code, failed));
  const mayBeSkipped = (send) => {
    const told = verdict(send);
    if (told === 'taken') return false;
    if (told !== '') {
      return isOurOwn(actor, told, failed) || isOfBind(send, told, failed);
    }
    if (!send.due) return true;
    return !send.callback && ownErrors.length > 0;
  };
  const fits = (send, record) => {
    if (!sameDatagram(send, record)) return false;
    const told = verdict(send);
    return told === '' ||
      told === (record.kind === 'taken' ? 'taken' : record.code);
  };

  /** Positions reached by leaving out sends that the kernel need not see. */
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
  const records = log.filter((record) =>
    (record.kind === 'taken' || record.kind === 'refused') &&
    !isRetried(record));
  const trouble = sendsFit(actor, records, failed);
  if (trouble !== null) {
    const { at, states, now, later } = trouble;
    const [i, j] = states[0];
    assert.fail('what was sent is not what was handed over; the kernel\'s ' +
      `story, from ${at} of ${records.length}:\n` +
      `${show(records.slice(at, at + 3))}\nnext in line:\n` +
      `${show([...now.slice(i, i + 2), ...later.slice(j, j + 2)])}`);
  }
  for (const send of actor.sends) checkCallback(send);
  for (const group of actor.groups) {
    checkGroup(group, takenOf(records), failed);
  }
  return records;
}

/** The datagrams that the kernel took. */
const takenOf = (log) => new Set(log.filter(({ kind }) => kind === 'taken')
  .map(nameOf));

const nameOf = ({ length, digest }) => `${length} ${digest}`;

function checkCallback(send) {
  const { callback, calls, due, size } = send;
  const least = callback && due ? 1 : 0;
  const most = callback ? 1 : 0;
  assert.ok(calls.length >= least && calls.length <= most,
    `${calls.length} calls of a callback: ${show([send])}`);
  if (typeof calls[0] === 'number') assert.strictEqual(calls[0], size);
}

/** sendMany() says how many the kernel took, and the first error. */
function checkGroup(group, taken, failed) {
  const { sends, callback, calls, due } = group;
  if (!callback) return;
  assert.ok(calls.length <= 1 && (!due || calls.length === 1),
    `${calls.length} calls of sendMany()'s callback`);
  if (calls.length === 0) return;
  const [{ error, sent }] = calls;
  // The shortest ones are not different from all others.
  const sure = sends.filter(({ length }) => length >= DISTINCT);
  const count = sure.filter((send) => taken.has(nameOf(send))).length;
  assert.ok(sent >= count && sent <= count + sends.length - sure.length,
    `sendMany() says ${sent} were sent, the kernel ${count}`);
  // Also of none, if that had to wait for a bind() that failed.
  if (sends.length === 0 && isOfBind(group, error, failed)) return;
  assert.strictEqual(error === null, sent === sends.length,
    `sendMany() says '${error}' and ${sent} of ${sends.length}`);
}

// -------------------------------------------------------------- receiving --

/** The kernel's story as listeners should have heard it. */
function expected(log, transport) {
  return log.flatMap((record) => {
    const { kind, code } = record;
    if (kind === 'recvFailed') return [{ error: code, number: record.number }];
    // Only where runs come in merged does it matter that control data is cut.
    if (kind === 'unreadable' && transport === 'linux')
      return [{ error: 'EMSGSIZE', number: record.number }];
    return kind === 'handed' || kind === 'unreadable' ? [record] : [];
  });
}

function checkHeard(actor, heard, truth, { digest, taken, gaveUp }) {
  for (const [i, item] of heard.entries()) {
    const record = truth[i];
    assert.ok(record !== undefined,
      `delivered, but not by the kernel: ${show([item])}`);
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
    assert.ok(record.code !== '' || !isOurs(bytes) || gaveUp ||
      taken.has(nameOf(record)),
      `delivered, but never sent: ${show([record])}`);
  }
  const dropped = truth.slice(heard.length);
  if (dropped.length === 0) return 0;
  assert.ok(actor.closing && !actor.lastClose,
    `never delivered, and the socket is open: ${show(dropped)}`);
  // Before a descriptor is shared, everything is read that waits.
  assert.ok(actor.wasShared ||
    new Set(dropped.map(({ number }) => number)).size === 1,
    `dropped from more than the last call: ${show(dropped)}`);
  return dropped.filter(({ error }) => error === undefined).length;
}

function checkReceipts(actor, log, context) {
  const truth = expected(log, context.transport);
  // Of a socket that cannot be watched: told by the first 'error', once each.
  const unwatched = log.filter(({ kind, call, code }) =>
    kind === 'callFailed' && call === 'epoll_ctl' && NO_ROOM.has(code)).length;
  // A kernel that again and again says that nothing is there, which is, makes
  // share() leave merged runs behind.
  const gaveUp = actor.wasShared && log.filter(({ kind, call, code }) =>
    kind === 'fault' && call === 'recv' && code === 'EAGAIN').length >=
    SHARE_TRIES;
  const dropped = ['messages', 'batches'].map((name) => {
    const { mode } = actor.spec;
    const heard = withoutFirst(actor[name], unwatched, truth);
    if (mode !== 'both' && !name.startsWith(mode)) return 0;
    return checkHeard(actor, heard, truth, { ...context, gaveUp });
  });
  if (dropped.every((count) => count === 0)) checkBlocks(actor);
  return Math.max(...dropped);
}

/**
 * With shared buffers the messages of a block fill it: nothing else is there.
 * (A listener that closes the socket does not see all of them.)
 */
function checkBlocks({ messages, spec: { mode, sharedBuffers } }) {
  if (mode !== 'message' || !sharedBuffers) return;
  const ends = new Map();
  for (const { bytes } of messages.filter(({ error }) => error === null)) {
    const { buffer, byteOffset, length } = bytes;
    assert.strictEqual(byteOffset, ends.get(buffer) ?? 0, 'a gap in a block');
    ends.set(buffer, byteOffset + length);
  }
  for (const [buffer, end] of ends)
    assert.strictEqual(buffer.byteLength, end, 'a block is larger than needed');
}

/** What a socket that cannot be watched emits. */
const NO_ROOM = new Set(['ENOMEM', 'ENOSPC']);

/** Without up to `count` such reports, which no receive is behind. */
function withoutFirst(heard, count, truth) {
  const rest = [...heard];
  for (let n = 0, i = 0; n < count && i < rest.length;) {
    const { error } = rest[i];
    if (NO_ROOM.has(error) && truth[i]?.error !== error) {
      rest.splice(i, 1);
      n++;
    } else {
      i++;
    }
  }
  return rest;
}

// ----------------------------------------------------------------- errors --

/** The system calls behind an error, by its `syscall`. */
const BEHIND = {
  bind: ['bind', 'socket', 'setsockopt'],
  connect: ['connect', 'socket', 'setsockopt'],
  getsockname: ['getsockname'],
  uv_recv_buffer_size: ['setsockopt', 'getsockopt'],
  uv_send_buffer_size: ['setsockopt', 'getsockopt'],
};

function checkErrors({ errors }, failed) {
  for (const { syscall, code } of errors) {
    if (code === 'planned') continue;
    const calls = BEHIND[syscall] ?? ['setsockopt'];
    assert.ok(calls.some((call) => failed.has(`${call} ${code}`)),
      `${syscall} ${code}, and no system call said so`);
  }
}

/** One line each, without what leads elsewhere. */
function show(list) {
  return list.map((entry) => JSON.stringify(entry, (key, value) =>
    key === 'group' || key === 'bytes' ? undefined : value)).join('\n');
}

/**
 * @param {object} story of Stage#play()
 * @param {object} context
 * @param {string} context.transport
 * @param {function(Uint8Array): number} context.digest
 * @returns {object} counts
 * @throws {AssertionError} when a rule is broken
 */
function judge({ actors, log, complaints }, { transport, digest }) {
  const context = { transport, digest, taken: takenOf(log) };
  assert.deepStrictEqual(complaints, []);
  const count = {
    handedOver: 0, sent: 0, segmented: 0, failed: 0, givenUp: 0, received: 0,
    merged: 0, dropped: 0, unseen: 0,
  };
  const heard = (record) => record.kind === 'handed' ||
    (record.kind === 'unreadable' && transport !== 'linux');
  // A failed bind() takes its descriptor with it: that is no actor's then.
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
    if (actor.wasShared) count.unseen += dropped;
    checkErrors(actor, failed);
    assert.strictEqual(actor.closes, 1, `${actor.closes} 'close' events`);
    count.handedOver += actor.sends.length;
    count.sent += records.filter(({ kind }) => kind === 'taken').length;
    count.failed += records.filter(({ kind }) => kind === 'refused').length;
    count.received += own.filter(heard).length;
    count.segmented += records.filter((record) =>
      record.kind === 'taken' && record.segmented).length;
    count.merged += own.filter((record) =>
      heard(record) && record.segmented).length;
  }
  count.givenUp = count.handedOver - count.sent - count.failed;
  // Nobody else's: every record belongs to one of the sockets.
  assert.strictEqual(count.sent,
    log.filter(({ kind }) => kind === 'taken').length);
  assert.strictEqual(count.received, log.filter(heard).length);
  return count;
}

module.exports = { judge };
