'use strict';

/**
 * The rules for programs of Unix datagram sockets, whatever their faults:
 *
 *  1. to 4. As for UDP, see model.js. Here all datagrams of a socket leave in
 *     the order of the calls, also those that wait for a full peer.
 *  5. Each datagram goes to the name that it was sent to, or to the peer of
 *     that time. A socket that is open until the end receives all that the
 *     kernel has accepted for it.
 *  6. Each congestion has the events 'congestion', 'writable' and 'drain', in
 *     this order and once, and begins with a datagram that the kernel refused.
 */

const assert = require('node:assert');

const {
  WOULD_BLOCK, acceptedOf, checkCallback, checkErrors, checkGroup, checkOrder,
  isBindError, nameOf, sameDatagram, show, verdict,
} = require('./outcomes');
const { DISTINCT } = require('./payload');
const { checkReceipts } = require('./receipts');
const { toKernel } = require('./unix-actor');

const EVENTS = ['congestion', 'writable', 'drain'];

/** The peer is closed: rule U2 of transport/linux/unix.h. */
const PEER_GONE = ['ECONNREFUSED', 'ENOTCONN'];

/** How often ECONNRESET is repeated: rule U3. */
const RESETS_MAX = 8;

// ---------------------------------------------------------------- sending --

const isPeerGone = ({ kind, code }) =>
  kind === 'rejected' && PEER_GONE.includes(code);

const isSend = ({ kind }) => kind === 'accepted' || kind === 'rejected';

/** What the log tells about sends, with the connect() of rule U2. */
function attemptsOf(actor, log) {
  return log.filter(({ kind, call, index }) => isSend({ kind }) ||
    (call === 'connect' && kind !== 'fault' && !actor.ownConnects.has(index)));
}

/**
 * The records that decide about a datagram: it was accepted, or the error is
 * its own. Others are repeated.
 */
function finalRecords(actor, log) {
  const attempts = attemptsOf(actor, log);
  const finals = [];
  let resets = 0; // attempts for the next datagram that say nothing about it
  let repeats = false; // the next attempt is for a new peer
  for (const [i, record] of attempts.entries()) {
    const { kind, code } = record;
    const next = attempts[i + 1];
    if (kind === 'rejected' && ['EINTR', ...WOULD_BLOCK].includes(code)) {
      if (code !== 'EINTR') {
        resets = 0;
        repeats = false;
      }
    } else if (kind === 'rejected' && code === 'ECONNRESET' &&
        resets < RESETS_MAX) {
      resets++; // U3
    } else if (isPeerGone(record) && next?.call === 'connect') {
      repeats = next.kind === 'connected';
      if (!repeats) {
        resets = 0;
        finals.push({ ...record, code: next.code });
      }
    } else if (isSend(record)) {
      assert.ok(!isPeerGone(record) || record.port !== 0 || repeats,
        `no attempt to connect again: ${show([record])}`);
      resets = 0;
      repeats = false;
      finals.push(record);
    }
  }
  return finals;
}

/** Whether a datagram may have failed before it reached the kernel. */
function isLocalError(actor, send, code, failed) {
  return (code === 'ECANCELED' && actor.closing && !actor.lastClose) ||
    isBindError(send, code, failed);
}

/** The rules for findMismatch(). */
function rulesOf(actor, log, failed) {
  const mayBeQueued = log.some(({ code }) => WOULD_BLOCK.includes(code));
  return {
    mayBeSkipped(send) {
      const result = verdict(send);
      if (result === 'accepted') return false;
      if (result !== '') return isLocalError(actor, send, result, failed);
      return !send.callback && (
        (mayBeQueued && isLocalError(actor, send, 'ECANCELED', failed)) ||
        (send.waited && [...failed].some((name) => name.startsWith('s'))));
    },
    fits(send, record) {
      const { to, isToPeer } = send;
      const place = isToPeer ? 0 : actor.placeOf({ path: toKernel(to) });
      if (!sameDatagram(send, record)) return false;
      // A queued datagram for an earlier peer has its name: U7.
      if (record.port !== place &&
          !(isToPeer && record.port === actor.placeOf({ path: toKernel(to) })))
        return false;
      const result = verdict(send);
      return result === '' ||
        result === (record.kind === 'accepted' ? 'accepted' : record.code);
    },
  };
}

function checkSends(actor, log, failed) {
  const records = finalRecords(actor, log);
  checkOrder(actor.sends, records, rulesOf(actor, log, failed));
  actor.sends.forEach(checkCallback);
  for (const group of actor.groups)
    checkGroup(group, acceptedOf(records), failed);
  return records;
}

// ------------------------------------------------------------- congestion --

function checkEvents(actor, log) {
  const { events } = actor;
  const refused = log.filter(({ kind, code }) =>
    kind === 'rejected' && WOULD_BLOCK.includes(code));
  for (const [i, { event, at }] of events.entries()) {
    assert.strictEqual(event, EVENTS[i % 3], `event ${i}: ${show(events)}`);
    if (event !== 'congestion') continue;
    const since = events[i - 1]?.at ?? 0;
    assert.ok(refused.some(({ index }) => index >= since && index < at),
      `no datagram was refused before event ${i}`);
  }
  if (actor.closing && !actor.lastClose) return;
  assert.strictEqual(events.length % 3, 0, `unfinished: ${show(events)}`);
  for (const { index } of refused) {
    // Either an event before it has begun a congestion, or the next one does.
    const before = events.filter(({ at }) => at <= index);
    const next = events[before.length];
    assert.ok(before.length % 3 !== 0 || next !== undefined,
      `no event after record ${index}: ${show(events)}`);
  }
}

// -------------------------------------------------------------- receiving --

/** The deliveries that listeners should have received, by the log. */
function expected(log) {
  return log.flatMap((record) => {
    const { kind, code, number } = record;
    if (kind === 'recvFailed')
      return code === 'ECONNRESET' ? [] : [{ error: code, number }]; // U3
    if (kind !== 'delivered') return [];
    return code === 'EMSGSIZE' ? [{ error: code, number }] : [record]; // U5
  });
}

/** Rule 5. The kernel empties the queue of a socket that is disconnected. */
function checkArrivals(actor, log, sendsByName) {
  for (const record of log) {
    const isOwn = record.kind === 'delivered' && record.code === '' &&
      record.serial === actor.serial && record.length >= DISTINCT;
    const send = isOwn ? sendsByName.get(nameOf(record)) : undefined;
    assert.ok(send === undefined || actor.name === '' ||
      toKernel(send.to) === toKernel(actor.name),
    `for ${send?.to}, but delivered to ${actor.name}`);
  }
  if (!actor.lastClose || actor.name === '' || actor.wasConnected) return;
  const sent = log.filter(({ kind, index, ...record }) =>
    kind === 'accepted' && index >= actor.boundAt &&
    sendsByName.get(nameOf(record))?.to === actor.name);
  const arrived = log.filter(({ kind, serial }) =>
    kind === 'delivered' && serial === actor.serial);
  // Those that the schedule has truncated cannot be identified.
  const least = arrived.filter(({ code, length }) =>
    code === '' && length >= DISTINCT).length;
  const most = least + arrived.filter(({ code }) => code !== '').length;
  assert.ok(sent.length >= least && sent.length <= most,
    `${sent.length} datagrams for ${actor.name}, ${least} to ${most} arrived`);
}

/**
 * @param {object} story from Stage#play()
 * @param {object} context
 * @param {function(Uint8Array): number} context.digest
 * @returns {object} counts
 * @throws {AssertionError} when a rule is broken
 */
function judge({ actors, log: records, complaints }, { digest }) {
  assert.deepStrictEqual(complaints, []);
  const log = records.map((record, index) => ({ ...record, index }));
  const context = { digest, accepted: acceptedOf(log) };
  const count = {
    requested: 0, sent: 0, failed: 0, cancelled: 0, received: 0, dropped: 0,
    congestions: 0, reconnected: 0, uncounted: 0,
  };
  adopt(actors, log);
  const owned = new Set(actors.map(({ serial }) => serial));
  const sendsByName = new Map(actors.flatMap(({ sends }) => sends)
    .filter(({ length }) => length >= DISTINCT)
    .map((send) => [nameOf(send), send]));
  for (const actor of actors) {
    const own = log.filter(({ serial }) =>
      serial === actor.serial && serial !== 0);
    const failed = new Set(
      log.filter(({ kind, serial, call }) => kind === 'callFailed' &&
        (serial === actor.serial || call === 'socket' || !owned.has(serial)))
        .map(({ call, code }) => `${call} ${code}`));
    const finals = checkSends(actor, own, failed);
    checkEvents(actor, own);
    count.dropped += checkReceipts(actor, own, expected(own), context);
    checkArrivals(actor, log, sendsByName);
    checkErrors(actor, failed);
    assert.strictEqual(actor.closes, 1, '\'close\' events');
    count.requested += actor.sends.length;
    count.sent += finals.filter(({ kind }) => kind === 'accepted').length;
    count.failed += finals.filter(({ kind }) => kind === 'rejected').length;
    count.received += own.filter(isDelivery).length;
    count.congestions += Math.ceil(actor.events.length / 3);
    count.reconnected += own.filter(({ kind, index }) =>
      kind === 'connected' && !actor.ownConnects.has(index)).length;
  }
  count.cancelled = count.requested - count.sent - count.failed;
  // Every record belongs to one of the sockets.
  assert.strictEqual(count.sent,
    log.filter(({ kind }) => kind === 'accepted').length);
  assert.strictEqual(count.received, log.filter(isDelivery).length);
  return count;
}

const isDelivery = ({ kind, code }) =>
  kind === 'delivered' && code !== 'EMSGSIZE';

/**
 * Finds the sockets that got a descriptor within close(), with the last sends
 * of the tick: the log has their datagrams.
 */
function adopt(actors, log) {
  const owned = new Set(actors.map(({ serial }) => serial));
  for (const actor of actors.filter(({ serial }) => serial === 0)) {
    const names = new Set(actor.sends.map(nameOf));
    const sends = log.filter((record) =>
      isSend(record) && !owned.has(record.serial));
    const strange = new Set(sends.filter((record) => !names.has(nameOf(record)))
      .map(({ serial }) => serial));
    const own = sends.find(({ serial }) => !strange.has(serial));
    actor.serial = own?.serial ?? 0;
    owned.add(actor.serial);
  }
}

module.exports = { judge };
