'use strict';

/**
 * Peers that are not Node: tools that run once, and servers.
 */

const { execFile, spawn } = require('node:child_process');
const dgram = require('node:dgram');
const { once } = require('node:events');
const path = require('node:path');
const { promisify } = require('node:util');
const fs = require('node:fs');

const { limited, until } = require('./limited');
const { udpPortsOf } = require('./proc-net');

/** Daemons are in sbin, which is not on everybody's path. */
const PATH = [...new Set([
  ...(process.env.PATH ?? '').split(path.delimiter), '/usr/sbin', '/sbin',
])].filter(Boolean);

/** Nothing of Node's, of a sanitizer's, or of the user's language. */
const env = { PATH: PATH.join(path.delimiter), LC_ALL: 'C', TZ: 'UTC' };

const TRIES = 5;

/** @returns {string | undefined} the path of a command */
function findTool(command) {
  return PATH.map((directory) => path.join(directory, command))
    .find((file) => fs.existsSync(file));
}

/** Runs a tool to its end; rejects unless it ends well. */
function runTool(command, args, options = {}) {
  return limited(`${command} ${args.join(' ')}`,
    promisify(execFile)(command, args, {
      ...options,
      env: { ...env, ...options.env },
      timeout: 30000,
      killSignal: 'SIGKILL',
    }));
}

/** @returns {Promise<number>} a port that nobody had a moment ago */
async function freePort() {
  const socket = dgram.createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

/** A process of a server; `port` once it has that UDP port. */
class Server {
  #child;
  #exit;
  /** What it printed. */
  output = '';
  errors = '';

  constructor(command, args, { stdin = 'ignore', ...options } = {}) {
    this.#child = spawn(command, args, {
      ...options,
      env: { ...env, ...options.env },
      stdio: [stdin, 'pipe', 'pipe'],
    });
    this.stdin = this.#child.stdin;
    this.stdout = this.#child.stdout;
    this.stdout.on('data', (data) => this.output += data.toString('latin1'));
    this.#child.stderr
      .on('data', (data) => this.errors += data.toString('latin1'));
    this.#exit = once(this.#child, 'close');
  }

  get ended() {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** @returns {Promise<boolean>} false if it ended without the port */
  async has(port) {
    const { pid } = this.#child;
    await until(() => `${this.#child.spawnfile} on ${port}: ${this.errors}`,
      () => this.ended || udpPortsOf(pid).includes(port));
    return !this.ended;
  }

  async kill() {
    this.#child.kill('SIGKILL');
    await this.#exit;
  }
}

/**
 * Starts a server on a port of its own on loopback, and returns when the
 * kernel says that it has it. Somebody may be quicker to take a port that was
 * free a moment ago: then another one is tried.
 *
 * @param {string} command
 * @param {(port: number) => string[]} argsFor
 * @param {(server: Server) => void} started  sees each process that was
 *   started, for the one who ends them
 * @param {object} [options]  of spawn()
 */
async function startServer(command, argsFor, started, options) {
  for (let tries = 1; ; tries++) {
    const port = await freePort();
    const server = new Server(command, argsFor(port), options);
    started(server);
    if (await server.has(port)) return Object.assign(server, { port });
    if (tries === TRIES)
      throw new Error(`${command} does not start: ${server.errors}`);
  }
}

module.exports = { findTool, runTool, startServer };
