'use strict';

// Last step of `npm install`: writes V8's code cache of dist/evaluate.js, see
// lib/code-cache.js. The package works without it, only starts slower. So a
// failure, such as a read-only folder, is silent.
//
//   node scripts/code-cache.js

const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');

const dist = path.join(__dirname, '..', 'dist');

/** Milliseconds for the datagrams of a warm-up; a firewall may drop them. */
const PATIENCE = 2000;

const HOST = '127.0.0.1';

/** Another process may be starting: it sees the whole file or none. */
function write(file, bytes) {
  const unfinished = `${file}.${process.pid}`;
  try {
    fs.writeFileSync(unfinished, bytes);
    fs.renameSync(unfinished, file);
  } catch (error) {
    fs.rmSync(unfinished, { force: true });
    throw error;
  }
}

/** Whether npm installs for another platform, or for Electron. */
function isForOther() {
  const {
    npm_config_arch: arch = process.arch,
    npm_config_platform: platform = process.platform,
    npm_config_runtime: runtime = 'node',
  } = process.env;
  return arch !== process.arch || platform !== process.platform ||
    runtime !== 'node';
}

/**
 * Loads the package as a program would. V8 reads the cache that is there, and
 * adds the functions that it compiles from now on.
 * @param {string} filename of evaluate.js, as in stack traces
 * @returns {{dgram: object, script: vm.Script|undefined}}
 */
function load(filename) {
  let script;
  vm.Script = class extends vm.Script {
    constructor(source, options, ...rest) {
      super(source, options, ...rest);
      // A module that NODE_OPTIONS preloads may compile index.js this way, too.
      if (options?.filename === filename) script = this;
    }
  };
  return { dgram: require(path.join(dist, 'index.js')), script };
}

/** What most programs do first. Calls back after the answer, or never. */
function warmUp(dgram, done) {
  const server = dgram.createSocket('udp4');
  const client = dgram.createSocket('udp4');
  const close = () => {
    server.close();
    client.close(done);
  };
  server.on('error', () => {}).on('message', (message, { port, address }) => {
    server.send(message, port, address);
  });
  client.on('error', () => {}).on('message', close);
  server.bind(0, HOST, () => {
    client.send('hello', server.address().port, HOST, () => {});
  });
}

function main() {
  if (isForOther()) return;
  const { version } = require('../package.json');
  const { compile, fileOf, pack, sourceFile } =
    require(path.join(dist, 'code-cache.js'));
  const file = fileOf(dist, version);
  const source = fs.readFileSync(sourceFile(dist));
  const save = (script) =>
    write(file, pack(script.createCachedData(), source, dist));
  save(compile(vm.Script, source, dist));
  const { dgram, script } = load(sourceFile(dist));
  // Undefined if NODE_OPTIONS has preloaded the package.
  if (script === undefined) return;
  warmUp(dgram, () => save(script));
}

process.on('uncaughtException', () => process.exit(0));
// The package would warn that it falls back; cannot-compile.js has said so.
process.emitWarning = () => {};
setTimeout(() => process.exit(0), PATIENCE).unref();
main();
