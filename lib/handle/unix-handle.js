'use strict';

/** The handle of a Unix datagram socket: names take the place of addresses. */

const binding = require('../load/binding');
const { toUnixBatch } = require('../batch/unix-info');
const { toPath } = require('../batch/unix-sources');
const permission = require('../node/permission');
const uncaught = require('../node/uncaught');
const { UDP } = require('./handle');

const { FAMILY_UNIX } = binding.layout;

/** By the values of dgram_congestion_t in src/core/congestion.h. */
const CONGESTION_EVENTS = ['congestion', 'writable', 'drain'];

class UnixHandle extends UDP {
  /** @param {boolean} [isWeak] see handle.js */
  constructor(isWeak) {
    super('DGRAMUNIX', isWeak);
    this.family = FAMILY_UNIX;
    permission.guardHandle(this);
  }

  /**
   * @param {string} path '': the kernel chooses an abstract name
   * @param {boolean} unlink remove the file on close
   * @returns {number|Error} 0, a negative UV_ code, or accessDenied()
   */
  bind(path, unlink) {
    return this.unixBind(path, unlink);
  }

  connect(path) {
    return this.unixConnect(path);
  }

  disconnect() {
    return this.unixDisconnect();
  }

  open(fd) {
    return this.unixOpen(fd);
  }

  getsockname(out) {
    return setPath(out, this.unixName());
  }

  getpeername(out) {
    return setPath(out, this.unixPeer());
  }

  /** Emits an event other than 'message' on the socket. */
  emit(event, value) {
    super.emit(event, event === 'batch' ? toUnixBatch(value) : value);
  }

  /** @returns {boolean} false: block lists are about IP addresses */
  blocks() {
    return false;
  }

  /** @param {number} event index of CONGESTION_EVENTS */
  emitCongestion(event) {
    if (this.closed || this.owner === null) return;
    uncaught.run(this, this.emit, this, CONGESTION_EVENTS[event]);
  }
}

/** @returns {number} 0 or a negative UV_ code */
function setPath(out, path) {
  if (typeof path === 'number') return path;
  out.path = toPath(path);
  out.family = 'unix';
  return 0;
}

/** Creates the socket in the C core and returns its id. */
UnixHandle.prototype.createSocket = binding.initUnix;

binding.defineUnix(UnixHandle.prototype);

module.exports = { FAMILY_UNIX, UnixHandle };
