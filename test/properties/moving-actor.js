'use strict';

/**
 * A UDP socket that moves: to another socket of this thread, or to the child
 * process of visits.js and back. Its ticket is that of a thread or of a
 * process, and may be lost.
 */

const { deserialize, serialize } = require('node:v8');

const packed = require('../support/package');
const { Actor } = require('./actor');
const { summary } = require('./base-actor');
const { SOCKETS_MAX } = require('./generators');

const binding = packed.binding();

/** Attempts to use a ticket: its errors are finite. */
const ATTEMPTS = 200;

const USED = 'ERR_INVALID_ARG_VALUE';

/** What the channels of child_process do to a ticket. */
const CHANNELS = [
  (ticket) => JSON.parse(JSON.stringify(ticket)),
  (ticket) => deserialize(serialize(ticket)),
];

class MovingActor extends Actor {
  /** Whether its socket is in the other process; `home` is its port then. */
  isAway = false;
  home = 0;
  /** Whether its ticket was lost, by the program or because of a fault. */
  isLost = false;
  /** Whether that was a step of the program. */
  isThrownAway = false;
  /** Records of the other process among those here; see visits.js. */
  inserted = { messages: 0, batches: 0 };

  get port() {
    return this.isAway ? this.home : super.port;
  }

  get isQuiet() {
    return !this.isAway && super.isQuiet;
  }

  /** With both listeners, the datagrams of a 'batch' event move along. */
  get canLeave() {
    return this.spec.mode !== 'both' || !this.isDelivering;
  }

  // ------------------------------------------------------------- steps --

  /** Moves to another socket of this thread. */
  detach({ process: toProcess = true, channel = 0 }) {
    if (!this.canLeave) return;
    const ticket = this.leave({ process: toProcess });
    if (ticket === null) return;
    this.take(toProcess ?
      { handle: ticket.handle, from: CHANNELS[channel](ticket.from) } :
      { from: ticket });
  }

  /** Loses its ticket. `expires`: by the timeout of the handle. */
  lose({ expires }) {
    if (!this.canLeave) return;
    const timeout = expires ? 1 : undefined;
    const ticket = this.leave({ process: true, timeout });
    if (ticket === null) return;
    this.isThrownAway = true;
    this.end();
    if (!expires) ticket.handle.close();
  }

  /** Moves to the other process, which performs the steps, and back. */
  visit({ steps = [] }) {
    const { port } = this;
    if (!this.canLeave || port === 0) return;
    const addresses = this.addresses();
    const { received } = binding.stats();
    const queued = this.socket.getSendQueueCount();
    const ticket = this.leave({ process: true });
    if (ticket === null) return;
    // stats() does not count datagrams on their way.
    const carried = received - binding.stats().received;
    this.isAway = true;
    this.home = port;
    this.stage.visits.start(this, ticket, {
      addresses, carried, queued, steps,
    });
    this.expectUsed(ticket);
  }

  /** What the same socket goes on with, in the other process or here. */
  get luggage() {
    const { answered, connects, deliveries, moves, wasConnected } = this;
    return {
      answered, connects, deliveries, moves, wasConnected,
      closing: this.closing, isLost: this.isLost,
      isThrownAway: this.isThrownAway,
    };
  }

  /**
   * The end of a visit.
   * @param {object} luggage of the actor in the other process
   * @param {object} [ticket] options of createSocket(); none if its socket was
   *   closed or lost there
   */
  comeBack(luggage, ticket) {
    Object.assign(this, luggage);
    this.isAway = false;
    if (ticket !== undefined) this.take(ticket);
    this.note();
  }

  /** What this socket would send to, by target. */
  addresses() {
    const targets = ['nobody', ...Array(SOCKETS_MAX).keys()];
    return Object.fromEntries(targets.map((to) => [to, this.addressFor(to)]));
  }

  // ------------------------------------------------------ leave and take --

  /**
   * Leaves its socket.
   * @returns {object|null} what createSocket() takes, or, of a thread, its
   *   ticket; null if the socket could not leave, or is lost
   */
  leave(options) {
    let ticket;
    try {
      ticket = this.socket.detach(options);
    } catch (error) {
      this.errors.push(summary(error));
      // Node has not accepted the descriptor.
      if (!this.isOpen) this.end();
      return null;
    } finally {
      if (!this.isOpen) {
        this.moves++;
        this.hasGaps = true;
      }
    }
    if (!options.process) return ticket;
    return { from: ticket.ticket, handle: ticket.handle };
  }

  /** The socket and its descriptor are lost. */
  end() {
    this.isLost = true;
    this.closing = true;
  }

  /** @param {object} ticket options of createSocket() */
  take(ticket) {
    for (let i = 0; i < ATTEMPTS; i++) {
      try {
        this.listen(this.stage.dgram.createSocket({
          ...ticket, ...this.ownOptions(),
        }));
        this.expectUsed(ticket);
        return;
      } catch (error) {
        this.errors.push(error.code === USED ?
          { syscall: 'ticket', code: error.code } :
          summary(error));
      }
    }
    this.stage.complain('a ticket is lost');
  }

  /** Checks that a ticket cannot be used again. */
  expectUsed(ticket) {
    try {
      this.stage.dgram.createSocket(ticket).close();
    } catch ({ code, stack }) {
      if (code !== USED) this.stage.complain(stack);
      return;
    }
    this.stage.complain('a ticket was used twice');
  }
}

module.exports = { Actor: MovingActor };
