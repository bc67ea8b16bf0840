'use strict';

/**
 * pause() and resume() on the handle of node:dgram. Other runtimes (Bun, Deno)
 * do not have one.
 */

const { findStateSymbol } = require('../node/state-symbol');
const { mayResume, notePause } = require('../socket/iteration');
const { iterate } = require('../socket/message-iterator');
const { notRunning } = require('../errors/errors');
const { isBound, isOpen } = require('./state');
const { requiresAddon } = require('./unavailable');

/** Those that are open and paused. */
const paused = new WeakSet();

let stateSymbol;

/**
 * @param {Socket} socket open
 * @param {string} method for the error
 * @returns {object} its handle
 * @throws {TypeError} ERR_FEATURE_UNAVAILABLE_ON_PLATFORM
 */
function handleOf(socket, method) {
  stateSymbol ??= findSymbol();
  const handle = stateSymbol && socket[stateSymbol]?.handle;
  if (typeof handle?.recvStop === 'function') return handle;
  throw requiresAddon(`socket.${method}()`, handleOf);
}

function findSymbol() {
  try {
    return findStateSymbol();
  } catch {
    return undefined; // not Node's class
  }
}

/** Called before 'listening' is emitted: nothing was read yet. */
function stopIfPaused(socket) {
  if (paused.has(socket)) handleOf(socket, 'pause').recvStop();
}

const methods = {
  pause() {
    if (!isOpen(this)) return this;
    notePause(this);
    if (paused.has(this)) return this;
    const handle = handleOf(this, 'pause');
    paused.add(this);
    if (isBound(this)) handle.recvStop();
    return this;
  },

  resume() {
    if (!isOpen(this) || !paused.has(this) || !mayResume(this)) return this;
    paused.delete(this);
    if (isBound(this)) handleOf(this, 'resume').recvStart();
    return this;
  },

  isPaused() {
    return paused.has(this) && isOpen(this);
  },

  iterator(options) {
    if (!isOpen(this)) throw notRunning();
    handleOf(this, 'iterator');
    return iterate(this, options);
  },

  [Symbol.asyncIterator]() {
    return this.iterator();
  },
};

module.exports = { methods, stopIfPaused };
