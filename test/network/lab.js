'use strict';

/**
 * Hosts and cables: network namespaces and veth pairs, isolated from the real
 * network. For topologies that link.js does not have. Requires root on Linux,
 * and ip(8).
 */

const { execFileSync, spawn } = require('node:child_process');
const { once } = require('node:events');

const { until } = require('../e2e/support/limited');

function run(command, ...args) {
  return execFileSync(command, args,
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** @returns {boolean} whether the program is installed */
function has(program) {
  try {
    run('sh', '-c', `command -v ${program}`);
    return true;
  } catch {
    return false;
  }
}

class Lab {
  static count = 0;

  constructor(...names) {
    const prefix = `dgram-${process.pid}-lab${++Lab.count}`;
    this.hosts = new Map(names.map((name) => [name, `${prefix}-${name}`]));
    this.children = new Set();
    process.once('exit', this.remove = () => this.end());
    for (const [name, host] of this.hosts) {
      run('ip', 'netns', 'add', host);
      this.ip(name, 'link', 'set', 'lo', 'up');
    }
  }

  ip(name, ...args) {
    return run('ip', '-n', this.hosts.get(name), ...args);
  }

  /** The command prefix that runs a command on a host. */
  on(name) {
    return ['ip', 'netns', 'exec', this.hosts.get(name)];
  }

  /**
   * Connects two interfaces.
   * @param {[string, string, ...string[]]} one host, interface and addresses
   *   with their prefix length
   * @param {[string, string, ...string[]]} other
   * @param {number} [mtu]
   */
  async cable(one, other, mtu = 1500) {
    const [a, b] = [one, other];
    this.ip(a[0], 'link', 'add', a[1], 'mtu', `${mtu}`, 'type', 'veth', 'peer',
      'name', b[1], 'mtu', `${mtu}`, 'netns', this.hosts.get(b[0]));
    for (const [host, device, ...addresses] of [a, b]) {
      for (const address of addresses) {
        this.ip(host, 'address', 'add', address, 'dev', device,
          ...address.includes(':') ? ['nodad'] : []);
      }
      this.ip(host, 'link', 'set', device, 'up');
    }
    await until(`${a[1]} up`, () => [a, b].every(([host, device]) =>
      JSON.parse(this.ip(host, '-j', 'link', 'show', device))[0].operstate ===
        'UP'));
  }

  /** Makes a host a router. */
  forward(name) {
    for (const setting of [
      'net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding',
    ]) {
      const [command, ...args] = this.on(name);
      run(command, ...args, 'sysctl', '-q', '-w', `${setting}=1`);
    }
  }

  /** Starts a program on a host; `output` grows with its standard output. */
  start(name, program, ...args) {
    const [command, ...rest] = [...this.on(name), program, ...args];
    const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.children.add(child);
    child.output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8')
        .on('data', (text) => { child.output += text; });
    }
    return child;
  }

  /** tcpdump(8) on an interface; resolves when it captures. */
  async capture(name, device, filter = 'udp') {
    const child = this.start(name, 'tcpdump', '-i', device, '-n', '-v', '-l',
      '--immediate-mode', '-Z', 'root', filter);
    await until(() => `tcpdump: ${child.output}`,
      () => child.output.includes('listening on'));
    child.output = '';
    return child;
  }

  /** A Python program on a host, which prints a line when it is ready. */
  async python(name, program, ...args) {
    const child = this.start(name, 'python3', '-u', '-c', program, ...args);
    await until(() => `python: ${child.output}`,
      () => child.output.includes('ready\n'));
    child.output = '';
    return child;
  }

  async stop(child) {
    if (!this.children.delete(child)) return;
    const exited = child.exitCode !== null || once(child, 'close');
    child.kill('SIGKILL');
    await exited;
  }

  async stopAll() {
    for (const child of [...this.children]) await this.stop(child);
  }

  end() {
    process.removeListener('exit', this.remove);
    for (const child of this.children) child.kill('SIGKILL');
    for (const host of this.hosts.values()) {
      try {
        run('ip', 'netns', 'del', host);
      } catch {
        // It was never created.
      }
    }
    this.hosts.clear();
  }
}

module.exports = { Lab, has, run };
