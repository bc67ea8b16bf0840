'use strict';

/** Runs one program, from its first step to the last 'close'. */

const { once } = require('node:events');
const {
  setImmediate: iteration, setTimeout: sleep,
} = require('node:timers/promises');

const { Planned } = require('./base-actor');
const { schedule } = require('./generators');

/** Limit of event loop iterations of a program; its faults are finite. */
const ITERATIONS_MAX = 2000;

/** Iterations without activity after which a program has settled. */
const QUIET_ITERATIONS = 3;

/** Longer than the lifetime of some answers of lookups, in milliseconds. */
const SLEEP = 4;

function resume(actor) {
  if (!actor.closing && actor.isOpen) actor.resume();
}

class Stage {
  /**
   * @param {object} dgram the module under test
   * @param {Kernel} kernel
   * @param {Function} Actor the class of its sockets
   * @param {object} places of the destinations, for the actors
   * @param {number} number of the program
   * @param {Visits} [visits] for kinds whose sockets move to another process
   */
  constructor(dgram, kernel, Actor, places, number, visits) {
    this.dgram = dgram;
    this.kernel = kernel;
    this.Actor = Actor;
    this.places = places;
    this.number = number;
    this.visits = visits;
    this.actors = []; // by index
    this.closed = []; // those that another one has replaced
    this.reopening = 0;
    this.complaints = [];
    this.ids = 0;
  }

  get everyActor() {
    return [...this.closed, ...this.actors];
  }

  nextId() {
    return ++this.ids;
  }

  actor(index) {
    return this.actors[index % this.actors.length];
  }

  complain(text) {
    this.complaints.push(text);
  }

  perform(step) {
    this.actor(step.who).perform(step);
  }

  /**
   * @param {object} program from programs.js
   * @returns {Promise<{actors: Actor[], log: object[], visits: object[],
   *   complaints: string[]}>}
   */
  async play({ sockets, steps, faults, childFaults }) {
    const onUncaught = (error) => {
      if (!(error instanceof Planned)) this.complain(error.stack);
    };
    process.on('uncaughtException', onUncaught);
    this.visits?.begin(this, childFaults);
    this.kernel.arm(schedule(faults));
    try {
      for (const [index, spec] of sockets.entries()) this.open(spec, index);
      for (const step of steps) await this.take(step);
      await this.settle();
      for (const actor of this.actors) this.finish(actor);
      await this.settle();
    } finally {
      await this.closeAll();
      process.removeListener('uncaughtException', onUncaught);
    }
    const log = this.kernel.log();
    this.kernel.disarm();
    return {
      actors: this.everyActor, log: this.visits?.merge(log) ?? log,
      visits: this.visits?.list ?? [], complaints: this.complaints,
    };
  }

  open(spec, index) {
    const actor = new this.Actor(this, spec, index);
    this.actors[index] = actor;
    if (spec.bound) actor.perform({ do: 'bind', sync: true });
  }

  /** After the actor was closed, another one takes its place. */
  async reopenLater(spec, index, iterations) {
    this.reopening++;
    for (let i = 0; i < iterations; i++) await iteration();
    this.closed.push(this.actors[index]);
    this.open(spec, index);
    this.reopening--;
  }

  async take(step) {
    if (step.do === 'iterations') {
      for (let i = 0; i < step.count; i++) await iteration();
    } else if (step.do === 'sleep') {
      await sleep(SLEEP);
    } else if (step.do === 'tick') {
      await null;
    } else {
      this.perform(step);
    }
  }

  /** Whether datagrams wait, also those of detached sockets. */
  get hasQueue() {
    return this.dgram.stats().queued > 0;
  }

  /** Whether a socket is in the child process. */
  get isAnyAway() {
    return this.visits !== undefined && this.visits.away.length > 0;
  }

  /** Waits until there is no activity any more, also in the child process. */
  async settle() {
    do await this.settleHere();
    while (await this.visits?.settle());
  }

  async settleHere() {
    let quiet = 0;
    for (let i = 0; quiet < QUIET_ITERATIONS; i++) {
      // A visit has limits of its own.
      while (this.isAnyAway) await sleep(1);
      const before = this.kernel.activity;
      for (const actor of this.actors) {
        actor.revive();
        // Listeners may pause in a batch; its rest follows after resume().
        if (i === 0 || actor.isPaused) resume(actor);
      }
      // A send queue may pause for some milliseconds.
      await (this.hasQueue ? sleep(1) : iteration());
      const calm = this.kernel.activity === before && !this.hasQueue &&
        this.reopening === 0 && this.everyActor.every((actor) => actor.isQuiet);
      quiet = calm ? quiet + 1 : 0;
      if (i === ITERATIONS_MAX) {
        this.complain('the program does not settle');
        return;
      }
    }
  }

  /** Closes a socket that the program left open. Nothing is pending. */
  finish(actor) {
    if (!actor.isOpen || actor.closing) return;
    const { socket } = actor;
    if (socket.getSendQueueCount() !== 0 || socket.getSendQueueSize() !== 0)
      this.complain('the send queue is not empty');
    actor.lastClose = true;
    actor.close();
  }

  /** Also after a failure, so that the next program starts without sockets. */
  async closeAll() {
    while (this.isAnyAway) await sleep(1);
    for (const { socket, isOpen, state } of this.actors) {
      if (!isOpen) continue;
      state.queue = undefined;
      socket.close();
      await once(socket, 'close');
    }
    await iteration();
  }
}

module.exports = { Stage };
