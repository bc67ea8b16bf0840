'use strict';

/**
 * The child process to which sockets of programs move, with tickets of
 * detach({ process: true }), and from which they come back: visitors.js. One
 * child serves all programs. It has the preloaded library as well, so that what
 * happens there can be inserted into the records of the program, at the place
 * of the visit. The models then judge them like those of one process.
 */

const { fork } = require('node:child_process');
const path = require('node:path');

const { schedule } = require('./generators');

const TWICE = 'ERR_INVALID_HANDLE_TYPE';

/** Payloads of a visit are different from those of other visits. */
const IDS = 100000;

/** Serial numbers of system calls in the child begin here. */
const CALLS = 1 << 24;

class Visits {
  /**
   * @param {Kernel} kernel
   * @param {string} library of kernel.js, preloaded
   */
  constructor(kernel, library) {
    this.kernel = kernel;
    this.library = library;
    this.child = null;
    this.list = [];
  }

  /** Starts the child, unless it runs. */
  spawn() {
    if (this.child !== null) return;
    const child = fork(path.join(__dirname, 'visitors.js'), [this.library], {
      serialization: 'advanced',
      env: { ...process.env, PROPERTIES_PID: process.pid },
    });
    child.on('message', (message, handle) => this.onMessage(message, handle));
    child.on('exit', (code, signal) => this.onExit(signal ?? code));
    this.child = child;
  }

  end() {
    this.child?.removeAllListeners('exit').disconnect();
  }

  onExit(reason) {
    this.child = null;
    this.stage.complain(`the child process exited with ${reason}`);
    for (const { actor } of this.away) actor.comeBack({ closing: true });
    this.onReport?.(null);
  }

  // ------------------------------------------------------------ a program --

  /**
   * @param {Stage} stage of the program
   * @param {object[]} faults of the program in the child
   */
  begin(stage, faults) {
    this.stage = stage;
    this.faults = schedule(faults);
    this.list = [];
    this.report = null;
    this.isCurrent = true; // the report
  }

  get away() {
    return this.list.filter(({ actor }) => actor.isAway);
  }

  /**
   * Moves the socket of an actor to the child.
   * @param {MovingActor} actor
   * @param {{from: object, handle: object}} ticket
   * @param {object} rest what else the child needs; `carried`: datagrams in
   *   the ticket, `queued`: those that are still to be sent here
   */
  start(actor, { from, handle }, { carried, queued, ...rest }) {
    const { messages, batches, luggage, serial, spec } = actor;
    const { child, faults, stage, list } = this;
    const id = list.length;
    list.push({
      actor,
      // Where the records of the child belong.
      messages: messages.length, batches: batches.length, back: NaN, carried,
      queued,
    });
    this.isCurrent = false;
    child.send({
      do: 'visit', program: stage.number, id, faults, from, luggage, serial,
      spec, firstId: (id + 1) * IDS, ...rest,
    }, handle, (error) => {
      if (error) stage.complain(error.stack);
      else if (handle.fd >= 0) stage.complain('a handle was sent and is open');
    });
    try {
      child.send({ do: 'visit' }, handle);
      stage.complain('a handle was sent twice');
    } catch ({ code, stack }) {
      if (code !== TWICE) stage.complain(stack);
    }
  }

  onMessage(message, handle) {
    if (message.do === 'report') this.onReport(message);
    else this.onBack(message, handle);
  }

  onBack({ id, luggage, from }, handle) {
    const visit = this.list[id];
    const { actor } = visit;
    visit.back = this.kernel.activity;
    if (from === undefined) {
      actor.comeBack(luggage);
    } else if (handle === undefined) {
      actor.comeBack({ ...luggage, closing: true });
      this.stage.complain('a ticket came without its handle');
    } else {
      this.kernel.adopt(handle.fd, actor.serial);
      actor.comeBack(luggage, { from, handle });
    }
  }

  /**
   * Waits until nothing happens in the child any more. No socket is there.
   * @returns {Promise<boolean>} whether there was any since the last call
   */
  async settle() {
    if (this.isCurrent) return false;
    this.isCurrent = true;
    this.report = await new Promise((resolve) => {
      this.onReport = resolve;
      this.child?.send({ do: 'report' });
      if (this.child === null) resolve(null);
    });
    return true;
  }

  // ----------------------------------------------------------- the records --

  /** What stats() of the child counts for the program. */
  get stats() {
    return this.report?.stats ?? { sent: 0, received: 0 };
  }

  /**
   * Inserts the records of the child.
   * @param {object[]} log of this process
   * @returns {object[]} the log of both
   */
  merge(log) {
    if (this.report === null) return log;
    const { list, report } = this;
    for (const complaint of report.complaints) this.stage.complain(complaint);
    for (const [id, records] of report.visitors.entries())
      Object.assign(list[id], records);
    const stays = splitLog(report.log, list);
    const merged = [];
    let end = 0;
    for (const visit of [...list].sort((a, b) => a.back - b.back)) {
      merged.push(...log.slice(end, visit.back), ...stays.get(visit));
      end = visit.back;
      insert(visit);
    }
    return [...merged, ...log.slice(end), ...stays.get(null)];
  }
}

/**
 * Adds the records of an actor in the child to those here, from the first visit
 * of the actor to the last one.
 */
function insert({ actor, messages, batches, records }) {
  const { inserted } = actor;
  // Their blocks of shared memory are not here.
  const copies = records.messages.map((receipt) => receipt.error === null ?
    { ...receipt, bytes: new Uint8Array(receipt.bytes) } :
    receipt);
  actor.messages.splice(messages + inserted.messages, 0, ...copies);
  actor.batches.splice(batches + inserted.batches, 0, ...records.batches);
  inserted.messages += records.messages.length;
  inserted.batches += records.batches.length;
  actor.sends.push(...records.sends);
  actor.groups.push(...records.groups);
  actor.errors.push(...records.errors);
  actor.closes += records.closes;
}

/**
 * The records of the child, by visit. A socket that has left may still send
 * datagrams that were queued. Those of no visit are faults.
 * @param {object[]} log
 * @param {object[]} visits each with its serial number, and the length of the
 *   log when it began
 * @returns {Map<object|null, object[]>}
 */
function splitLog(log, visits) {
  const stays = new Map([[null, []], ...visits.map((visit) => [visit, []])]);
  for (const [i, record] of log.entries()) {
    const visit = visits.findLast(({ actor, began }) =>
      actor.serial === record.serial && began <= i);
    stays.get(visit ?? null)
      .push({ ...record, number: record.number + CALLS });
  }
  return stays;
}

module.exports = { Visits };
