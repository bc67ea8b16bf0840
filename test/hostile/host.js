'use strict';

/**
 * The host under attack: a network namespace in which whole networks are local,
 * so that one sender can use any number of source addresses.
 */

const path = require('node:path');
const { execFileSync, spawn } = require('node:child_process');

const { demandNamespaces } = require('../network/link');
const { compileProgram } = require('../support/compile');
const { Remote, killRemotes } = require('../support/remote');

/** Source networks of tools/flood.c. */
const NETWORKS = [['-4', '10.0.0.0/8'], ['-6', '2001:db8::/32']];

let hosts = 0;

class Host {
  constructor() {
    this.name = `dgram-${process.pid}-host-${++hosts}`;
    process.once('exit', this.remove = () => this.end());
    Host.ip('netns', 'add', this.name);
    Host.ip('-n', this.name, 'link', 'set', 'lo', 'up');
    for (const [family, network] of NETWORKS) {
      Host.ip('-n', this.name, family, 'route', 'add', 'local', network,
        'dev', 'lo');
    }
  }

  static ip(...args) {
    execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  }

  get through() {
    return ['ip', 'netns', 'exec', this.name];
  }

  /** Runs a tool of tools/ in the namespace; resolves with its output. */
  attack(tool, ...args) {
    const program = compileProgram(path.join(__dirname, 'tools', `${tool}.c`));
    const [command, ...rest] = [...this.through, program, ...args.map(String)];
    const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (data) => { stdout += data; });
    child.stderr.on('data', (data) => { stderr += data; });
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => {
        if (code === 0) resolve(JSON.parse(stdout));
        else reject(new Error(`${tool} exited with ${code}: ${stderr}`));
      });
    });
  }

  /** Starts target.js in the namespace. */
  target(args, { execArgv = [], transport = 'linux' } = {}) {
    return new Remote(path.join(__dirname, 'target.js'), {
      args, execArgv: ['--expose-gc', ...execArgv], through: this.through,
      env: { DGRAM_NATIVE_TRANSPORT: transport },
    });
  }

  end() {
    process.removeListener('exit', this.remove);
    execFileSync('ip', ['netns', 'del', this.name],
      { stdio: ['ignore', 'ignore', 'ignore'] });
  }
}

/**
 * mocha hooks that give a suite such a host.
 * @returns {{host: Host}} filled in by before()
 */
function withHost() {
  const context = {};

  before('needs namespaces', demandNamespaces);

  before(() => { context.host = new Host(); });

  afterEach(killRemotes);

  after(() => context.host?.end());

  return context;
}

module.exports = { withHost };
