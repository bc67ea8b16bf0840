'use strict';

// Storms of ICMP errors, forged. A connected socket reports them, to one
// callback or one 'error' each, and goes on; an unconnected one never hears of
// them. No datagram is lost but by an error that was reported.

const assert = require('node:assert');

const { withHost } = require('./host');

/** Destination unreachable, parameter problem; some the kernel ignores. */
const CAUSES = {
  udp4: ['3:0', '3:1', '3:2', '3:3', '3:4', '3:13', '4:0', '11:0', '12:0',
    '3:255', '255:255'],
  udp6: ['1:0', '1:1', '1:3', '1:4', '2:0', '3:0', '4:0', '4:2', '127:0'],
};

/** What the kernel makes of these (icmp(7), and net/ipv4/icmp.c). */
const ERRORS = {
  udp4: ['ECONNREFUSED', 'ENOPROTOOPT', 'EHOSTUNREACH', 'ENETUNREACH',
    'EMSGSIZE', 'EPROTO', 'EOPNOTSUPP'],
  udp6: ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EMSGSIZE', 'EPROTO',
    'EACCES'],
};

const STORM = 50000;
const SENDS = 20000;

const total = (counts) =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

describe('ICMP errors', function() {
  this.timeout(120000);
  const context = withHost();

  /** Two sockets that send to each other while one of them is told lies. */
  async function storm({ type, transport, connected }) {
    const { host } = context;
    const liedTo = host.target({ type }, { transport });
    const peer = host.target({ type, implementation: 'builtin' });
    const [own, other] =
      [await liedTo.call('bind'), await peer.call('bind')];
    assert.strictEqual(own.transport, transport);
    if (connected) await liedTo.call('connect', { port: other.port });
    await peer.call('connect', { port: own.port });

    const lies = (n) => host.attack('icmp', '-l', own.port, '-r', other.port,
      '-n', n, ...type === 'udp6' ? ['-6'] : [], ...CAUSES[type]);
    const [outcomes, there] = await Promise.all([
      connected ? liedTo.call('send', { n: SENDS }) : { sent: 0 },
      peer.call('send', { n: SENDS }),
      lies(STORM),
    ]);
    // After the storm: errors that nobody has fetched yet come first.
    const calm = connected ?
      await liedTo.call('send', { n: 100, at: 1 }) :
      { sent: 0 };
    const { sent: more } = await peer.call('send', { n: 100, at: 1 });

    const heard = await liedTo.call('accounted', { n: there.sent + more });
    const received =
      await peer.call('accounted', { n: outcomes.sent + calm.sent });
    await Promise.all([liedTo.end(), peer.end()]);

    assert.strictEqual(there.sent, SENDS);
    assert.strictEqual(more, 100);
    assert.strictEqual(heard.received + heard.drops, SENDS + 100);
    assert.strictEqual(received.received + received.drops,
      outcomes.sent + calm.sent);
    const { sent, ...failed } = outcomes;
    return { sent, failed, calm, heard };
  }

  for (const type of ['udp4', 'udp6']) {
    for (const transport of ['linux', 'uv']) {
      it(`at a connected socket, ${type}, ${transport}`, async () => {
        const { sent, failed, calm, heard } =
          await storm({ type, transport, connected: true });
        assert.strictEqual(sent + total(failed), SENDS);
        assert.ok(calm.sent >= 99, JSON.stringify(calm));
        const codes = new Set([...Object.keys(failed),
          ...Object.keys(heard.errors).map((name) => name.split(' ')[1])]);
        assert.ok(codes.size > 1, 'the storm was not noticed');
        for (const code of codes) assert.ok(ERRORS[type].includes(code), code);
        assert.ok(total(failed) + total(heard.errors) <= STORM);
      });

      it(`at an unconnected socket, ${type}, ${transport}`, async () => {
        const { heard } = await storm({ type, transport, connected: false });
        assert.deepStrictEqual(heard.errors, {});
      });
    }
  }
});
