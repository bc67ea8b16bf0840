'use strict';

// Storms of forged ICMP errors. A connected socket reports each to one callback
// or one 'error' event, and continues; an unconnected one ignores them.
// Datagrams are lost only with a reported error. With the option icmpErrors,
// errors are events, sends do not fail, and timers and memory stay in bounds.

const assert = require('node:assert');

const { withHost } = require('./host');

/** Destination unreachable, parameter problem; the kernel ignores some. */
const CAUSES = {
  udp4: ['3:0', '3:1', '3:2', '3:3', '3:4', '3:13', '4:0', '11:0', '12:0',
    '3:255', '255:255'],
  udp6: ['1:0', '1:1', '1:3', '1:4', '2:0', '3:0', '4:0', '4:2', '127:0'],
};

/** The resulting errors (icmp(7), and net/ipv4/icmp.c). */
const ERRORS = {
  udp4: ['ECONNREFUSED', 'ENOPROTOOPT', 'EHOSTUNREACH', 'ENETUNREACH',
    'EMSGSIZE', 'EPROTO', 'EOPNOTSUPP'],
  udp6: ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EMSGSIZE', 'EPROTO',
    'EACCES'],
};

const STORM = 50000;
const SENDS = 20000;

/** Errors that no send has for a reason of its own. */
const FOREIGN = { udp4: ['3:2', '3:3', '12:0'], udp6: ['1:4', '4:0'] };

const MIB = 1 << 20;

const total = (counts) =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

describe('forged ICMP errors', function() {
  this.timeout(120000);
  const context = withHost();

  /** Two sockets send to each other while one receives forged errors. */
  async function storm({ type, transport, connected }) {
    const { host } = context;
    const attacked = host.target({ type }, { transport });
    const peer = host.target({ type, implementation: 'builtin' });
    const [own, other] =
      [await attacked.call('bind'), await peer.call('bind')];
    assert.strictEqual(own.transport, transport);
    if (connected) await attacked.call('connect', { port: other.port });
    await peer.call('connect', { port: own.port });

    const forge = (n) => host.attack('icmp', '-l', own.port, '-r', other.port,
      '-n', n, ...type === 'udp6' ? ['-6'] : [], ...CAUSES[type]);
    const [outcomes, there] = await Promise.all([
      connected ? attacked.call('send', { n: SENDS }) : { sent: 0 },
      peer.call('send', { n: SENDS }),
      forge(STORM),
    ]);
    // After the storm: pending errors are reported first.
    const calm = connected ?
      await attacked.call('send', { n: 100, at: 1 }) :
      { sent: 0 };
    const { sent: more } = await peer.call('send', { n: 100, at: 1 });

    const inbound = await attacked.call('accounted', { n: there.sent + more });
    const received =
      await peer.call('accounted', { n: outcomes.sent + calm.sent });
    await Promise.all([attacked.end(), peer.end()]);

    assert.strictEqual(there.sent, SENDS);
    assert.strictEqual(more, 100);
    assert.strictEqual(inbound.received + inbound.drops, SENDS + 100);
    assert.strictEqual(received.received + received.drops,
      outcomes.sent + calm.sent);
    const { sent, ...failed } = outcomes;
    return { sent, failed, calm, inbound };
  }

  for (const type of ['udp4', 'udp6']) {
    for (const connected of [true, false]) {
      for (const [name, causes] of [
        ['of all kinds', CAUSES], ['that sends cannot have', FOREIGN],
      ]) {
        it(`are events with icmpErrors, ${type}, ${
          connected ? 'connected' : 'unconnected'}, ${name}`, async () => {
          const { host } = context;
          const attacked =
            host.target({ type, options: { icmpErrors: true } });
          const peer = host.target({ type, implementation: 'builtin' });
          const [own, other] =
            [await attacked.call('bind'), await peer.call('bind')];
          if (connected) await attacked.call('connect', { port: other.port });
          await peer.call('connect', { port: own.port });
          const to = connected ? [] :
            [other.port, type === 'udp6' ? '::1' : '127.0.0.1'];
          const [outcomes, there] = await Promise.all([
            attacked.call('send', { n: SENDS, to }),
            peer.call('send', { n: SENDS }),
            host.attack('icmp', '-l', own.port, '-r', other.port, '-n', STORM,
              ...type === 'udp6' ? ['-6'] : [], ...causes[type]),
          ]);
          const calm = await attacked.call('send', { n: 100, at: 1, to });
          const inbound = await attacked.call('accounted', { n: there.sent });
          const received = await peer.call('accounted', { n: SENDS + 100 });
          await Promise.all([attacked.end(), peer.end()]);

          // An error that a datagram may have by itself can hit all attempts.
          const { sent, ...failed } = outcomes;
          assert.strictEqual(sent + total(failed), SENDS);
          assert.ok(total(failed) <= (causes === FOREIGN ? 0 : SENDS / 100),
            JSON.stringify(failed));
          assert.deepStrictEqual(calm, { sent: 100 });
          assert.strictEqual(received.received + received.drops, sent + 100);
          assert.strictEqual(inbound.received + inbound.drops, SENDS);
          assert.deepStrictEqual(inbound.errors, {});
          assert.ok(total(inbound.icmp) > 0 && total(inbound.icmp) <= STORM,
            JSON.stringify(inbound.icmp));
          for (const code of Object.keys(inbound.icmp))
            assert.ok(ERRORS[type].includes(code), code);
          assert.ok(inbound.longest < 500, `${inbound.longest} ms`);
          assert.ok(inbound.peak - own.rss < 150 * MIB,
            `${inbound.peak - own.rss} bytes`);
        });
      }
    }
  }

  for (const type of ['udp4', 'udp6']) {
    for (const transport of ['linux', 'uv']) {
      it(`are reported if connected, ${type}, ${transport}`, async () => {
        const { sent, failed, calm, inbound } =
          await storm({ type, transport, connected: true });
        assert.strictEqual(sent + total(failed), SENDS);
        assert.ok(calm.sent >= 99, JSON.stringify(calm));
        const codes = new Set([...Object.keys(failed),
          ...Object.keys(inbound.errors).map((name) => name.split(' ')[1])]);
        assert.ok(codes.size > 1, 'no error was reported');
        for (const code of codes) assert.ok(ERRORS[type].includes(code), code);
        assert.ok(total(failed) + total(inbound.errors) <= STORM);
      });

      it(`are ignored if unconnected, ${type}, ${transport}`, async () => {
        const { inbound } = await storm({ type, transport, connected: false });
        assert.deepStrictEqual(inbound.errors, {});
      });
    }
  }
});
