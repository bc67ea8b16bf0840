'use strict';

/**
 * Tries programs on one transport for run.js, in a process with the library of
 * test/faults/kernel.c preloaded:
 *
 *   node explore.js LIBRARY OPTIONS
 *
 * OPTIONS is JSON: { seed, path, programs, minutes }. Descriptor 3 is a file
 * that names the current program, in case that this process crashes. The result
 * is sent over IPC.
 */

const fs = require('node:fs');
const builtin = require('node:dgram');
const { once } = require('node:events');

const fc = require('fast-check');

const packed = require('../support/package');
const { Kernel } = require('./kernel');
const { judge } = require('./model');
const { failingCalls, programs } = require('./programs');
const { Stage } = require('./stage');

const dgram = require(packed.main);
const binding = packed.binding();

const NOTE_FD = 3;

/** Programs per seed in a long test. */
const PROGRAMS_A_SEED = 10000;

/** This number of programs covers every call and outcome. */
const COMPLETE = 5000;

/** GSO sends and GRO receives, of Linux 5.12 and newer. */
const GROUPS = dgram.transport === 'linux' ? ['gso', 'gro'] : [];

/** A closed port. */
async function findDeadPort() {
  const socket = builtin.createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

class Exploration {
  constructor(kernel, deadPort) {
    this.kernel = kernel;
    this.deadPort = deadPort;
    this.played = 0;
    this.counts = {};
    this.faults = {};
  }

  /** Runs one program and checks it. */
  async try(program) {
    const before = binding.stats();
    const stage = new Stage(dgram, this.kernel, this.deadPort);
    const story = await stage.play(program);
    const counts = judge(story, {
      transport: dgram.transport, digest: this.kernel.digest,
    });
    const after = binding.stats();
    // stats() does not count datagrams that were preread and dropped.
    const { uncounted, ...rest } = counts;
    for (const [name, slack] of [['sent', 0], ['received', uncounted]]) {
      const counted = after[name] - before[name];
      if (counted > counts[name] || counted < counts[name] - slack) {
        throw new Error(`stats() counts ${counted} ${name}, the kernel ` +
          `${counts[name]}`);
      }
    }
    this.add(rest, story.log);
  }

  add(counts, log) {
    for (const [name, count] of Object.entries(counts))
      this.counts[name] = (this.counts[name] ?? 0) + count;
    for (const { kind, call, code } of log) {
      if (kind !== 'fault') continue;
      this.faults[call] ??= {};
      this.faults[call][code] = (this.faults[call][code] ?? 0) + 1;
    }
  }

  /** A failure if many programs did not cover every call and outcome. */
  findGap() {
    const { counts, faults, played } = this;
    if (played < COMPLETE) return null;
    const gaps = [
      ...failingCalls(dgram.transport).filter((call) => !faults[call]),
      ...['sent', 'failed', 'received', 'dropped', 'cancelled', ...GROUPS]
        .filter((name) => !counts[name]),
    ];
    return gaps.length === 0 ? null :
      { error: `${played} programs, but none covered: ${gaps.join(', ')}` };
  }

  /** Tries up to `numRuns` programs of one seed. */
  async check({ seed, path, numRuns, until }) {
    let index = 0;
    let failed = false;
    const property = fc.asyncProperty(programs(dgram.transport),
      async (program) => {
        if (!failed && path === undefined)
          note({ seed, path: String(index++), played: this.played });
        else note({ seed, path, played: this.played, at: Date.now() });
        try {
          await this.try(program);
        } catch (error) {
          failed = true;
          throw error;
        }
        this.played++;
      });
    return fc.check(property, {
      seed, path, numRuns,
      ...(until && {
        interruptAfterTimeLimit: Math.max(1, until - Date.now()),
      }),
    });
  }
}

function note(what) {
  fs.writeSync(NOTE_FD, JSON.stringify(what).padEnd(120), 0);
}

async function main(library, { seed, path, programs: wanted, minutes }) {
  const exploration = new Exploration(new Kernel(library),
    await findDeadPort());
  const until = minutes && Date.now() + minutes * 60000;
  let details;
  const some = minutes ? PROGRAMS_A_SEED : wanted;
  do {
    details = await exploration.check({
      seed, path, until, numRuns: path === undefined ? some : 1,
    });
    seed++;
  } while (!details.failed && until && Date.now() < until);
  const { played, counts, faults } = exploration;
  process.send({
    transport: dgram.transport,
    played, counts, faults,
    failure: details.failed ? describe(details) : exploration.findGap(),
  }, () => process.disconnect());
}

function describe({ seed, counterexamplePath, counterexample, numShrinks,
  errorInstance }) {
  return {
    seed,
    path: counterexamplePath,
    shrinks: numShrinks,
    program: fc.stringify(counterexample[0]),
    error: errorInstance?.stack ?? String(errorInstance),
  };
}

main(process.argv[2], JSON.parse(process.argv[3]));
