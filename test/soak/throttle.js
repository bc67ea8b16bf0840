'use strict';

const { setTimeout: sleep } = require('node:timers/promises');

/** The longest pause: the load of a machine changes. */
const PAUSE_MAX = 1000;

/** Limits this process to a share of one core. */
class Throttle {
  /** @param {number} share of a core, more than 0 */
  constructor(share) {
    this.share = share;
    this.restart();
  }

  restart() {
    this.started = process.hrtime.bigint();
    this.base = process.cpuUsage();
  }

  /** Await it between two rounds of work. */
  async pause() {
    const { user, system } = process.cpuUsage(this.base);
    const elapsed = Number(process.hrtime.bigint() - this.started) / 1e6;
    const ahead = (user + system) / 1000 / this.share - elapsed;
    await sleep(Math.min(Math.max(ahead, 1), PAUSE_MAX));
  }
}

module.exports = { Throttle };
