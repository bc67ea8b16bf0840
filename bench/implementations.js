'use strict';

/**
 * The implementations that are compared. Each is a runtime, a module and one of
 * the module's interfaces:
 *
 *   dgram      createSocket(), 'message', send()
 *   batch      the 'batch' event, answers with sendMany() of a list
 *   many       sendMany() of a list
 *   columns    the 'batch' event, answers with sendMany() of the batch
 *   bun        Bun.udpSocket(): data(), send()
 *   bun-many   Bun.udpSocket(): sendMany()
 *
 * The name is the same on the command line, in the progress output, the table,
 * the chart and the JSON report.
 */

const fs = require('node:fs');
const path = require('node:path');
const { spawnSync } = require('node:child_process');

const packed = require('../test/support/package');

const REPOSITORY = path.join(__dirname, '..');
/** The published files, packed from lib/ as it is now. */
const NATIVE = { runtime: 'node', module: packed.main };

/** The implementation that all others are compared with. */
const CONTROL = 'node:dgram';
const BASELINE = 'C baseline';

/** All that can be asked for. */
const RECEIVE_INFO = [
  'localAddress', 'interface', 'interfaceIndex', 'tos', 'ttl', 'timestamp',
];

const implementations = [
  { name: 'dgram-native', ...NATIVE, api: 'dgram' },
  { name: 'dgram-native sharedBuffers', ...NATIVE, api: 'dgram',
    options: { sharedBuffers: true } },
  { name: 'dgram-native batch', ...NATIVE, api: 'batch' },
  { name: 'dgram-native receiveInfo', ...NATIVE, api: 'dgram',
    options: { receiveInfo: RECEIVE_INFO } },
  { name: 'dgram-native batch receiveInfo', ...NATIVE, api: 'batch',
    options: { receiveInfo: RECEIVE_INFO } },
  { name: 'dgram-native sendMany', ...NATIVE, api: 'many' },
  { name: 'dgram-native columns', ...NATIVE, api: 'columns' },
  { name: 'dgram-native columns, reuseBatch', ...NATIVE, api: 'columns',
    options: { reuseBatch: true } },
  { name: 'dgram-native register', runtime: 'node', module: 'node:dgram',
    api: 'dgram', preload: packed.register },
  { name: CONTROL, runtime: 'node', module: 'node:dgram', api: 'dgram' },
  { name: BASELINE, runtime: 'c' },
  { name: 'Bun node:dgram', runtime: 'bun', module: 'node:dgram',
    api: 'dgram' },
  { name: 'Bun.udpSocket', runtime: 'bun', api: 'bun' },
  { name: 'Bun.udpSocket sendMany', runtime: 'bun', api: 'bun-many' },
  { name: 'Deno node:dgram', runtime: 'deno', module: 'node:dgram',
    api: 'dgram' },
];

const FLAGS = {
  node: {
    run: [],
    gc: ['--expose-gc'],
    // A young generation large enough to need no collection while counting.
    roomy: ['--expose-gc', '--min-semi-space-size=128',
            '--max-semi-space-size=128'],
    start: ['--require', path.join(__dirname, 'roles', 'clock.js')],
  },
  bun: { run: [], gc: [] },
  deno: {
    run: ['run', '--allow-all', '--no-config', '--unstable-detect-cjs'],
    gc: ['--v8-flags=--expose-gc'],
  },
};

/** Looks in the environment, then in node_modules, then in PATH. */
function findProgram(name) {
  const configured = process.env[name.toUpperCase()];
  const candidates = configured ? [configured] : [
    path.join(REPOSITORY, 'node_modules', '.bin', name),
    ...process.env.PATH.split(path.delimiter).map((directory) =>
      path.join(directory, name)),
  ];
  return candidates.find((file) => {
    if (!fs.existsSync(file)) return false;
    return spawnSync(file, ['--version'], { timeout: 10000 }).status === 0;
  });
}

function versionOf(program) {
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
  return /\d+\.\d+\.\d+\S*/.exec(stdout)?.[0];
}

/**
 * The available runtimes by name, each with its program and version.
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
 * The command line that runs a role on an implementation's runtime.
 * @param {'gc'|'roomy'|'start'} [engine] flags that the role requires
 * @returns {string[]}
 */
function roleCommand(implementation, runtimes, role, config, engine) {
  const flags = FLAGS[implementation.runtime];
  const { module, api, options, preload } = implementation;
  return [
    runtimes[implementation.runtime].program,
    ...flags.run, ...flags[engine] ?? [],
    ...preload ? ['--require', preload] : [],
    path.join(__dirname, 'roles', `${role}.js`),
    JSON.stringify({ module, api, options, ...config }),
  ];
}

module.exports = {
  BASELINE, CONTROL, findRuntimes, implementations, roleCommand,
};
