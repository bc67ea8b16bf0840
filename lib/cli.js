#!/usr/bin/env node
'use strict';

/**
 * The command `dgram-native`: prints the value of NODE_OPTIONS that preloads
 * the package, and the facts that a bug report needs.
 */

const os = require('node:os');
const path = require('node:path');

const USAGE = `Usage: dgram-native COMMAND

Commands:
  options   print the value of NODE_OPTIONS that replaces node:dgram:
              export NODE_OPTIONS="$(npx dgram-native options)"
  info      print version, transport, features, binary and code cache
`;

/** npx downloads a package that is not installed into a folder of its cache. */
const NPX_CACHE = `${path.sep}_npx${path.sep}`;

/**
 * Quotes a word of NODE_OPTIONS. Node removes double quotes, and backslashes
 * inside them (Node's CLI documentation, NODE_OPTIONS).
 */
function quote(word) {
  if (!/[\s"]/.test(word)) return word;
  return `"${word.replace(/["\\]/g, '\\$&')}"`;
}

/** The absolute path: Node resolves a bare name from the working directory. */
function options() {
  if (__dirname.includes(NPX_CACHE)) {
    process.stderr.write(
      'dgram-native is not installed in this folder. Run ' +
      '`npm install dgram-native` first.\n');
    return 1;
  }
  const register = path.join(__dirname, 'register.js');
  process.stdout.write(`--require=${quote(register)}\n`);
  return 0;
}

/** The loaded addon: a build, a prebuilt binary, or DGRAM_NATIVE_BINDING. */
function addonFile() {
  const loaded = process.report.getReport().sharedObjects
    .filter((file) => file.endsWith('.node'));
  return loaded.length > 0 ? loaded.join(', ') : 'none';
}

/** What this thread knows of the package, see node/thread.js. */
function copy() {
  const thread = require('node:dgram')[Symbol.for('dgram-native')];
  return thread?.copies[__dirname];
}

/** What the transport uses here, see docs/platforms.md. */
function features() {
  const has = copy()?.binding?.features() ?? {};
  const labels = {
    batches: 'batches', gso: 'GSO', gro: 'GRO', reusePort: 'reusePort',
    receiveInfo: 'receiveInfo', unixDgram: 'unix_dgram',
  };
  return Object.keys(labels).filter((name) => has[name])
    .map((name) => labels[name]).join(', ') || 'none';
}

function settings() {
  const names = Object.keys(process.env)
    .filter((name) => name.startsWith('DGRAM_NATIVE_')).sort();
  return names.map((name) => `${name}=${process.env[name]}`).join(' ') ||
    'none';
}

function info() {
  const { version } = require('../package.json');
  const { transport } = require('./index');
  const lines = {
    'dgram-native': version,
    transport,
    features: features(),
    addon: addonFile(),
    settings: settings(),
    'code cache': copy()?.codeCache ?? 'none',
    node: `${process.version}, libuv ${process.versions.uv}`,
    platform: `${process.platform}-${process.arch}, ${os.release()}`,
  };
  // One write: a reader such as `head` may close the pipe after it.
  process.stdout.write(Object.entries(lines)
    .map(([name, value]) => `${name}: ${value}\n`).join(''));
  return 0;
}

function help() {
  process.stdout.write(USAGE);
  return 0;
}

function unknown(command) {
  process.stderr.write(
    `dgram-native: unknown command '${command}'\n\n${USAGE}`);
  return 2;
}

/** @returns {number} the exit code */
function main([command = '--help']) {
  const commands = {
    __proto__: null, options, info, help, '--help': help, '-h': help,
  };
  return (commands[command] ?? unknown)(command);
}

process.exitCode = main(process.argv.slice(2));
