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
 */

const { AsyncResource } = require('node:async_hooks');
// As globals they are looked up each time: Node defines them with getters.
const { Buffer } = require('node:buffer');
const process = require('node:process');
const binding = require('./binding');
const errors = require('./errors');
const { keep } = require('./memory');
const { LOOPBACK } = require('./lookup');
const { isWatched, run } = require('./uncaught');

const {
  SEND_WORDS, SEND_SOCKET, SEND_PEER, SEND_OFFSET, SEND_LENGTH, SEND_TICKET,
  SEND_STATUS, QUEUED, LANE_SENDS, LANE_ARENA, DATAGRAM_MAX, PEERS_MAX,
} = binding.layout;

/** In a descriptor: the peer that the socket is connected to. */
const CONNECTED_PEER = 0;

/** One byte more than fits: the kernel answers EMSGSIZE to the rest as well. */
const COPY_MAX = DATAGRAM_MAX + 1;

/** Connected datagrams that wait for the end of a tick at most. */
const CONNECTED_MAX = 64;

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
    this.callback = callback;
    this.address = address; // as given: it goes into the error
    this.port = port;
    this.bytes = 0;
    this.status = 0;
    this.request = null; // the UDPSENDWRAP, once the kernel made it wait
  }

  /** The lane it was in has left. */
  sent(status) {
    this.status = status;
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
    for (let index = 0; index < count; index++) {
      const status = statuses[index * SEND_WORDS + SEND_STATUS];
      if (status >= 0) taken++;
      else if (status === QUEUED) this.wait();
      else this.completed(status);
    }
    if (taken > 0) this.succeed(taken);
  }

  wait() {
    this.queued++;
    waiting.set(this.ticket, this);
  }

  hasMore() {
    return --this.queued > 0;
  }

  completed(status) {
    if (status < 0) this.fail(errors.errnoException(status, 'send'));
    else this.succeed(1);
  }

  succeed(n) {
    this.count += n;
    this.step(n);
  }

  /** The first error is the one that the callback is told. */
  fail(error) {
    this.error ??= error;
    this.step(1);
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
const { get: realLength } = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype), 'length');

// Buffer's prototype has so many members that V8 looks methods up each time.
const { set: copyTo } = Uint8Array.prototype;

/**
 * Memory for some datagrams: descriptors, payload, and the Sends of those that
 * have one, in order.
 */
class Lane {
  constructor() {
    const { id, sends, arena } = binding.openLane();
    for (const buffer of [sends, arena]) keep(buffer);
    this.id = id;
    this.words = new Uint32Array(sends);
    this.statuses = new Int32Array(sends);
    this.arena = Buffer.from(arena);
    this.count = 0;
    this.used = 0;
    this.many = null; // whose datagrams these are, if they have one callback
    this.sends = [];
    this.told = 0; // how many of them have left
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
    this.reserve(Math.min(sizeBound(message), LANE_ARENA));
    const written = writeMessage(this.arena, this.used, message);
    this.append(handle, peer, written, Math.min(written, COPY_MAX), send);
  }

  /** Makes room for one more datagram. */
  reserve(size) {
    if (this.count === LANE_SENDS || this.used + size > LANE_ARENA) {
      this.flush();
    }
  }

  /** Describes the bytes that were written behind the last datagram's. */
  append(handle, peer, length, copied, send) {
    const index = this.count++;
    const at = index * SEND_WORDS;
    const { words, many } = this;
    words[at + SEND_SOCKET] = handle.id;
    words[at + SEND_PEER] = peer;
    words[at + SEND_OFFSET] = this.used;
    words[at + SEND_LENGTH] = copied;
    words[at + SEND_TICKET] = many === null ? 0 : many.ticket;
    this.used += copied;
    if (send !== null) {
      send.bytes = length;
      words[at + SEND_TICKET] = newTicket();
      this.sends.push(send);
    }
  }

  /** True when a datagram of this handle has not left yet. */
  holds(handle) {
    for (let index = 0; index < this.count; index++) {
      if (this.words[index * SEND_WORDS + SEND_SOCKET] === handle.id) {
        return true;
      }
    }
    return false;
  }

  /** Sends what is there. Each Send has its status then. */
  flush() {
    const { count, many } = this;
    if (count === 0) return;
    this.count = 0;
    this.used = 0;
    binding.flush(this.id, count);
    if (many === null) this.tellSends(count);
    else many.flushed(this.statuses, count);
  }

  tellSends(count) {
    const { sends, words, statuses } = this;
    for (let index = 0; index < count; index++) {
      const at = index * SEND_WORDS;
      const ticket = words[at + SEND_TICKET];
      if (ticket === 0) continue;
      const send = sends[this.told++];
      const status = statuses[at + SEND_STATUS];
      if (status === QUEUED) waiting.set(ticket, send);
      send.sent(status);
    }
  }

  /** The Sends of all that has left since they were last taken. */
  takeSends() {
    const { sends } = this;
    this.sends = [];
    this.told = 0;
    return sends;
  }
}

/**
 * What writeMessage() may write at most, within LANE_ARENA: it stops after the
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
  arena.set(length <= COPY_MAX ? bytes : bytes.subarray(0, COPY_MAX), offset);
  return length;
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
  peers[4].clear();
  peers[6].clear();
  peersUsed = CONNECTED_PEER;
  lastPeer = { family: 0, address: '', port: 0, slot: 0 };
}

// One lane per way of sending, made when it is first needed.
let laterLane = null; // unconnected: leaves in the next tick
let tickLane = null; // connected: leaves by the end of this tick
let nowLane = null; // after a lookup, or through handle.send()

/** The Send of a connected datagram that left within send(). */
let tickFirst = null;
let laterScheduled = false;
let tickScheduled = false;
/** What Node would have sent already is not lost by process.exit(). */
let watchingExit = false;

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
  laterLane ??= new Lane();
  laterLane.push(handle, peer, message, send);
  if (!laterScheduled) {
    laterScheduled = true;
    process.nextTick(flushLater);
  }
  return true;
}

function flushLater() {
  laterScheduled = false;
  flushConnected(); // node:dgram sent these within send()
  laterLane.flush();
  const sends = laterLane.takeSends();
  if (sends.length === 0) return;
  // Node forgets the send of a socket that was closed before its tick came.
  const open = sends.some(isClosed) ? sends.filter(stillOpen) : sends;
  process.nextTick(finishAll, open, 0);
}

function isClosed(send) {
  return send.handle.closed;
}

function stillOpen(send) {
  if (!isClosed(send)) return true;
  send.emitDestroy();
  return false;
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
  tickLane ??= new Lane();
  tickLane.push(handle, CONNECTED_PEER, message, send);
  if (!tickScheduled) {
    tickScheduled = true;
    tickFirst = send;
    process.nextTick(flushTick);
    tickLane.flush();
    tickLane.takeSends();
    return;
  }
  if (process._exiting || tickLane.count === CONNECTED_MAX) {
    tickLane.flush(); // no tick will come any more, or they are enough
  } else if (tickLane.count === 1) {
    watchExit();
  }
}

/**
 * Before anybody else's listener, who might exit at once; and again, if the
 * program has removed them all.
 */
function watchExit() {
  if (watchingExit && process.listenerCount('exit') > 0) return;
  watchingExit = true;
  process.prependListener('exit', flushConnected);
}

function flushTick() {
  tickScheduled = false;
  const first = tickFirst;
  tickFirst = null;
  endConnected();
  if (first !== null) settle(first, isWatched());
}

/**
 * Connected datagrams that wait for the end of the tick leave now, and their
 * callbacks take their place among the ticks: before 'close', if that is next.
 */
function endConnected() {
  if (tickLane === null) return;
  tickLane.flush();
  const sends = tickLane.takeSends();
  if (sends.length === 0) return;
  process.nextTick(finishAll, sends, 0);
}

/** Runs the callbacks of a tick; one that throws does not stop the others. */
function finishAll(sends, from) {
  let next = from;
  const watched = isWatched();
  try {
    while (next < sends.length) settle(sends[next++], watched);
  } finally {
    if (next < sends.length) process.nextTick(finishAll, sends, next);
  }
}

function settle(send, watched) {
  if (send.status === QUEUED) {
    send.request = send.runInAsyncScope(newRequest);
  } else {
    send.finish(watched);
  }
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
  nowLane ??= new Lane();
  nowLane.push(handle, peer, list, send);
  nowLane.flush();
  nowLane.takeSends();
  if (send.status === QUEUED) return 0;
  return send.status < 0 ? send.status : send.bytes + 1;
}

/** A send that UDP#send() may have to complete later. */
class QueuedRequest {
  constructor(target) {
    this.target = target;
    this.bytes = 0;
    this.status = 0;
    this.request = null;
  }

  sent(status) {
    this.status = status;
    if (status === QUEUED) this.request = newRequest();
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
  const send = waiting.get(ticket);
  if (send === undefined) return;
  if (!send.hasMore()) waiting.delete(ticket);
  send.completed(status, length);
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
  nowLane ??= new Lane();
  nowLane.many = many;
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
};
