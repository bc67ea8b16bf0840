'use strict';

/** Runs one implementation in one scenario once. */

const { roleCommand } = require('./implementations');
const { metrics } = require('./metrics');
const { Side } = require('./processes');

const PATIENCE = 20;

/**
 * @param {object} scenario see scenarios.js
 * @param {object} implementation see implementations.js
 * @param {object} tools
 * @param {object} tools.runtimes
 * @param {function} tools.baselineCommand
 * @param {{warm: number, measure: number}} timing in milliseconds
 * @returns {Promise<{figures: object}|{unsupported: string}>}
 * @throws {Error} if a process fails
 */
async function runOnce(scenario, implementation, tools, timing) {
  const { runtimes, baselineCommand } = tools;
  const { peer: peerPlan, length = 1, peerLength } = scenario;
  const window = { warm: timing.warm, measure: timing.measure * length };
  const peerWindow = peerLength &&
    { warm: window.warm, measure: window.measure * peerLength };
  const sides = [];

  function start(command, options) {
    const side = new Side(command, options);
    sides.push(side);
    return side;
  }
  function startPeer(more) {
    return start(baselineCommand(peerPlan.tool, { ...peerPlan.args, ...more }),
                 { cpu: scenario.sharedCpu ? 0 : 1 });
  }
  function startMeasured(more) {
    const { baseline, role, config, engine } = scenario;
    const command = implementation.runtime === 'c' ?
      baselineCommand(baseline.tool, { ...baseline.args, ...window, ...more }) :
      roleCommand(implementation, runtimes, role,
                  { ...config, ...window, ...more }, engine);
    return start(command, { cpu: 0, batch: scenario.sharedCpu });
  }

  try {
    let measured;
    let peer;
    if (peerPlan?.first) {
      peer = startPeer();
      const { ports } = await peer.next(PATIENCE);
      measured = startMeasured({
        ports: implementation.runtime === 'c' ? ports.join() : ports,
      });
      await measured.next(PATIENCE);
    } else {
      measured = startMeasured();
      const ready = await measured.next(PATIENCE);
      if (ready.unsupported) return ready;
      if (peerPlan) {
        peer = startPeer({ ports: ready.ports.join(), ...peerWindow });
        await peer.next(PATIENCE);
      }
    }
    const result = await measured.next(PATIENCE);
    if (result.unsupported) return result;
    // A peer with its own window ends by itself.
    if (peer && !peerWindow) await peer.stop();
    const outcome = { measured: result, peer: await peer?.next(PATIENCE) };
    return { figures: Object.fromEntries(scenario.metrics.map((name) =>
      [name, metrics[name].of(outcome)])) };
  } finally {
    await Promise.all(sides.map((side) => side.stop()));
  }
}

module.exports = { runOnce };
