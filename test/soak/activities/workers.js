'use strict';

/** Workers with sockets; every other one is terminated during traffic. */

const path = require('node:path');
const { once } = require('node:events');
const { Worker } = require('node:worker_threads');

class Workers {
  constructor() {
    this.name = 'workers';
    this.started = 0;
    this.finished = 0;
    this.terminated = 0;
    this.problems = [];
  }

  open() {}

  async round() {
    const kill = this.started++ % 2 === 1;
    const worker = new Worker(path.join(__dirname, 'worker.js'));
    const exit = once(worker, 'exit');
    const [message] = await once(worker, 'message');
    if (message !== 'traffic') this.problems.push(`message of a worker: ${message}`);
    if (kill) {
      await worker.terminate();
      this.terminated++;
      return;
    }
    worker.postMessage('finish');
    worker.on('message', (totals) => this.problems.push(...totals.faults));
    const [code] = await exit;
    if (code !== 0) this.problems.push(`exit code of a worker: ${code}`);
    this.finished++;
  }

  flows() {
    return [];
  }

  faults() {
    const { started, finished, terminated } = this;
    if (finished + terminated === started) return this.problems;
    return [...this.problems, `of ${started} workers ${finished} finished and ` +
      `${terminated} were terminated`];
  }

  close() {}
}

module.exports = { Workers };
