'use strict';

/**
 * Collects sends and hands them to the C core in batches. What a program can
 * see is when its datagrams leave, in which order, and when its callbacks run;
 * docs/how-it-works.md tells what Node does, which this file keeps:
 *
 *  1. Unconnected: nothing leaves within send(). Node asks for the address
 *     first, which takes one tick; the callback takes a second one.
 *  2. Connected: the datagram leaves within send(), the callback takes one
 *     tick. Here the first of a tick does so; the following ones leave
 *     together, when the tick ends at the latest, and their callbacks take two,
 *     so that none overtakes a tick that was there before its send().
 *  3. The bytes are copied at once: the buffer is the caller's again.
 *  4. A callback runs in the async context of its send().
 *
 * JavaScript may throw or be terminated at any line, and what was scheduled may
 * never run. So each step leaves a state from which the next one goes on:
 *
 *  5. How many descriptors of a lane wait is a word that C sees, too. It is
 *     written last when one is appended; when they have left, C writes in it
 *     that their statuses are to be taken, and the next entry takes them.
 *  6. That something is scheduled is noted when it has been. Batches of
 *     callbacks are kept until all were called, and a batch has moved on
 *     before it calls one: each is called once.
 *  7. When the event loop goes on and something is left all the same, C calls
 *     settleStalled().
 */

const { AsyncResource } = require('node:async_hooks');
// As globals they are looked up each time: Node defines them with getters.
const { Buffer } = require('node:buffer');
const binding = require('../load/binding');
const { beforeEnding } = require('../node/endings');
const errors = require('../errors/errors');
const { LOOPBACK } = require('../handle/lookup');
const { isReplaced, schedule } = require('../node/ticks');
const { isWatched, run } = require('../node/uncaught');

const { process } = globalThis;

const {
  SEND_WORDS, SEND_SOCKET, SEND_PEER, SEND_OFFSET, SEND_LENGTH, SEND_TICKET,
  SEND_STATUS, QUEUED, BATCH_SENDS, BATCH_ARENA, BATCH_PENDING,
  BATCH_CALLBACKS_DUE,
  BATCH_SENT, DATAGRAM_MAX, PEERS_MAX,
} = binding.layout;

/** In a descriptor: the peer that the socket is connected to. */
const CONNECTED_PEER = 0;

/** One byte more than fits: the kernel answers EMSGSIZE to the rest as well. */
const COPY_MAX = DATAGRAM_MAX + 1;

/** Connected datagrams that wait for the end of a tick at most. */
const CONNECTED_MAX = 64;

/** The status of a datagram that has not left: no length and no code. */
const UNSENT = 0x7fffffff;

/** For async resources that say themselves when they are done with. */
const MANUAL = { __proto__: null, requireManualDestroy: true };

/**
 * A send whose outcome somebody waits for. It is the async resource of its
 * callback.
 */
class Send extends AsyncResource {
  constructor(handle, callback, address, port) {
    super('DGRAMSEND', MANUAL);
    this.handle = handle;
    this.callback = callback; // null: it was called
    this.address = address; // as given: it goes into the error
    this.port = port;
    this.bytes = 0;
    this.status = UNSENT;
    this.request = null; // the UDPSENDWRAP, once the kernel made it wait
    this.apart = isReplaced(); // it has ticks of its own
  }

  /**
   * The lane it was in has left.
   * @returns {boolean} whether it shares the ticks of its lane
   */
  sent(status) {
    this.status = status;
    return !this.apart;
  }

  /** @returns {boolean} whether a ticket waits for more than one completion */
  hasMore() {
    return false;
  }

  /** The kernel let go of it later; until then `request` stood for it. */
  completed(status, bytes) {
    this.status = status;
    this.bytes = bytes;
    // settle() was not there yet, and finds it finished.
    if (this.request !== null) finishRequest(this, this.request);
  }

  /** @param {boolean} watched whether uncaught.js is to be told of a throw */
  finish(watched) {
    try {
      this.runInAsyncScope(watched ? this.callWatched : this.call, this);
    } finally {
      this.emitDestroy();
    }
  }

  call() {
    const { callback } = this;
    this.callback = null;
    if (this.status < 0) this.callWithError(callback);
    else callback(null, this.bytes);
  }

  callWatched() {
    try {
      this.call();
    } catch (error) {
      binding.fatal(error);
    }
  }

  callWithError(callback) {
    const error = errors.hostPortException(this.status, 'send', this.address,
                                           this.port);
    if (this.request === null) callback(error);
    else callback(error, this.bytes);
  }
}

/** Finishes a send within the resource that it waited under. */
function finishRequest(send, request) {
  if (request === null) return; // a throw left it without
  try {
    run(request, send.finish, send, false);
  } finally {
    request.emitDestroy();
  }
}

/** The sends of one sendMany(), for its one callback: they share a ticket. */
class SendMany extends AsyncResource {
  constructor(callback, total) {
    super('DGRAMSEND', MANUAL);
    this.callback = callback;
    this.ticket = newTicket();
    this.left = total;
    this.queued = 0;
    this.count = 0;
    this.error = null;
  }

  /** @param {Int32Array} statuses of `count` descriptors, all its own */
  flushed(statuses, count) {
    let taken = 0;
    let failed = 0;
    let error = 0;
    for (let index = 0; index < count; index++) {
      const status = statuses[index * SEND_WORDS + SEND_STATUS];
      if (status >= 0) taken++;
      else if (status !== QUEUED && failed++ === 0) error = status;
    }
    // From here on a program's code may run, and use the lane.
    this.count += taken;
    this.wait(count - taken - failed);
    if (failed > 0) this.note(errors.errnoException(error, 'send'));
    if (taken + failed > 0) this.step(taken + failed);
  }

  wait(queued) {
    if (queued === 0) return;
    this.queued += queued;
    waiting.set(this.ticket, this);
  }

  hasMore() {
    return --this.queued > 0;
  }

  completed(status) {
    if (status < 0) this.note(errors.errnoException(status, 'send'));
    else this.count++;
    this.step(1);
  }

  fail(error) {
    this.note(error);
    this.step(1);
  }

  /** The first error is the one that the callback is told. */
  note(error) {
    this.error ??= error;
  }

  step(n) {
    this.left -= n;
    if (this.left === 0) process.nextTick(finishMany, this);
  }
}

function finishMany(many) {
  try {
    run(many, many.callback, undefined, many.error, many.count);
  } finally {
    many.emitDestroy();
  }
}

/** Sends that the transport queued, by ticket. */
const waiting = new Map();
let lastTicket = 0;

const TICKET_MAX = 0xffffffff;

/** A number from 1 to TICKET_MAX that no queued send has. */
function newTicket() {
  lastTicket++;
  return waiting.size === 0 && lastTicket <= TICKET_MAX ?
    lastTicket :
    freeTicket();
}

function freeTicket() {
  while (lastTicket > TICKET_MAX || waiting.has(lastTicket)) {
    lastTicket = lastTicket < TICKET_MAX ? lastTicket + 1 : 1;
  }
  return lastTicket;
}

/**
 * How many bytes there are, whatever a `length` of the view's own says: what
 * the arena holds behind them belongs to other datagrams.
 */
const realLength = getterOf('length');
const realBuffer = getterOf('buffer');
const realOffset = getterOf('byteOffset');

function getterOf(name) {
  const typedArray = Object.getPrototypeOf(Uint8Array.prototype);
  return Object.getOwnPropertyDescriptor(typedArray, name).get;
}

// Buffer's prototype has so many members that V8 looks methods up each time.
const { set: copyTo } = Uint8Array.prototype;

/** Memory of a lane that could not be made: it is for the next one. */
let spareMemory = null;

/**
 * Memory for some datagrams: descriptors, payload, and the Sends of those that
 * have one, by descriptor.
 */
class Lane {
  // As fields they are defined, whatever setters there are to inherit.
  id = 0;
  words = null;
  statuses = null;
  arena = null;
  used = 0;
  many = null; // whose datagrams these are, if they have one callback
  sends = [];
  settled = []; // those that have left, and are in no batch yet
  due = []; // batches that are to be called back
  forgetful = false;
  watched = 0;

  /**
   * @param {boolean} connected what waits leaves when the process ends
   * @param {boolean} forgetful sends of closed sockets are not called back
   */
  constructor(connected, forgetful) {
    const memory = spareMemory ?? binding.openSendBatch();
    spareMemory = null;
    try {
      this.use(memory);
      this.forgetful = forgetful;
      this.watched = binding.watchSendBatch(memory.id, connected);
    } catch (error) {
      spareMemory = memory;
      throw error;
    }
  }

  /** Nobody else has this memory, so nobody can give it away. */
  use({ id, sends, arena }) {
    this.id = id;
    this.words = new Uint32Array(sends);
    this.statuses = new Int32Array(sends);
    this.arena = Buffer.from(arena);
    this.sends = new Array(BATCH_SENDS).fill(null);
  }

  /**
   * Copies a message and appends its descriptor.
   * @param {object} handle the UDP handle
   * @param {number} peer a slot, or CONNECTED_PEER
   * @param {string|ArrayBufferView|Array} message
   * @param {Send|null} send
   */
  push(handle, peer, message, send) {
    const length = message instanceof Uint8Array ?
      realLength.call(message) :
      Infinity;
    if (length <= COPY_MAX) { // nearly all are
      this.reserve(length);
      if (length > 0) copyTo.call(this.arena, message, this.used);
      this.append(handle, peer, length, length, send);
    } else {
      this.pushOther(handle, peer, message, send);
    }
  }

  /** Whatever it is, and however long. */
  pushOther(handle, peer, message, send) {
    this.reserve(Math.min(sizeBound(message), BATCH_ARENA));
    const written = writeMessage(this.arena, this.used, message);
    this.append(handle, peer, written, Math.min(written, COPY_MAX), send);
  }

  /** Makes room for one more datagram. */
  reserve(size) {
    // When they have left, but nobody took their statuses, it is more, too.
    if (this.words[BATCH_PENDING] >= BATCH_SENDS ||
        this.used + size > BATCH_ARENA) {
      this.flush();
    }
  }

  /** Describes the bytes that were written behind the last datagram's. */
  append(handle, peer, length, copied, send) {
    const { words, many } = this;
    const index = words[BATCH_PENDING];
    const at = index * SEND_WORDS;
    words[at + SEND_SOCKET] = handle.id;
    words[at + SEND_PEER] = peer;
    words[at + SEND_OFFSET] = this.used;
    words[at + SEND_LENGTH] = copied;
    words[at + SEND_TICKET] = many === null ? 0 : many.ticket;
    if (send !== null) {
      send.bytes = length;
      words[at + SEND_TICKET] = newTicket();
      this.sends[index] = send;
    }
    this.used += copied;
    words[BATCH_PENDING] = index + 1;
  }

  /** True when a datagram of this handle has not left yet. */
  holds(handle) {
    const { words } = this;
    const count = words[BATCH_PENDING];
    if (count >= BATCH_SENT) return false;
    for (let index = 0; index < count; index++) {
      if (words[index * SEND_WORDS + SEND_SOCKET] === handle.id) return true;
    }
    return false;
  }

  /** Sends what is there. Each Send has its status then. */
  flush() {
    const count = this.words[BATCH_PENDING];
    if (count === 0) return;
    if (count < BATCH_SENT) binding.flush(this.id, count);
    this.tell();
  }

  /** Takes the statuses of what has left; also when that was left undone. */
  tell() {
    const { words, many } = this;
    const count = words[BATCH_PENDING] - BATCH_SENT;
    if (count < 0) return;
    if (many === null) this.tellSends(count);
    this.used = 0;
    words[BATCH_PENDING] = 0;
    if (many !== null) many.flushed(this.statuses, count);
  }

  tellSends(count) {
    const { sends, words, statuses, settled } = this;
    for (let index = 0; index < count; index++) {
      const at = index * SEND_WORDS;
      const ticket = words[at + SEND_TICKET];
      if (ticket === 0) continue;
      const send = sends[index];
      if (send === null) continue; // told before: the lane was flushed again
      const status = statuses[at + SEND_STATUS];
      if (status === QUEUED) waiting.set(ticket, send);
      if (send.sent(status)) settled.push(send);
      words[at + SEND_TICKET] = 0;
      sends[index] = null;
    }
    if (settled.length > 0) words[BATCH_CALLBACKS_DUE] = 1;
  }

  /**
   * All that has left since this was last asked, to be called back together.
   * @returns {Batch|null}
   */
  takeBatch() {
    let { settled } = this;
    if (settled.length === 0) return null;
    // Node forgets the send of a socket that was closed before its tick came.
    if (this.forgetful && settled.some(isClosed)) {
      settled = settled.filter(stillOpen);
    }
    const batch = new Batch(this, settled);
    const next = [];
    this.due.push(batch);
    this.settled = next;
    return batch;
  }

  /** That batch is done with. */
  forget(batch) {
    const { due } = this;
    const at = due.indexOf(batch);
    if (at >= 0) due.splice(at, 1);
    if (due.length === 0 && this.settled.length === 0) {
      this.words[BATCH_CALLBACKS_DUE] = 0;
    }
  }

  /** Does all that ticks should have done. */
  settle() {
    this.flush();
    this.takeBatch();
    while (this.due.length > 0) finishBatch(this.due[0]);
    this.words[BATCH_CALLBACKS_DUE] = 0;
  }
}

function isClosed(send) {
  return send.handle.closed;
}

function stillOpen(send) {
  if (!isClosed(send)) return true;
  send.emitDestroy();
  return false;
}

/** Sends whose callbacks run in one tick. */
class Batch {
  constructor(lane, sends) {
    this.lane = lane;
    this.sends = sends;
    this.next = 0; // the first that was not called
  }
}

/**
 * What writeMessage() may write at most, within BATCH_ARENA: it stops after the
 * part that passes COPY_MAX, and a UTF-16 unit takes three bytes at most.
 */
function sizeBound(message) {
  if (typeof message === 'string') return message.length * 3;
  if (message instanceof Uint8Array) return realLength.call(message);
  if (!Array.isArray(message)) return message.byteLength;
  let size = 0;
  for (const part of message) size += sizeBound(part);
  return size;
}

/**
 * Writes a message into the arena, or so much of it that it cannot be sent.
 * @returns {number} its length in bytes, which may be more
 */
function writeMessage(arena, offset, message) {
  if (typeof message === 'string') return writeString(arena, offset, message);
  if (Array.isArray(message)) return writeList(arena, offset, message);
  return writeView(arena, offset, message);
}

function writeString(arena, offset, text) {
  if (text.length <= COPY_MAX) return arena.write(text, offset, 'utf8');
  arena.write(text.slice(0, COPY_MAX), offset, 'utf8');
  return Buffer.byteLength(text);
}

function writeView(arena, offset, view) {
  const bytes = view instanceof Uint8Array ?
    view :
    new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const length = realLength.call(bytes);
  if (length === 0) return 0;
  copyTo.call(arena, length <= COPY_MAX ? bytes : firstBytes(bytes), offset);
  return length;
}

/** Not subarray(), which asks the view's own constructor. */
function firstBytes(bytes) {
  return new Uint8Array(realBuffer.call(bytes), realOffset.call(bytes),
                        COPY_MAX);
}

function writeList(arena, offset, list) {
  let total = 0;
  for (const part of list) {
    if (total <= COPY_MAX) {
      total += writeMessage(arena, offset + total, part);
    } else {
      total += typeof part === 'string' ? Buffer.byteLength(part) :
        part.byteLength;
    }
  }
  return total;
}

/** Destinations that the C core has parsed: address → port → slot. */
const peers = { 4: new Map(), 6: new Map() };
let peersUsed = CONNECTED_PEER;
let lastPeer = { family: 0, address: '', port: 0, slot: 0 };

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
  for (const lane of [tickLane, laterLane, nowLane]) lane?.flush();
  // In this order: nothing names a slot that is given anew.
  lastPeer = { family: 0, address: '', port: 0, slot: 0 };
  peers[4].clear();
  peers[6].clear();
  peersUsed = CONNECTED_PEER;
}

// One lane per way of sending, made when it is first needed.
let laterLane = null; // unconnected: leaves in the next tick
let tickLane = null; // connected: leaves by the end of this tick
let nowLane = null; // after a lookup, or through handle.send()

let laterScheduled = false;
let tickScheduled = false;

/** What Node would have sent already is not lost by process.kill(). */
let watchingEnds = false;

/** Making a lane may run a program's code, which may have made it. */
function openLater() {
  const lane = new Lane(false, true);
  laterLane ??= lane;
}

function openTick() {
  const lane = new Lane(true, false);
  tickLane ??= lane;
}

function openNow() {
  const lane = new Lane(false, false);
  nowLane ??= lane;
}

/**
 * Sends to a literal address in the next tick.
 * @param {UDP} handle
 * @param {string|ArrayBufferView|Array} message
 * @param {string} [address] of the handle's family; falsy: loopback
 * @param {number} port
 * @param {Function} [callback] (error) or (null, bytes)
 * @returns {boolean} false: not a literal of this family, nothing was done
 */
function sendLater(handle, message, address, port, callback) {
  const { family } = handle;
  const peer = findPeer(family, address || LOOPBACK[family], port);
  if (peer < 0) return false;
  const send = callback === undefined ?
    null :
    new Send(handle, callback, address, port);
  if (laterLane === null) openLater();
  laterLane.push(handle, peer, message, send);
  if (!laterScheduled) {
    schedule(flushLater);
    laterScheduled = true;
  }
  if (send !== null && send.apart) process.nextTick(sendApart, send);
  return true;
}

function flushLater() {
  laterScheduled = false;
  flushConnected(); // node:dgram sent these within send()
  laterLane.flush();
  const batch = laterLane.takeBatch();
  if (batch !== null) schedule(finishBatch, batch);
}

/**
 * process.nextTick() is somebody else's: node:dgram would have called it within
 * send(), and again when it has sent. So the callback is in its zone, or waits
 * for the fake clock to move.
 */
function sendApart(send) {
  if (send.status === UNSENT) {
    flushConnected();
    laterLane.flush();
  }
  if (stillOpen(send)) process.nextTick(finishApart, send);
}

function finishApart(send) {
  if (send.status === UNSENT) tickLane.flush();
  settle(send, isWatched());
}

/**
 * Sends to the peer that the socket is connected to.
 * @param {UDP} handle
 * @param {string|ArrayBufferView|Array} message
 * @param {Function} [callback] (error) or (null, bytes)
 */
function sendConnected(handle, message, callback) {
  const send = callback === undefined ?
    null :
    new Send(handle, callback, undefined, undefined);
  if (tickLane === null) openTick();
  tickLane.push(handle, CONNECTED_PEER, message, send);
  if (!tickScheduled) sendFirst();
  else keepForTick();
  if (send !== null && send.apart) process.nextTick(finishApart, send);
}

function sendFirst() {
  tickLane.flush();
  schedule(flushTick, tickLane.takeBatch());
  tickScheduled = true;
}

function keepForTick() {
  if (process._exiting || tickLane.words[BATCH_PENDING] >= CONNECTED_MAX) {
    tickLane.flush(); // no tick will come any more, or they are enough
  } else if (!watchingEnds) {
    watchingEnds = true;
    beforeEnding(flushConnected, tickLane.watched !== 0);
  }
}

/** @param {Batch|null} first what left within send() */
function flushTick(first) {
  tickScheduled = false;
  endConnected();
  if (first !== null) finishBatch(first);
}

/**
 * Connected datagrams that wait for the end of the tick leave now, and their
 * callbacks take their place among the ticks: before 'close', if that is next.
 */
function endConnected() {
  if (tickLane === null) return;
  tickLane.flush();
  const batch = tickLane.takeBatch();
  if (batch !== null) schedule(finishBatch, batch);
}

/** Runs the callbacks of a tick; one that throws does not stop the others. */
function finishBatch(batch) {
  const { sends } = batch;
  const watched = isWatched();
  try {
    while (batch.next < sends.length) settle(sends[batch.next++], watched);
  } finally {
    if (batch.next < sends.length) schedule(finishBatch, batch);
    else batch.lane.forget(batch);
  }
}

function settle(send, watched) {
  if (send.callback === null) return;
  if (send.status === QUEUED) {
    send.request ??= send.runInAsyncScope(newRequest);
  } else {
    send.finish(watched);
  }
}

/**
 * The event loop goes on, and not all was done that ticks were to do: they were
 * dropped, or something threw. Called by the C core.
 */
function settleStalled() {
  laterScheduled = false;
  tickScheduled = false;
  for (const lane of [tickLane, laterLane, nowLane]) lane?.settle();
}

/** The resource under which async_hooks knows a send that has to wait. */
function newRequest() {
  return new AsyncResource('UDPSENDWRAP', MANUAL);
}

/**
 * Sends one datagram at once, for UDP#send().
 * @param {UDP} handle
 * @param {4|6} family
 * @param {Array<ArrayBufferView>} list
 * @param {number} port
 * @param {string|null} address a literal; null: the connected peer
 * @param {object|null} request `oncomplete(status, bytes)` is called on it
 *   when the datagram had to be queued
 * @returns {number} bytes + 1, 0 when it was queued, or a UV_ code
 */
function sendNow(handle, family, list, port, address, request) {
  const peer = address === null ?
    CONNECTED_PEER :
    findPeer(family, address, port);
  if (peer < 0) return peer;
  // Earlier datagrams of this socket that Node would have sent by now.
  if (address === null) flushConnected();
  const send = new QueuedRequest(request);
  useNowLane(null);
  nowLane.push(handle, peer, list, send);
  nowLane.flush();
  if (send.status === QUEUED) {
    send.request = newRequest();
    return 0;
  }
  return send.status < 0 ? send.status : send.bytes + 1;
}

/** What a throw has left in the lane leaves before, for whom it was. */
function useNowLane(many) {
  if (nowLane === null) openNow();
  nowLane.flush();
  nowLane.many = many;
}

/** A send that UDP#send() may have to complete later. */
class QueuedRequest {
  constructor(target) {
    this.target = target;
    this.bytes = 0;
    this.status = 0;
    this.request = null;
  }

  /** @returns {boolean} false: it shares no tick */
  sent(status) {
    this.status = status;
    return false;
  }

  hasMore() {
    return false;
  }

  completed(status, bytes) {
    this.status = status;
    this.bytes = bytes;
    finishRequest(this, this.request);
  }

  finish() {
    this.target?.oncomplete?.(this.status, this.bytes);
  }
}

/** The C core's word that a queued datagram left, or failed. */
function complete(ticket, status, length) {
  // It may have sent a lane by itself, see settleStalled().
  if (!waiting.has(ticket)) tellAll();
  const send = waiting.get(ticket);
  if (send === undefined) return;
  if (!send.hasMore()) waiting.delete(ticket);
  send.completed(status, length);
}

function tellAll() {
  for (const lane of [tickLane, laterLane, nowLane]) lane?.tell();
}

/**
 * Sends many datagrams at once, in order.
 * @param {UDP} handle
 * @param {Array} packets checked: messages for the connected peer, or message,
 *   port and address (a literal) in turn
 * @param {1|3} width which of the two
 * @param {SendMany|null} many told of each
 */
function sendAll(handle, packets, width, many) {
  flushConnected();
  // What this socket sent before stays before, though it would have had a tick.
  if (laterLane?.holds(handle)) laterLane.flush();
  useNowLane(many);
  for (let i = 0; i < packets.length; i += width) {
    const peer = width === 1 ?
      CONNECTED_PEER :
      findPeer(handle.family, packets[i + 2], packets[i + 1]);
    nowLane.push(handle, peer, packets[i], null);
  }
  nowLane.flush();
  nowLane.many = null;
}

/** Connected datagrams that wait for the end of the tick leave now. */
function flushConnected() {
  if (tickLane !== null) tickLane.flush();
}

module.exports = {
  SendMany,
  complete,
  endConnected,
  findPeer,
  flushConnected,
  sendAll,
  sendConnected,
  sendLater,
  sendNow,
  settleStalled,
};
