'use strict';

/**
 * Rules for every kind of socket: callbacks are called once, with what the
 * kernel has done, and each error has a failed system call as its cause.
 */

const assert = require('node:assert');

const { findMismatch } = require('./lanes');
const { DISTINCT } = require('./payload');

/** The datagram, and those behind it, are queued. */
const WOULD_BLOCK = ['EAGAIN', 'ENOBUFS'];

/** One line each, without references and payload. */
function show(list) {
  return list.map((entry) => JSON.stringify(entry, (key, value) =>
    key === 'group' || key === 'bytes' ? undefined : value)).join('\n');
}

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

/** The datagrams that the kernel accepted. */
const acceptedOf = (log) =>
  new Set(log.filter(({ kind }) => kind === 'accepted').map(nameOf));

const nameOf = ({ length, digest }) => `${length} ${digest}`;

/** The sends of a program and the kernel's log: see findMismatch(). */
function checkOrder(sends, records, rules) {
  const mismatch = findMismatch(sends, records, rules);
  if (mismatch === null) return;
  const { count, next } = mismatch;
  assert.fail('the kernel\'s log does not match the sends; records ' +
    `from ${count} of ${records.length}:\n` +
    `${show(records.slice(count, count + 3))}\nnext sends:\n${show(next)}`);
}

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

/** The system calls that can cause an error, by its `syscall`. */
const BEHIND = {
  // Options before bind read the family of the descriptor.
  bind: ['bind', 'socket', 'setsockopt', 'getsockopt'],
  connect: ['connect', 'socket', 'setsockopt', 'getsockopt'],
  setsockopt: ['setsockopt', 'getsockopt'],
  getsockname: ['getsockname'],
  open: ['setsockopt', 'getsockopt', 'getsockname', 'dup'],
  detach: ['dup'],
  uv_recv_buffer_size: ['setsockopt', 'getsockopt'],
  uv_send_buffer_size: ['setsockopt', 'getsockopt'],
};

/** detach() of a socket that is not bound, or is about to connect. */
const NOT_READY = ['EBADF', 'EALREADY'];

function checkErrors({ errors }, failed) {
  for (const { syscall, code } of errors) {
    if (code === 'planned') continue;
    if (syscall === 'detach' && NOT_READY.includes(code)) continue;
    // libuv does not know the type of its handle.
    if (syscall === 'ticket') {
      assert.ok([...failed].some((name) => name.startsWith('getsockname')),
        'a ticket was refused, but no system call failed');
      continue;
    }
    const calls = BEHIND[syscall] ?? ['setsockopt', 'getsockopt'];
    assert.ok(calls.some((call) => failed.has(`${call} ${code}`)),
      `${syscall} ${code}, but no system call failed with it`);
  }
}

module.exports = {
  WOULD_BLOCK, acceptedOf, checkCallback, checkErrors, checkGroup, checkOrder,
  isBindError, nameOf, sameDatagram, show, verdict,
};
