'use strict';

/**
 * Who takes part. A contestant is a runtime, a module and one of its
 * interfaces:
 *
 *   dgram     createSocket(), 'message', send()
 *   batch     the 'batch' event (and sendMany() to answer)
 *   many      sendMany()
 *   bun       Bun.udpSocket(): data(), send()
 *   bun-many  Bun.udpSocket(): sendMany()
 */

const fs = require('node:fs');
const path = require('node:path');
const { spawnSync } = require('node:child_process');

const packed = require('../test/support/package');

const REPOSITORY = path.join(__dirname, '..');
/** What users get, of lib/ as it is now. */
const OURS = { runtime: 'node', module: packed.main };

const contestants = [
  { name: 'native', label: 'dgram-native', ...OURS, api: 'dgram' },
  { name: 'native-shared', label: 'dgram-native, sharedBuffers', ...OURS,
    api: 'dgram', options: { sharedBuffers: true } },
  { name: 'native-batch', label: "dgram-native, 'batch' event", ...OURS,
    api: 'batch' },
  { name: 'native-many', label: 'dgram-native, sendMany()', ...OURS,
    api: 'many' },
  { name: 'node', label: 'node:dgram', runtime: 'node', module: 'node:dgram',
    api: 'dgram' },
  { name: 'floor', label: 'C floor', runtime: 'c' },
  { name: 'bun', label: 'Bun, node:dgram', runtime: 'bun',
    module: 'node:dgram', api: 'dgram' },
  { name: 'bun-udp', label: 'Bun.udpSocket', runtime: 'bun', api: 'bun' },
  { name: 'bun-many', label: 'Bun.udpSocket, sendMany()', runtime: 'bun',
    api: 'bun-many' },
  { name: 'deno', label: 'Deno, node:dgram', runtime: 'deno',
    module: 'node:dgram', api: 'dgram' },
];

/** The one that the others are compared with. */
const CONTROL = 'node';

const FLAGS = {
  node: {
    run: [],
    gc: ['--expose-gc'],
    // Room for all that is allocated while it is counted.
    roomy: ['--expose-gc', '--min-semi-space-size=128',
            '--max-semi-space-size=128'],
  },
  bun: { run: [], gc: [] },
  deno: {
    run: ['run', '--allow-all', '--no-config', '--unstable-detect-cjs'],
    gc: ['--v8-flags=--expose-gc'],
  },
};

/** A rival's program: named in the environment, installed here, in PATH. */
function findProgram(name) {
  const named = process.env[name.toUpperCase()];
  const places = named ? [named] : [
    path.join(REPOSITORY, 'node_modules', '.bin', name),
    ...process.env.PATH.split(path.delimiter).map((directory) =>
      path.join(directory, name)),
  ];
  return places.find((file) => {
    if (!fs.existsSync(file)) return false;
    return spawnSync(file, ['--version'], { timeout: 10000 }).status === 0;
  });
}

function versionOf(program) {
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return /\d+\.\d+\.\d+\S*/.exec(stdout)?.[0];
}

/**
 * The runtimes that are there, by name: their program and version.
 * @returns {Object<string, {program: string, version: string}>}
 */
function findRuntimes() {
  const found = {
    node: { program: process.execPath, version: process.versions.node },
    c: {},
  };
  for (const name of ['bun', 'deno']) {
    const program = findProgram(name);
    if (program) found[name] = { program, version: versionOf(program) };
  }
  return found;
}

/**
 * The command line of a role on a contestant's runtime.
 * @param {'gc'|'roomy'} [engine] flags that the role needs
 * @returns {string[]}
 */
function roleCommand(contestant, runtimes, role, config, engine) {
  const flags = FLAGS[contestant.runtime];
  const { module, api, options } = contestant;
  return [
    runtimes[contestant.runtime].program,
    ...flags.run, ...flags[engine] ?? [],
    path.join(__dirname, 'roles', `${role}.js`),
    JSON.stringify({ module, api, options, ...config }),
  ];
}

module.exports = { CONTROL, contestants, findRuntimes, roleCommand };
