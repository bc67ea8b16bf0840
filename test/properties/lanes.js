'use strict';

/** Compares the sends of a program with the kernel's log. */

/**
 * Many equal datagrams in many lanes have too many possible positions to track
 * all of them; such a log counts as possible. One program of 2,000 has one.
 */
const STATES_MAX = 2000;

/** A lane: datagrams that leave in order. */
class Lane {
  constructor(name, sends, mayBeSkipped) {
    this.name = name;
    this.sends = sends;
    this.mayBeSkipped = sends.map(mayBeSkipped);
    // By position: how many before it were due.
    this.dues = [0];
    for (const { due } of sends) this.dues.push(this.dues.at(-1) + Number(due));
  }

  /** The positions of the sends that may be next. */
  * candidates(from) {
    for (let at = from; at < this.sends.length; at++) {
      yield at;
      if (!this.mayBeSkipped[at]) return;
    }
  }

  /** The position after `count` that were due; -1 if it is out of reach. */
  findDue(from, count) {
    let at = from;
    for (; this.dues[at] < count; at++) if (!this.mayBeSkipped[at]) return -1;
    return at;
  }

  isComplete(from) {
    return this.mayBeSkipped.slice(from).every(Boolean);
  }
}

/**
 * Whether the log is possible. The datagrams of a lane leave in order, those of
 * different lanes may interleave. Short ones may be equal, so all possible
 * positions are tracked, one for each lane.
 * @param {object[]} sends each with a `lane`; with `after`, how many that were
 *   due have to leave before, by lane
 * @param {object[]} records
 * @param {object} rules
 * @param {function(object, object): boolean} rules.fits whether a record may be
 *   that of a send
 * @param {function(object): boolean} rules.mayBeSkipped whether a send needs no
 *   record
 * @returns {object|null} null if it is possible, or ambiguous; else the number
 *   of records that fit, and the next sends of the first possible position
 */
function findMismatch(sends, records, { fits, mayBeSkipped }) {
  const names = [...new Set(sends.map(({ lane }) => lane))];
  const lanes = names.map((name) =>
    new Lane(name, sends.filter(({ lane }) => lane === name), mayBeSkipped));

  /** The state in which a send has left; null if it cannot be next. */
  const leave = ({ after }, state, own, at) => {
    const next = lanes.map((lane, k) => k === own ?
      at + 1 :
      lane.findDue(state[k], after[lane.name] ?? 0));
    return next.includes(-1) ? null : next;
  };

  const describe = (count, [state]) => ({
    count,
    next: lanes.flatMap((lane, k) => lane.sends.slice(state[k], state[k] + 2)),
  });

  let states = [names.map(() => 0)];
  for (const [count, record] of records.entries()) {
    const next = new Map();
    for (const state of states) {
      for (const [k, lane] of lanes.entries()) {
        for (const at of lane.candidates(state[k])) {
          const send = lane.sends[at];
          const after = fits(send, record) ? leave(send, state, k, at) : null;
          if (after !== null) next.set(after.join(' '), after);
        }
      }
    }
    if (next.size === 0) return describe(count, states);
    if (next.size > STATES_MAX) return null;
    states = [...next.values()];
  }
  return states.some((state) =>
    lanes.every((lane, k) => lane.isComplete(state[k]))) ?
    null :
    describe(records.length, states);
}

module.exports = { findMismatch };
