'use strict';

/** Runs one implementation in one scenario, once in a round. */

const { median } = require('simple-statistics');
const { roleCommand } = require('./implementations');
const { metrics } = require('./metrics');
const { Side } = require('./processes');

const PATIENCE = 20;

/** The processes of one run. */
class Run {
  #sides = [];

  /**
   * @param {object} scenario see scenarios/index.js
   * @param {object} implementation see implementations.js
   * @param {object} tools see runOnce()
   * @param {object} timing see runOnce()
   */
  constructor(scenario, implementation, tools, timing) {
    const { length = 1, warmLength = 1 } = scenario;
    this.scenario = scenario;
    this.implementation = implementation;
    this.tools = tools;
    this.window = {
      warm: timing.warm * warmLength, measure: timing.measure * length,
    };
    this.count = scenario.count &&
      { count: Math.ceil(scenario.count * timing.share) };
  }

  get #isBaseline() {
    return this.implementation.runtime === 'c';
  }

  /** The window of a peer that measures too. */
  get #peerWindow() {
    const { peerLength } = this.scenario;
    const { warm, measure } = this.window;
    return peerLength && { warm, measure: measure * peerLength };
  }

  /**
   * @returns {Promise<{measured: object, peer?: object}|{unsupported: string}>}
   * @throws {Error} if a process fails
   */
  async outcome() {
    const { peer: peerPlan } = this.scenario;
    const [measured, peer, unsupported] = await (peerPlan?.first ?
      this.#startPeerFirst() : this.#startMeasuredFirst());
    if (unsupported) return { unsupported };
    const result = await measured.next(PATIENCE);
    if (result.unsupported) return result;
    // A peer with its own window ends by itself.
    if (peer && !this.#peerWindow) await peer.stop();
    return { measured: result, peer: await peer?.next(PATIENCE) };
  }

  async end() {
    await Promise.all(this.#sides.map((side) => side.stop()));
  }

  async #startPeerFirst() {
    const peer = this.#startPeer();
    const { ports } = await peer.next(PATIENCE);
    const measured = this.#startMeasured({
      ports: this.#isBaseline ? ports.join() : ports,
    });
    const ready = await measured.next(PATIENCE);
    if (!ready.unsupported && this.scenario.peer.linked)
      peer.write(ready.ports.join());
    return [measured, peer, ready.unsupported];
  }

  async #startMeasuredFirst() {
    const measured = this.#startMeasured();
    const { ports, unsupported } = await measured.next(PATIENCE);
    if (unsupported || !this.scenario.peer)
      return [measured, undefined, unsupported];
    const peer = this.#startPeer({ ports: ports.join(), ...this.#peerWindow });
    await peer.next(PATIENCE);
    return [measured, peer];
  }

  #startPeer(more) {
    const { peer: { tool, args, rateShare }, sharedCpu } = this.scenario;
    const rate = rateShare &&
      { rate: Math.round(this.tools.highestRate * rateShare) };
    return this.#start(
      this.tools.baselineCommand(tool, { ...args, ...rate, ...more }),
      { cpu: sharedCpu ? 0 : 1 });
  }

  #startMeasured(more) {
    const { baseline, role, config, engine, sharedCpu } = this.scenario;
    const common = { ...this.window, ...this.count, ...more };
    const command = this.#isBaseline ?
      this.tools.baselineCommand(
        baseline.tool, { ...baseline.args, ...common }) :
      roleCommand(this.implementation, this.tools.runtimes, role,
                  { ...config, ...common }, engine);
    return this.#start(command, { cpu: 0, batch: sharedCpu });
  }

  #start(command, options) {
    const side = new Side(command, options);
    this.#sides.push(side);
    return side;
  }
}

async function runFigures(scenario, implementation, tools, timing) {
  const run = new Run(scenario, implementation, tools, timing);
  try {
    const outcome = await run.outcome();
    if (outcome.unsupported) return outcome;
    const figures = scenario.metrics.map((name) =>
      [name, metrics[name].of(outcome)]);
    // The C baseline does not have all of them.
    return { figures: Object.fromEntries(figures.filter(([, value]) =>
      Number.isFinite(value))) };
  } finally {
    await run.end();
  }
}

/** The medians of several runs. */
function medians(all) {
  return Object.fromEntries(Object.keys(all[0]).map((name) =>
    [name, median(all.map((figures) => figures[name]))]));
}

/**
 * @param {object} scenario see scenarios/index.js
 * @param {object} implementation see implementations.js
 * @param {object} tools
 * @param {object} tools.runtimes
 * @param {function} tools.baselineCommand
 * @param {number} [tools.highestRate] of node:dgram, in requests per second
 * @param {{warm: number, measure: number, share: number}} timing warm-up and
 *   measured time in milliseconds, and the share of counted operations and
 *   repetitions
 * @returns {Promise<{figures: object}|{unsupported: string}>}
 * @throws {Error} if a process fails
 */
async function runOnce(scenario, implementation, tools, timing) {
  const all = [];
  const repeat = Math.ceil((scenario.repeat ?? 1) * timing.share);
  for (let i = 0; i < repeat; i++) {
    const { figures, unsupported } =
      await runFigures(scenario, implementation, tools, timing);
    if (unsupported) return { unsupported };
    all.push(figures);
  }
  return { figures: medians(all) };
}

module.exports = { runOnce };
