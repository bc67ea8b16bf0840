'use strict';

/**
 * Compiles a target of a binding.gyp with any compiler, without node-gyp, which
 * supports the toolchain of the host only.
 */

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { available } = require('../../scripts/prebuild/abi');
const { run, runOrThrow } = require('./support');

/** Flags of binding.gyp that GCC and clang have in common. */
const FLAGS = ['-O2', '-Wall', '-Wextra'];
const C_FLAGS = ['-std=c11', '-Wshadow', '-Wconversion'];
const CXX_FLAGS = ['-std=c++17', '-fno-exceptions'];

/** gyp files are Python literals. */
const TO_JSON = 'import ast, json, sys; ' +
  'print(json.dumps(ast.literal_eval(open(sys.argv[1]).read())))';

const CONDITION = /^OS == "(\w+)"$/;

/** The parts of `target` that apply to `os`: itself and its conditions. */
function partsFor(target, os) {
  const conditional = ([test, then, otherwise = {}]) => {
    const match = CONDITION.exec(test);
    if (match === null) throw new Error(`unknown condition: ${test}`);
    return match[1] === os ? then : otherwise;
  };
  return [target, ...(target.conditions ?? []).map(conditional)];
}

/** gyp's `<!(...)` is the output of a command, here always node-addon-api. */
function includeOf(directory, text) {
  return text.startsWith('<!') ?
    path.dirname(require.resolve('node-addon-api/napi.h')) :
    path.resolve(directory, text);
}

/**
 * @param {string} file a binding.gyp with one target
 * @param {'win'|'linux'|'mac'} os
 * @returns {{ name: string, sources: string[], includes: string[],
 *   defines: string[] }} with absolute paths
 */
function readTarget(file, os) {
  const { targets: [target] } = JSON.parse(
    execFileSync('python3', ['-c', TO_JSON, file], { encoding: 'utf8' }));
  const directory = path.dirname(file);
  const parts = partsFor(target, os);
  const all = (key) => parts.flatMap((part) => part[key] ?? []);
  return {
    name: target.target_name,
    sources: all('sources').map((name) => path.resolve(directory, name)),
    includes: all('include_dirs').map((name) => includeOf(directory, name)),
    defines: all('defines'),
  };
}

/**
 * @typedef {object} Toolchain
 * @property {string[]} cc the C compiler and its flags
 * @property {string[]} cxx
 * @property {string[]} link flags and libraries
 * @property {string} headers folder of node_api.h and uv.h
 */

function compileArgs(target, toolchain, source) {
  const isC = source.endsWith('.c');
  return [
    ...(isC ? toolchain.cc : toolchain.cxx), ...FLAGS,
    ...(isC ? C_FLAGS : CXX_FLAGS),
    ...target.defines.map((name) => `-D${name}`),
    '-DUSING_UV_SHARED=1', '-DBUILDING_NODE_EXTENSION',
    '-isystem', toolchain.headers,
    ...target.includes.map((name) => `-I${name}`),
  ];
}

/**
 * An import library of what an addon may call in node.exe: a link that needs
 * another function fails.
 * @param {string[]} dlltool the command and its flags
 * @param {string} directory for the library
 * @returns {Promise<string>} its path
 */
async function importLibrary([command, ...flags], directory, env) {
  const definition = path.join(directory, 'node.def');
  const library = path.join(directory, 'libnode.a');
  fs.writeFileSync(
    definition, `LIBRARY node.exe\nEXPORTS\n${available.join('\n')}\n`);
  await runOrThrow(command, [...flags, '-d', definition, '-l', library],
                   { env });
  return library;
}

/** Runs a compiler; any output, a warning too, is a failure. */
async function quietly(test, [command, ...args], env) {
  const { code, output } = await run(command, args, { env });
  return code === 0 && output.trim() === '' ? [] :
    [{ test, error: output.slice(-4000) || `exited with ${code}` }];
}

/**
 * Compiles every source and links them.
 * @param {ReturnType<typeof readTarget>} target
 * @param {Toolchain} toolchain
 * @param {object} options
 * @param {string} options.output the addon to create
 * @param {string} options.root of the names in failures
 * @param {object} [options.env] the whole environment
 * @returns {Promise<{ passed: string[], failed: object[], pending: 0 }>} one
 *   entry a source and one for the link, as of mocha in report.js
 */
async function buildTarget(target, toolchain, { output, root, env }) {
  const objects = path.join(path.dirname(output), `${target.name}-objects`);
  fs.mkdirSync(objects, { recursive: true });
  const result = { passed: [], failed: [], pending: 0 };
  const built = [];
  const waiting = [...target.sources];

  const record = (test, failures) => {
    if (failures.length === 0) result.passed.push(test);
    else result.failed.push(...failures);
  };
  const compiler = async () => {
    for (let source; (source = waiting.shift()) !== undefined;) {
      const name = path.relative(root, source);
      const object = path.join(objects, `${name.replace(/\W+/g, '-')}.o`);
      built.push(object);
      record(name, await quietly(name, [
        ...compileArgs(target, toolchain, source), '-c', source, '-o', object,
      ], env));
    }
  };
  await Promise.all([compiler(), compiler()]);

  const test = `link of ${target.name}`;
  if (result.failed.length === 0) {
    const linker = target.sources.every((name) => name.endsWith('.c')) ?
      toolchain.cc : toolchain.cxx;
    record(test, await quietly(test, [
      ...linker, '-shared', '-o', output, ...built, ...toolchain.link,
    ], env));
  }
  return result;
}

module.exports = { buildTarget, importLibrary, readTarget };
