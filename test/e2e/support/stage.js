'use strict';

/**
 * What the tests of this directory stand on: programs, peers and a temporary
 * directory, all of which are gone after each test.
 */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { until } = require('./limited');
const { findTool, runTool, startServer } = require('./peer');
const { udpPortsOf } = require('./proc-net');
const { Program } = require('./program');

/** Longer than any limit within. */
const TIMEOUT = 60000;

/**
 * In CI the tests have all they need: scripts/e2e-packages.sh installed it.
 * Elsewhere the suite is left out, and says why.
 */
function demand(context, tools) {
  const missing = Object.entries(tools)
    .filter(([command]) => findTool(command) === undefined)
    .map(([command, debian]) => `${command} (Debian: ${debian})`);
  if (missing.length === 0) return;
  const text = `not found: ${missing.join(', ')}; ` +
    'scripts/e2e-packages.sh installs them';
  if (process.env.CI) throw new Error(text);
  console.log(`      ${text}`);
  context.skip();
}

class Stage {
  #started = [];

  async setUp() {
    this.directory = fs.mkdtempSync(path.join(os.tmpdir(), 'dgram-e2e-'));
  }

  async tearDown() {
    await Promise.all(this.#started.map((one) => one.kill()));
    this.#started = [];
    fs.rmSync(this.directory, { recursive: true, force: true, maxRetries: 3 });
  }

  /** Writes a file into the temporary directory; returns its path. */
  file(name, content) {
    const file = path.join(this.directory, name);
    fs.writeFileSync(file, content);
    return file;
  }

  /** Starts test/e2e/programs/NAME.js through register. */
  async program(name, how) {
    const program = new Program(name, this.directory, how);
    this.#started.push(program);
    return program.ready();
  }

  /** The UDP port that a program has bound. */
  async portOf(program) {
    const [port] = await until('a port', () => {
      const ports = udpPortsOf(program.pid);
      return ports.length > 0 && ports;
    });
    return port;
  }

  /** Starts a server that is not Node; see startServer(). */
  server(command, argsFor, options) {
    return startServer(command, argsFor,
      (server) => this.#started.push(server), options);
  }

  /** Runs a tool to its end. */
  run(command, args, options) {
    return runTool(command, args, options);
  }
}

/**
 * To be called within describe().
 *
 * @param {Record<string, string>} [tools]  command: Debian's package of it
 */
function useStage(tools = {}) {
  const stage = new Stage();
  before(function() {
    this.timeout(TIMEOUT);
    demand(this, tools);
  });
  beforeEach(function() {
    this.currentTest.timeout(TIMEOUT);
    return stage.setUp();
  });
  afterEach(function() {
    this.timeout(TIMEOUT);
    return stage.tearDown();
  });
  return stage;
}

module.exports = { useStage };
