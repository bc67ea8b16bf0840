'use strict';

/** The processes of one run of a workload, and the measurement. */

const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const packed = require('../../test/support/package');
const { Side } = require('../processes');

const PATIENCE = 20;
/** Time for datagrams under way to arrive, in milliseconds. */
const DRAIN = 200;
/** Above this share of lost datagrams a run fails. */
const MOST_LOST = 0.05;

class Stage {
  #implementation;
  #baselineCommand;
  #program;
  #sides = [];

  /**
   * @param {object} implementation see ../implementations.js
   * @param {function} baselineCommand see ../baseline/build.js
   * @param {{warm: number, measure: number}} timing in milliseconds
   */
  constructor(implementation, baselineCommand, timing) {
    this.#implementation = implementation;
    this.#baselineCommand = baselineCommand;
    this.timing = timing;
  }

  get name() {
    return this.#implementation.name;
  }

  get #isNative() {
    return this.#implementation.module !== 'node:dgram';
  }

  /**
   * Starts the measured program on the first CPU.
   * @param {string} name of a file in programs/
   * @param {object} [config]
   * @returns {Promise<number[]>} its ports
   */
  async startProgram(name, config) {
    this.#program = this.#start([
      process.execPath,
      ...this.#isNative ? ['--require', packed.register] : [],
      path.join(__dirname, 'programs', name),
      JSON.stringify({ api: this.#implementation.api, ...config }),
    ], 0);
    const { ports } = await this.#program.next(PATIENCE);
    return ports;
  }

  /**
   * Starts a C program of ../baseline on the second CPU.
   * @returns {Promise<{ports: number[], stop: () => Promise<object>}>} stop()
   *   ends the tool and resolves to its figures
   */
  async startTool(tool, args) {
    const side = this.#start(this.#baselineCommand(tool, args), 1);
    const { ports } = await side.next(PATIENCE);
    return {
      ports,
      stop: async () => {
        await side.stop();
        return side.next(PATIENCE);
      },
    };
  }

  /**
   * Runs another command on the second CPU until it ends.
   * @returns {Promise<string>} its output
   */
  runCommand(command, seconds) {
    return this.#start(command, 1).output(seconds + PATIENCE);
  }

  /** Waits for the warm-up and the measured time under a constant load. */
  async measure() {
    await sleep(this.timing.warm);
    return this.measureDuring(() => sleep(this.timing.measure));
  }

  /**
   * @param {() => Promise<any>} action
   * @returns {Promise<{work: number, cpuMicros: number, wallNanos: number}>}
   *   of the program during the action
   * @throws {Error} if the program did nothing, or used another implementation
   */
  async measureDuring(action) {
    const from = await this.snapshot();
    await action();
    const to = await this.snapshot();
    const measured = {};
    for (const key of ['work', 'cpuMicros', 'wallNanos'])
      measured[key] = to[key] - from[key];
    if (!(measured.work > 0)) throw new Error('the program did no work');
    this.#proveImplementation(to);
    return measured;
  }

  /** Stops the program until resume(); its tools go on. */
  suspend() {
    this.#program.suspend();
  }

  resume() {
    this.#program.resume();
  }

  /** The program's cumulative figures. */
  snapshot() {
    this.#program.write('snapshot');
    return this.#program.next(PATIENCE);
  }

  /** The program's total work, after the load has ended. */
  async totalWork() {
    await sleep(DRAIN);
    const { work } = await this.snapshot();
    return work;
  }

  async end() {
    await Promise.all(this.#sides.map((side) => side.stop()));
  }

  #start(command, cpu) {
    const side = new Side(command, { cpu });
    this.#sides.push(side);
    return side;
  }

  /** The C core has to have sent or received as much as the program counted. */
  #proveImplementation({ native, work }) {
    if (!this.#isNative) {
      if (native === undefined) return;
      throw new Error('the program used dgram-native instead of node:dgram');
    }
    const carried = Math.max(native?.sent ?? 0, native?.received ?? 0);
    if (native?.sockets > 0 && carried >= work) return;
    throw new Error(`dgram-native carried only ${carried} of ${work} datagrams`);
  }
}

/**
 * @returns {number} the lost share of `sent`
 * @throws {Error} if it is above 5%, or more arrived than were sent
 */
function lostShare(sent, arrived) {
  const share = 1 - arrived / sent;
  if (share >= 0 && share <= MOST_LOST) return share;
  throw new Error(
    `${arrived} of ${sent} datagrams arrived; expected at least 95%. Use a ` +
    'machine without other load');
}

module.exports = { Stage, lostShare };
