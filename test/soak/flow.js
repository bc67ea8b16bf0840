'use strict';

/**
 * Per-datagram accounting. A flow goes from one socket to another; every
 * datagram is counted at both ends.
 */

const { read, write } = require('./datagram');

/** The sending end: each callback must be called exactly once. */
class Outgoing {
  constructor(flow) {
    this.flow = flow;
    this.requested = 0;
    this.sent = 0;
    this.failed = 0;
    this.bytes = 0;
    this.faults = [];
  }

  /** @returns {{bytes: Buffer, callback: function(Error?, number)}} */
  next(size) {
    const bytes = write(this.flow, this.requested++, size);
    let calls = 0;
    const callback = (error, length) => {
      if (++calls > 1) this.faults.push('a callback was called twice');
      else if (error) this.failed++;
      else if (length === size) this.sent++;
      else this.faults.push(`${length} bytes of ${size} were sent`);
      if (!error) this.bytes += size;
      this.onsettled?.();
    };
    return { bytes, callback };
  }

  /** A datagram for sendMany(), which has one callback for all. */
  nextBytes(size) {
    this.bytes += size;
    return write(this.flow, this.requested++, size);
  }

  get open() {
    return this.requested - this.sent - this.failed;
  }

  /** Resolves when no callback is outstanding. */
  async settled() {
    while (this.open > 0)
      await new Promise((resolve) => { this.onsettled = resolve; });
  }
}

/** The receiving end: each datagram once, in order, undamaged. */
class Incoming {
  constructor(flow) {
    this.flow = flow;
    this.received = 0;
    this.next = 0;
    this.lost = 0;
    this.late = 0; // reordered or duplicate
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

  /** Resolves when `count` have been received in total. */
  async until(count) {
    while (this.received < count)
      await new Promise((resolve) => { this.onreceived = resolve; });
  }
}

/**
 * Compares the two ends of a flow.
 * @param {Outgoing} outgoing without pending callbacks
 * @param {{received, next, lost, late, damaged}} incoming
 * @param {number} drops that the kernel counted at the receiver
 * @returns {string[]} descriptions of the differences
 */
function audit(outgoing, incoming, drops) {
  const faults = [...outgoing.faults];
  const { requested, sent, open } = outgoing;
  const { received, late, damaged, next } = incoming;
  if (open !== 0) faults.push(`${open} callbacks were not called`);
  if (received + drops !== sent) {
    faults.push(`${sent} sent, but ${received} received and ${drops} dropped`);
  }
  if (next > requested) faults.push('more received than sent');
  if (late > 0) faults.push(`${late} reordered or duplicate`);
  if (damaged > 0) faults.push(`${damaged} damaged`);
  return faults;
}

module.exports = { Incoming, Outgoing, audit };
