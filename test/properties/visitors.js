'use strict';

/**
 * The child process of visits.js: sockets come, perform some steps and go back.
 *
 *   node visitors.js LIBRARY
 */

const {
  setImmediate: iteration, setTimeout: sleep,
} = require('node:timers/promises');

const packed = require('../support/package');
const { Planned } = require('./base-actor');
const { Kernel } = require('./kernel');
const { Actor } = require('./moving-actor');
const { leakedSockets, mayCount, openSockets } = require('./open-sockets');

const dgram = require(packed.main);
const binding = packed.binding();

/** Limits of event loop iterations; faults are finite. */
const ITERATIONS_MAX = 2000;
const QUIET_ITERATIONS = 3;

const kernel = new Kernel(process.argv[2]);

class Visitor extends Actor {
  hasLeft = false;

  /** It takes its socket instead. */
  open() {}

  /** @param {object} message of visits.js */
  arrive({ id, addresses, from, luggage, serial }, handle) {
    Object.assign(this, luggage);
    this.id = id;
    this.table = addresses;
    this.serial = serial;
    this.began = kernel.activity;
    this.take({ from, handle });
    this.note();
  }

  addressFor(to) {
    return this.table[to];
  }

  /** It may not have one, after a failure. */
  get isOpen() {
    return this.socket !== undefined && super.isOpen;
  }

  /** Goes back, also from a listener. */
  visit() {
    this.goBack();
  }

  async stay(steps) {
    for (const step of steps) {
      if (step.do !== 'iterations') this.perform(step);
      else for (let i = 0; i < step.count; i++) await iteration();
    }
    for (let i = 0; !this.goBack(); i++) {
      await iteration();
      if (i < ITERATIONS_MAX) continue;
      this.stage.complain('a visitor does not leave');
      this.giveUp();
    }
  }

  /** After a failure. */
  giveUp() {
    this.socket?.close();
    this.closing = true;
    this.goBack();
  }

  /** @returns {boolean} false if it cannot leave now */
  goBack() {
    if (this.hasLeft) return true;
    let ticket;
    if (this.isOpen && !this.closing) {
      if (!this.canLeave) return false;
      ticket = this.leave({ process: true });
      if (ticket === null && !this.isLost) return false;
    }
    this.hasLeft = true;
    process.send({ id: this.id, luggage: this.luggage, from: ticket?.from },
                 ticket?.handle);
    return true;
  }

  perform(step) {
    if (!this.hasLeft) super.perform(step);
  }

  /** For visits.js, with the messages as they are now. */
  get account() {
    const { messages, batches, sends, groups, errors, closes, began } = this;
    return {
      began, records: { messages, batches, sends, groups, errors, closes },
    };
  }

  get isQuiet() {
    return this.socket === undefined || (this.hasLeft && super.isQuiet);
  }
}

/** The stage of one visitor, which is every actor of it. */
class Floor {
  dgram = dgram;
  kernel = kernel;

  /** @param {object} message of visits.js */
  constructor({ spec, firstId }, complaints) {
    this.complaints = complaints;
    this.ids = firstId;
    this.visitor = new Visitor(this, spec);
  }

  complain(text) {
    this.complaints.push(`in the child process: ${text}`);
  }

  nextId() {
    return this.ids++;
  }

  perform(step) {
    this.visitor.perform(step);
  }
}

class Program {
  constructor(number, faults) {
    this.number = number;
    this.visitors = [];
    this.complaints = [];
    this.before = binding.stats();
    this.sockets = openSockets() - 1; // without that of the first visit
    kernel.disarm();
    kernel.arm(faults);
  }

  /** @param {object} message of visits.js */
  async visit(message, handle) {
    const { visitor } = new Floor(message, this.complaints);
    this.visitors[message.id] = visitor;
    kernel.adopt(handle.fd, message.serial);
    try {
      visitor.arrive(message, handle);
      await visitor.stay(message.steps);
    } catch ({ stack }) {
      this.complaints.push(stack);
      visitor.giveUp();
      handle.close();
    }
  }

  get isQuiet() {
    return dgram.stats().queued === 0 &&
      this.visitors.every((visitor) => visitor.isQuiet);
  }

  async report() {
    let quiet = 0;
    for (let i = 0; quiet < QUIET_ITERATIONS; i++) {
      const { activity } = kernel;
      // A send queue may pause for some milliseconds.
      await (dgram.stats().queued > 0 ? sleep(1) : iteration());
      const isCalm = kernel.activity === activity && this.isQuiet;
      quiet = isCalm ? quiet + 1 : 0;
      if (i < ITERATIONS_MAX) continue;
      this.complaints.push('the child process does not settle');
      break;
    }
    const log = kernel.log();
    if (mayCount(log) && await leakedSockets(this.sockets) > 0)
      this.complaints.push('the child process has leaked a descriptor');
    const { sent, received } = binding.stats();
    process.send({
      do: 'report',
      complaints: this.complaints,
      visitors: this.visitors.map(({ account }) => account),
      log,
      stats: {
        sent: sent - this.before.sent,
        received: received - this.before.received,
      },
    });
  }
}

let program = new Program(0, []);

process.on('uncaughtException', (error) => {
  if (!(error instanceof Planned)) program.complaints.push(error.stack);
});
process.on('disconnect', () => process.exit());
process.on('message', (message, handle) => {
  if (message.do === 'report') {
    program.report();
  } else {
    if (message.program !== program.number)
      program = new Program(message.program, message.faults);
    program.visit(message, handle);
  }
});
