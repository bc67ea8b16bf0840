'use strict';

/**
 * Peers other than Node: command line tools and servers.
 */

const { execFile, spawn } = require('node:child_process');
const dgram = require('node:dgram');
const { once } = require('node:events');
const path = require('node:path');
const { promisify } = require('node:util');
const fs = require('node:fs');

const { limited, until } = require('./limited');
const { udpPortsOf } = require('./proc-net');

/** Daemons are in sbin, which may be missing from PATH. */
const PATH = [...new Set([
  ...(process.env.PATH ?? '').split(path.delimiter), '/usr/sbin', '/sbin',
])].filter(Boolean);

/** Without settings of Node, of sanitizers or of the user's language. */
const env = { PATH: PATH.join(path.delimiter), LC_ALL: 'C', TZ: 'UTC' };

const TRIES = 5;

/** @returns {string | undefined} the path of a command */
function findTool(command) {
  return PATH.map((directory) => path.join(directory, command))
    .find((file) => fs.existsSync(file));
}

/** Runs a tool; rejects unless it succeeds. */
function runTool(command, args, options = {}) {
  return limited(`${command} ${args.join(' ')}`,
    promisify(execFile)(command, args, {
      ...options,
      env: { ...env, ...options.env },
      timeout: 30000,
      killSignal: 'SIGKILL',
    }));
}

/** @returns {Promise<number>} a free port */
async function freePort() {
  const socket = dgram.createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

/** A server process; `port` is set once it has bound that UDP port. */
class Server {
  #child;
  #exit;
  /** Its standard output. */
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

  /** @returns {Promise<boolean>} false if it exited without binding the port */
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
 * Starts a server on a free loopback port, and resolves when the kernel reports
 * that it has bound the port. If another process was faster, another port is
 * tried.
 *
 * @param {string} command
 * @param {(port: number) => string[]} argsFor
 * @param {(server: Server) => void} started  receives each started process, to
 *   end it later
 * @param {object} [options]  of spawn()
 */
async function startServer(command, argsFor, started, options) {
  for (let tries = 1; ; tries++) {
    const port = await freePort();
    const server = new Server(command, argsFor(port), options);
    started(server);
    if (await server.has(port)) return Object.assign(server, { port });
    if (tries === TRIES)
      throw new Error(`${command} did not start: ${server.errors}`);
  }
}

module.exports = { Server, findTool, runTool, startServer };
