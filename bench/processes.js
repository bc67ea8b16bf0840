'use strict';

/**
 * The processes of a run. The measured one and its peers are pinned to
 * different CPUs if there are two. Each writes lines of JSON.
 */

const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');
const { spawn, spawnSync } = require('node:child_process');

const REPOSITORY = path.join(__dirname, '..');
const KILL_AFTER = 3000;

const running = new Set();

/** A missing addon is an error here, not a reason to use node:dgram. */
const ENVIRONMENT = { ...process.env, DGRAM_NATIVE_FALLBACK: '0' };

function isInstalled(program) {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0;
}

/** Parses a list of CPUs, such as "0-2,5". */
function parseList(text) {
  return text.trim().split(',').flatMap((part) => {
    const [from, to = from] = part.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (unused, i) => from + i);
  });
}

/** Two usable CPUs; none if there is only one, or no taskset. */
function findCpus() {
  const status = fs.readFileSync('/proc/self/status', 'utf8');
  const allowed = parseList(/^Cpus_allowed_list:(.*)$/m.exec(status)[1]);
  if (allowed.length < 2 || !isInstalled('taskset')) return [];
  return allowed.slice(0, 2);
}

const cpus = findCpus();
const hasChrt = isInstalled('chrt');

/** One process of a run. */
class Side {
  /**
   * @param {string[]} command
   * @param {object} options
   * @param {number} options.cpu index in `cpus`
   * @param {boolean} [options.batch] does not preempt others on wake-up
   */
  constructor(command, { cpu, batch }) {
    const prefix = [
      ...batch && hasChrt ? ['chrt', '--batch', '0'] : [],
      ...cpus.length > 0 ? ['taskset', '-c', String(cpus[cpu])] : [],
    ];
    const [program, ...args] = [...prefix, ...command];
    this.command = path.basename(command[0]);
    this.lines = [];
    this.waiting = [];
    this.errors = '';
    this.text = '';
    this.child = spawn(program, args, {
      cwd: REPOSITORY,
      env: ENVIRONMENT,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    running.add(this.child);
    this.child.stdin.on('error', () => {});
    this.child.stderr.on('data', (text) => { this.errors += text; });
    readline.createInterface({ input: this.child.stdout })
      .on('line', (line) => this.take(line));
    this.exited = new Promise((resolve) => {
      this.child.once('error', (error) => {
        this.errors += error.message;
        resolve();
      });
      this.child.once('close', resolve);
    }).then(() => {
      running.delete(this.child);
      this.ended = true;
      this.settle();
    });
  }

  take(line) {
    if (!line.startsWith('{')) {
      this.text += `${line}\n`;
      return;
    }
    this.lines.push(JSON.parse(line));
    this.settle();
  }

  settle() {
    while (this.waiting.length > 0 && (this.lines.length > 0 || this.ended)) {
      this.waiting.shift()(this.lines.shift());
    }
  }

  /** Writes one line to the process. */
  write(text) {
    this.child.stdin.write(`${text}\n`);
  }

  /**
   * The next line of JSON.
   * @param {number} seconds to wait for it
   * @throws {Error} if the process reports an error, ends, or writes no line
   *   in time
   */
  async next(seconds) {
    let timer;
    const late = new Promise((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(
        `${this.command} wrote no result within ${seconds} s`)), seconds * 1000);
    });
    const line = new Promise((resolve) => {
      this.waiting.push(resolve);
      this.settle();
    });
    try {
      const message = await Promise.race([line, late]);
      if (message === undefined) {
        const [reason] = this.errors.split('\n').filter(Boolean);
        throw new Error(`${this.command} ended early: ${reason ?? 'no message'}`);
      }
      if (message.error) throw new Error(message.error);
      return message;
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Waits for the end of a process that writes text.
   * @param {number} seconds to wait for it
   * @returns {Promise<string>} its standard output
   * @throws {Error} if it fails or takes longer
   */
  async output(seconds) {
    const timer = setTimeout(() => this.child.kill('SIGKILL'), seconds * 1000);
    await this.exited;
    clearTimeout(timer);
    if (this.child.exitCode === 0) return this.text;
    throw new Error(`${this.command} failed: ${this.errors.trim()}`);
  }

  /** Stops the process until resume(). */
  suspend() {
    this.child.kill('SIGSTOP');
  }

  resume() {
    this.child.kill('SIGCONT');
  }

  async stop() {
    this.child.kill('SIGTERM');
    this.resume();
    const timer = setTimeout(() => this.child.kill('SIGKILL'), KILL_AFTER);
    await this.exited;
    clearTimeout(timer);
  }
}

function killAll() {
  for (const child of running) child.kill('SIGKILL');
}

module.exports = { Side, cpus, killAll };
