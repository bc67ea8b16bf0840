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

const {
  WOULD_BLOCK, acceptedOf, checkCallback, checkErrors, checkGroup, checkOrder,
  isBindError, sameDatagram, verdict,
} = require('./outcomes');
const { checkReceipts } = require('./receipts');

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
  // Errors of ICMP messages that arrive faster than datagrams leave queue the
  // rest, too: E2.
  const mayBeQueued =
    records.some(({ code }) => WOULD_BLOCK.includes(code)) ||
    records.filter((record) => record.kind === 'rejected' &&
      isOfIcmp(actor, record)).length >= OWN;
  const isPossible = send.left && !mayBeQueued ? isUnwatched : isOwnError;
  return LOCAL_ERRORS.some((code) => isPossible(code, failed));

  function isOwnError(code) {
    return isLocalError(actor, code, failed);
  }
}

// ---------------------------------------------------------------- sending --

/** Whether a lookup was pending when the socket was detached. */
const hasMoved = ({ moves, spec: { lookup } }, { move, timing }) =>
  move < moves && lookup !== 'none' && timing === 'later';

/** Whether a send was queued when its socket was detached: it still leaves. */
const isOfOldSocket = ({ moves }, { move }) => move < moves;

/** The rules for findMismatch(). */
function rulesOf(actor, log, failed) {
  return {
    mayBeSkipped(send) {
      const result = verdict(send);
      if (result === 'accepted') return false;
      if (result === 'ECANCELED' && isOfOldSocket(actor, send))
        return hasMoved(actor, send);
      if (result !== '') {
        return isLocalError(actor, result, failed) ||
          isBindError(send, result, failed);
      }
      if (!send.due) return true;
      return !send.callback && (hasMoved(actor, send) ||
        mayBeLost(actor, send, log, failed));
    },
    fits(send, record) {
      if (!sameDatagram(send, record)) return false;
      const result = verdict(send);
      return result === '' ||
        result === (record.kind === 'accepted' ? 'accepted' : record.code);
    },
  };
}

function checkSends(actor, log, failed) {
  const sends = log.filter(({ kind }) =>
    kind === 'accepted' || kind === 'rejected');
  const records = withoutRepeated(actor, sends)
    .filter((record) => !isRetried(record));
  checkOrder(actor.sends, records, rulesOf(actor, log, failed));
  for (const send of actor.sends) checkCallback(send);
  for (const group of actor.groups) {
    checkGroup(group, acceptedOf(records), failed);
  }
  return records;
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

// ----------------------------------------------------------------- moving --

/** Each socket of an actor is closed once, and only a fault loses a ticket. */
function checkMoves({ closes, isLost, isThrownAway, moves }, failed) {
  assert.strictEqual(closes, 1 + moves - Number(isLost), '\'close\' events');
  // Node sets an option of the descriptor that it takes.
  assert.ok(!isLost || isThrownAway ||
    [...failed].some((name) => name.startsWith('setsockopt')),
  'a socket is lost, but no system call failed');
}

/**
 * @param {object} story from Stage#play()
 * @param {object} context
 * @param {string} context.transport
 * @param {function(Uint8Array): number} context.digest
 * @returns {object} counts
 * @throws {AssertionError} when a rule is broken
 */
function judge({ actors, log, visits, complaints }, { transport, digest }) {
  const context = { transport, digest, accepted: acceptedOf(log) };
  assert.deepStrictEqual(complaints, []);
  const count = {
    requested: 0, sent: 0, gso: 0, failed: 0, cancelled: 0, received: 0,
    gro: 0, dropped: 0, moved: 0, lost: 0, visits: visits.length, carried: 0,
    behind: 0, uncounted: 0,
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
    const dropped = checkReceipts(actor, own, expected(actor, own, transport),
                                  context);
    count.dropped += dropped;
    if (actor.wasShared || actor.moves > 0) count.uncounted += dropped;
    checkErrors(actor, failed);
    checkMoves(actor, failed);
    count.moved += actor.moves;
    count.lost += Number(actor.isLost);
    count.requested += actor.sends.length;
    count.sent += records.filter(({ kind }) => kind === 'accepted').length;
    count.failed += records.filter(({ kind }) => kind === 'rejected').length;
    count.received += own.filter(isDelivery).length;
    count.gso += records.filter((record) =>
      record.kind === 'accepted' && record.segmented).length;
    count.gro += own.filter((record) =>
      isDelivery(record) && record.segmented).length;
  }
  for (const { carried, queued } of visits) {
    count.carried += carried;
    count.behind += queued;
  }
  count.cancelled = count.requested - count.sent - count.failed;
  // Every record belongs to one of the sockets.
  assert.strictEqual(count.sent,
    log.filter(({ kind }) => kind === 'accepted').length);
  assert.strictEqual(count.received, log.filter(isDelivery).length);
  return count;
}

module.exports = { judge };
