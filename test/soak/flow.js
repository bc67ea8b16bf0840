'use strict';

/**
 * The books of the soak. A flow goes from one socket to another; every
 * datagram of it is accounted for at both ends.
 */

const { read, write } = require('./datagram');

/** The end that sends: each callback has to come exactly once. */
class Outgoing {
  constructor(flow) {
    this.flow = flow;
    this.handed = 0;
    this.sent = 0;
    this.failed = 0;
    this.bytes = 0;
    this.faults = [];
  }

  /** @returns {{bytes: Buffer, callback: function(Error?, number)}} */
  next(size) {
    const bytes = write(this.flow, this.handed++, size);
    let calls = 0;
    const callback = (error, length) => {
      if (++calls > 1) this.faults.push('a callback ran twice');
      else if (error) this.failed++;
      else if (length === size) this.sent++;
      else this.faults.push(`${length} bytes of ${size} were sent`);
      if (!error) this.bytes += size;
      this.onsettled?.();
    };
    return { bytes, callback };
  }

  /** A datagram whose fate is told for many at once: sendMany(). */
  nextBytes(size) {
    this.bytes += size;
    return write(this.flow, this.handed++, size);
  }

  get open() {
    return this.handed - this.sent - this.failed;
  }

  /** Resolves when no callback is outstanding. */
  async settled() {
    while (this.open > 0)
      await new Promise((resolve) => { this.onsettled = resolve; });
  }
}

/** The end that receives: in order, each once, undamaged. */
class Incoming {
  constructor(flow) {
    this.flow = flow;
    this.received = 0;
    this.next = 0;
    this.lost = 0;
    this.late = 0; // reordered, or a second time
    this.damaged = 0;
  }

  take(message) {
    const { flow, place, intact } = read(message);
    if (!intact || flow !== this.flow) {
      this.damaged++;
      return;
    }
    this.received++;
    if (place < this.next) {
      this.late++;
    } else {
      this.lost += place - this.next;
      this.next = place + 1;
    }
    this.onreceived?.();
  }

  /** Resolves when `count` have come in all. */
  async until(count) {
    while (this.received < count)
      await new Promise((resolve) => { this.onreceived = resolve; });
  }
}

/**
 * Holds the two ends of a flow against each other.
 * @param {Outgoing} outgoing everything of it is settled
 * @param {{received, next, lost, late, damaged}} incoming
 * @param {number} drops that the kernel counted at the receiver
 * @returns {string[]} what is wrong
 */
function audit(outgoing, incoming, drops) {
  const faults = [...outgoing.faults];
  const { handed, sent, open } = outgoing;
  const { received, late, damaged, next } = incoming;
  if (open !== 0) faults.push(`${open} callbacks did not come`);
  if (received + drops !== sent) {
    faults.push(`${sent} sent, but ${received} received and ${drops} dropped`);
  }
  if (next > handed) faults.push('more came than was sent');
  if (late > 0) faults.push(`${late} out of order or a second time`);
  if (damaged > 0) faults.push(`${damaged} damaged`);
  return faults;
}

module.exports = { Incoming, Outgoing, audit };
