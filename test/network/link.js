'use strict';

/**
 * Two hosts with a cable between them: network namespaces and a veth pair,
 * isolated from the real network. Requires root on Linux, and ip(8).
 */

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');

const TUN = '/dev/net/tun';

/** Time limit for a link to come up, in milliseconds. */
const PATIENCE = 20000;

const ADDRESSES = {
  udp4: ['192.0.2.1', '192.0.2.2'], // TEST-NET-1 (RFC 5737)
  udp6: ['2001:db8::1', '2001:db8::2'], // RFC 3849
};

function ip(...args) {
  return execFileSync('ip', args,
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** The reason why a link cannot be created, or null. */
function obstacle() {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid() !== 0) return 'needs root';
  const probe = `dgram-${process.pid}-probe`;
  try {
    ip('netns', 'add', probe);
    ip('netns', 'del', probe);
    return null;
  } catch ({ code, message }) {
    return code === 'ENOENT' ? 'needs ip(8)' : message;
  }
}

/** The reason why a tun device cannot be created, or null. */
function tunObstacle() {
  return fs.existsSync(TUN) ? null : `needs ${TUN}, see tun(4)`;
}

/**
 * A mocha before() for a suite with requirements: skips the suite if they are
 * not met, and fails in CI.
 */
const demand = (what, reasonAgainst) => function() {
  const reason = reasonAgainst();
  if (reason === null) return;
  if (process.env.CI === 'true') throw new Error(`no ${what}: ${reason}`);
  console.log(`    no ${what}: ${reason}`);
  this.skip();
};

const demandNamespaces = demand('namespaces', obstacle);
const demandTun = demand('tun devices', tunObstacle);

/**
 * Waits until both ends of a cable have a carrier. The kernel's link watch
 * updates an end that was up first asynchronously, and drops packets until
 * then.
 */
function waitUntilUp(hosts) {
  const deadline = Date.now() + PATIENCE;
  const stateOf = (host) =>
    JSON.parse(ip('-n', host, '-j', 'link', 'show', 'v0'))[0].operstate;
  for (;;) {
    const states = hosts.map(stateOf);
    if (states.every((state) => state === 'UP')) return;
    if (Date.now() > deadline)
      throw new Error(`timed out waiting for the link: ${states}`);
  }
}

class Link {
  static count = 0;

  constructor(mtu = 1500) {
    const name = `dgram-${process.pid}-${++Link.count}`;
    this.hosts = [`${name}-a`, `${name}-b`];
    process.once('exit', this.remove = () => this.end());
    for (const host of this.hosts) ip('netns', 'add', host);
    const [a, b] = this.hosts;
    ip('-n', a, 'link', 'add', 'v0', 'mtu', `${mtu}`, 'type', 'veth',
       'peer', 'name', 'v0', 'mtu', `${mtu}`, 'netns', b);
    this.hosts.forEach((host, i) => {
      ip('-n', host, 'address', 'add', `${ADDRESSES.udp4[i]}/24`, 'dev', 'v0');
      ip('-n', host, 'address', 'add', `${ADDRESSES.udp6[i]}/64`, 'dev', 'v0',
         'nodad');
      ip('-n', host, 'link', 'set', 'lo', 'up');
      ip('-n', host, 'link', 'set', 'v0', 'up');
    });
    waitUntilUp(this.hosts);
  }

  /** The command prefix that runs a command on host 0 or 1. */
  on(index) {
    return ['ip', 'netns', 'exec', this.hosts[index]];
  }

  setMtu(mtu) {
    for (const host of this.hosts)
      ip('-n', host, 'link', 'set', 'v0', 'mtu', `${mtu}`);
  }

  /** Sets a host's end of the cable up or down. */
  setUp(index, up, type) {
    ip('-n', this.hosts[index], 'link', 'set', 'v0', up ? 'up' : 'down');
    // An interface that goes down loses its IPv6 addresses.
    if (up && type === 'udp6') this.setAddress(index, type, true);
    if (up) waitUntilUp(this.hosts);
  }

  setAddress(index, type, present) {
    const [address, length, ...more] = type === 'udp6' ?
      [ADDRESSES.udp6[index], 64, ...present ? ['nodad'] : []] :
      [ADDRESSES.udp4[index], 24];
    ip('-n', this.hosts[index], 'address', present ? 'replace' : 'del',
       `${address}/${length}`, 'dev', 'v0', ...more);
  }

  /** Sets the MTU of the route to one address; the links keep theirs. */
  setRouteMtu(type, mtu) {
    // The metric of the route that the kernel adds for an IPv6 address.
    const [family, ...route] = type === 'udp6' ?
      ['-6', '2001:db8::/64', 'metric', '256'] :
      ['-4', '192.0.2.0/24'];
    ip('-n', this.hosts[0], family, 'route', 'replace', ...route,
       'dev', 'v0', 'mtu', `${mtu}`);
  }

  /** Disables GSO of the device: the kernel splits segment groups itself. */
  disableGso() {
    for (const host of this.hosts)
      ip('-n', host, 'link', 'set', 'v0', 'gso_max_segs', '1');
  }

  /**
   * Limits the traffic from host 0 to this rate. A packet that would wait
   * longer than `latency` is dropped without an error.
   */
  slowDown(rate, latency = '30s') {
    execFileSync('tc', ['-n', this.hosts[0], 'qdisc', 'replace', 'dev', 'v0',
      'root', 'tbf', 'rate', rate, 'burst', '64kb', 'latency', latency],
    { stdio: ['ignore', 'ignore', 'pipe'] });
  }

  /** Packets received by host 1. */
  packets() {
    const [{ stats64 }] =
      JSON.parse(ip('-n', this.hosts[1], '-s', '-j', 'link', 'show', 'v0'));
    return stats64.rx.packets;
  }

  end() {
    process.removeListener('exit', this.remove);
    for (const host of this.hosts.splice(0)) {
      try {
        ip('netns', 'del', host);
      } catch {
        // It was never created.
      }
    }
  }
}

module.exports = {
  ADDRESSES, Link, demandNamespaces, demandTun, obstacle,
};
