'use strict';

/**
 * Fixtures of these tests: programs, peers and a temporary directory, which are
 * removed after each test.
 */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { until } = require('./limited');
const { findTool, runTool, startServer } = require('./peer');
const { udpPortsOf } = require('./proc-net');
const { Program } = require('./program');

/** Longer than any other time limit. */
const TIMEOUT = 60000;

/**
 * In CI scripts/e2e-packages.sh has installed all tools. Elsewhere the suite is
 * skipped with a message if a tool is missing.
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

  /** Runs a tool until it exits. */
  run(command, args, options) {
    return runTool(command, args, options);
  }
}

/**
 * Call it within describe().
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
