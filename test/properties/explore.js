'use strict';

/**
 * Tries programs of one kind on one transport for run.js, in a process with the
 * library of test/faults/kernel.c preloaded:
 *
 *   node explore.js LIBRARY OPTIONS
 *
 * OPTIONS is JSON: { kind, seed, path, programs, minutes }. Descriptor 3 is a
 * file that names the current program, in case that this process crashes. The
 * result is sent over IPC.
 */

const fs = require('node:fs');

const fc = require('fast-check');

const packed = require('../support/package');
const { Kernel } = require('./kernel');
const { KINDS } = require('./kinds');
const { leakedSockets, mayCount, openSockets } = require('./open-sockets');
const { Stage } = require('./stage');

const dgram = require(packed.main);
const binding = packed.binding();

const NOTE_FD = 3;

/** Programs per seed in a long test. */
const PROGRAMS_A_SEED = 10000;

/** This number of programs covers every call and outcome. */
const COMPLETE = 5000;

class Exploration {
  constructor(kernel, kind, places, visits) {
    this.kernel = kernel;
    this.kind = kind;
    this.places = places;
    this.visits = visits;
    this.tried = 0;
    this.played = 0;
    this.counts = {};
    this.faults = {};
  }

  /** Runs one program and checks it. */
  async try(program) {
    this.visits?.spawn();
    const before = binding.stats();
    const sockets = openSockets();
    const stage = new Stage(dgram, this.kernel, this.kind.Actor, this.places,
                            ++this.tried, this.visits);
    const story = await stage.play(program);
    const counts = this.kind.judge(story, {
      transport: dgram.transport, digest: this.kernel.digest,
    });
    const after = binding.stats();
    // stats() does not count datagrams that were preread, or moved along with a
    // ticket, and then dropped.
    const { uncounted, ...rest } = counts;
    for (const [name, slack] of [['sent', 0], ['received', uncounted]]) {
      const counted = after[name] - before[name] +
        (this.visits?.stats[name] ?? 0);
      if (counted > counts[name] || counted < counts[name] - slack) {
        throw new Error(`stats() counts ${counted} ${name}, the kernel ` +
          `${counts[name]}`);
      }
    }
    const leaked = mayCount(story.log) ? await leakedSockets(sockets) : 0;
    if (leaked > 0)
      throw new Error(`${leaked} descriptors of sockets were leaked`);
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
    const { counts, faults, kind, played } = this;
    if (played < COMPLETE) return null;
    const { transport } = dgram;
    const gaps = [
      ...kind.failingCalls(transport).filter((call) => !faults[call]),
      ...['sent', 'failed', 'received', 'dropped', 'cancelled',
        ...kind.outcomes(transport)]
        .filter((name) => !counts[name]),
    ];
    return gaps.length === 0 ? null :
      { error: `${played} programs, but none covered: ${gaps.join(', ')}` };
  }

  /** Tries up to `numRuns` programs of one seed. */
  async check({ seed, path, numRuns, until }) {
    let index = 0;
    let failed = false;
    const property = fc.asyncProperty(this.kind.programs(dgram.transport),
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

async function main(library, options) {
  const { path, programs: wanted, minutes } = options;
  let { seed } = options;
  const kind = KINDS[options.kind]();
  const places = await kind.places(dgram);
  const kernel = new Kernel(library);
  const visits = kind.visits?.(kernel, library);
  const exploration = new Exploration(kernel, kind, places, visits);
  const until = minutes && Date.now() + minutes * 60000;
  let details;
  const some = minutes ? PROGRAMS_A_SEED : wanted;
  do {
    details = await exploration.check({
      seed, path, until, numRuns: path === undefined ? some : 1,
    });
    seed++;
  } while (!details.failed && until && Date.now() < until);
  visits?.end();
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
