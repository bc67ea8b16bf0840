'use strict';

/** Threads with sockets of their own; every other one dies in mid-traffic. */

const path = require('node:path');
const { once } = require('node:events');
const { Worker } = require('node:worker_threads');

class Workers {
  constructor() {
    this.name = 'workers';
    this.started = 0;
    this.finished = 0;
    this.terminated = 0;
    this.wrong = [];
  }

  open() {}

  async round() {
    const kill = this.started++ % 2 === 1;
    const worker = new Worker(path.join(__dirname, 'worker.js'));
    const exit = once(worker, 'exit');
    const [message] = await once(worker, 'message');
    if (message !== 'traffic') this.wrong.push(`a worker said ${message}`);
    if (kill) {
      await worker.terminate();
      this.terminated++;
      return;
    }
    worker.postMessage('finish');
    worker.on('message', (books) => this.wrong.push(...books.faults));
    const [code] = await exit;
    if (code !== 0) this.wrong.push(`a worker ended with ${code}`);
    this.finished++;
  }

  flows() {
    return [];
  }

  faults() {
    const { started, finished, terminated } = this;
    if (finished + terminated === started) return this.wrong;
    return [...this.wrong, `of ${started} workers ${finished} finished and ` +
      `${terminated} were terminated`];
  }

  close() {}
}

module.exports = { Workers };
