'use strict';

// The permission model, which restricts the network since Node 25.

const assert = require('node:assert');
const { inChild, isNative, nodeAtLeast } = require('../../support/dgram');

const DENIED = {
  message: 'bind ERR_ACCESS_DENIED Access to this API has been restricted. ' +
    'Use --allow-net to manage permissions.',
  code: 'ERR_ACCESS_DENIED',
  syscall: 'bind',
  keys: ['errno', 'code', 'syscall', 'address'],
};

async function reportsWith(flags, body) {
  const { code, reports, stderr } = await inChild(body, {
    execArgv: ['--permission', '--allow-fs-read=*', ...flags,
      ...(isNative ? ['--allow-addons'] : [])],
  });
  assert.strictEqual(code, 0, stderr);
  return reports;
}

(nodeAtLeast('25.0.0') ? describe : describe.skip)(
  'without --allow-net (since Node 25)', () => {
    for (const [text, body, ...more] of [
      ['bind', (dgram, report) => {
        const socket = dgram.createSocket('udp4');
        socket.on('error', (error) => {
          const { message, code, syscall } = error;
          report({ message, code, syscall, keys: Object.keys(error) });
          socket.close();
        });
        socket.bind(0, '127.0.0.1');
      }],
      ['connect', (dgram, report) => {
        const socket = dgram.createSocket('udp4');
        socket.on('error', (error) => {
          const { message, code, syscall } = error;
          report({ message, code, syscall, keys: Object.keys(error) });
          socket.close();
        });
        socket.connect(9, '127.0.0.1');
      }],
      ['send', (dgram, report) => {
        const socket = dgram.createSocket('udp4');
        socket.on('error', (error) => {
          const { message, code, syscall } = error;
          report({ message, code, syscall, keys: Object.keys(error) });
          socket.close();
        });
        // See queued-calls.test.js.
        socket.send('x', 9, '127.0.0.1', ({ code }) => report(code));
      }, ...isNative ? ['ERR_ACCESS_DENIED'] : []],
      ['bindSync', (dgram, report) => {
        const socket = dgram.createSocket('udp4');
        try {
          socket.bindSync();
        } catch (error) {
          const { message, code, syscall } = error;
          report({ message, code, syscall, keys: Object.keys(error) });
        }
      }],
      ['connectSync', (dgram, report) => {
        const socket = dgram.createSocket('udp4');
        try {
          socket.connectSync(9);
        } catch (error) {
          const { message, code, syscall } = error;
          report({ message, code, syscall, keys: Object.keys(error) });
        }
      }],
    ]) {
      it(`${text}() is denied`, async () => {
        assert.deepStrictEqual(await reportsWith([], body), [DENIED, ...more]);
      });
    }

    it('allows everything with --allow-net', async () => {
      assert.deepStrictEqual(await reportsWith(['--allow-net'],
        (dgram, report) => {
          const socket = dgram.createSocket('udp4');
          socket.on('message', (msg) => {
            report(String(msg));
            socket.close();
          });
          socket.bind(0, '127.0.0.1', () =>
            socket.send('allowed', socket.address().port, '127.0.0.1'));
        }), ['allowed']);
    });
  });

/**
 * Runs `body` after permission.drop('net'). Its sockets `bound`, `connected`
 * and `unbound` report their errors, and `receiver` its messages.
 */
async function afterDrop(body, flags = ['--allow-net']) {
  const text = `(dgram, report) => {
    const note = (what, { code, message, syscall, resource }) =>
      report([what, code, syscall ?? null, resource ?? null,
        message.includes('has been restricted')]);
    process.on('uncaughtException', (error) => note('uncaught', error));
    const make = () => dgram.createSocket('udp4')
      .on('error', (error) => note('event', error))
      .on('message', (msg) => report(String(msg)));
    const attempt = (what, body) => {
      try {
        body();
      } catch (error) {
        note(what, error);
      }
    };
    const [receiver, bound, connected, unbound] =
      Array.from({ length: 4 }, make);
    receiver.bind(0, '127.0.0.1', () => bound.bind(0, '127.0.0.1', () => {
      const { port } = receiver.address();
      connected.connect(port, '127.0.0.1', () => {
        connected.send('before');
        process.permission.drop('net');
        (${body})({ attempt, report, port, bound, connected, unbound, receiver,
          note, state: (socket) => socket[Object.getOwnPropertySymbols(socket)
            .find(({ description }) => description === 'state symbol')] });
        // Time for datagrams to arrive, which are reported.
        setTimeout(() => process.exit(0), 200);
      });
    }));
  }`;
  const reports = await reportsWith(flags, text);
  assert.ok(reports.includes('before'));
  return reports.filter((report) => report !== 'before');
}

const RAW = ['ERR_ACCESS_DENIED', null, '', true];

(nodeAtLeast('26.10.0') ? describe : describe.skip)(
  'after permission.drop(\'net\') (Node 26)', () => {
    it('send() of a connected socket throws', async () => {
      const reports = await afterDrop(({ attempt, connected, report }) => {
        attempt('send', () => connected.send('x', () => report('called')));
        attempt('send', () => connected.send('x'));
      });
      assert.deepStrictEqual(reports, [['send', ...RAW], ['send', ...RAW]]);
    });

    it('unconnected send() throws in the tick of its lookup', async () => {
      const reports = await afterDrop(({ attempt, bound, report, port }) => {
        attempt('send', () =>
          bound.send('x', port, '127.0.0.1', () => report('called')));
        attempt('send', () => bound.send('x', port));
      });
      assert.deepStrictEqual(reports,
        [['uncaught', ...RAW], ['uncaught', ...RAW]]);
    });

    it('connect() throws in the tick of its lookup', async () => {
      const reports = await afterDrop(({ attempt, bound, report, port }) => {
        attempt('connect', () =>
          bound.connect(port, '127.0.0.1', () => report('called')));
      });
      assert.deepStrictEqual(reports, [['uncaught', ...RAW]]);
    });

    it('connectSync() and bind() of a descriptor throw', async () => {
      assert.deepStrictEqual(await afterDrop(
        ({ attempt, bound, connected, unbound, port, state }) => {
          attempt('connectSync', () => bound.connectSync(port, '127.0.0.1'));
          const { fd } = state(connected).handle;
          attempt('bind fd', () => unbound.bind({ fd }));
        }), [['connectSync', ...RAW], ['bind fd', ...RAW]]);
    });

    it('bind() fails as without --allow-net', async () => {
      assert.deepStrictEqual(await afterDrop(({ attempt, unbound, port }) => {
        attempt('bindSync', () => unbound.bindSync());
        attempt('connectSync', () => unbound.connectSync(port));
        unbound.bind(0, '127.0.0.1');
      }), [
        ['bindSync', 'ERR_ACCESS_DENIED', 'bind', null, true],
        ['connectSync', 'ERR_ACCESS_DENIED', 'bind', null, true],
        ['event', 'ERR_ACCESS_DENIED', 'bind', null, true],
      ]);
    });

    it('options and memberships are allowed', async () => {
      assert.deepStrictEqual(await afterDrop(({ attempt, bound, report }) => {
        attempt('options', () => {
          bound.setTTL(5);
          bound.setBroadcast(true);
          bound.addMembership('224.0.0.114', '127.0.0.1');
          bound.dropMembership('224.0.0.114', '127.0.0.1');
        });
        attempt('disconnect', () => report(bound.address().address));
      }), ['127.0.0.1']);
    });

    (isNative ? it : it.skip)('sendMany() throws in every state',
      async () => {
        assert.deepStrictEqual(await afterDrop(
          ({ attempt, bound, connected, unbound, port, report }) => {
            const callback = () => report('called');
            attempt('sendMany', () =>
              bound.sendMany(['x', port, '127.0.0.1'], callback));
            attempt('sendMany', () => connected.sendMany(['x'], callback));
            attempt('sendMany', () =>
              unbound.sendMany(['x', port, '127.0.0.1'], callback));
          }), [['sendMany', ...RAW], ['sendMany', ...RAW],
          ['sendMany', 'ERR_ACCESS_DENIED', 'bind', null, true]]);
      });

    (isNative ? it : it.skip)('a socket cannot move, and stays', async () => {
      assert.deepStrictEqual(
        await afterDrop(({ attempt, bound, receiver, report }) => {
          const [{ binding }] = Object.values(
            require('node:dgram')[Symbol.for('dgram-native')].copies);
          attempt('detach', () => bound.detach({ process: true }));
          report(bound.address().address);
          const from = bound.detach();
          setTimeout(() => {
            const { open } = binding.stats();
            for (let i = 0; i < 3; i++)
              attempt('from', () => new receiver.constructor({ from }));
            setTimeout(() => report(binding.stats().open - open), 20);
          }, 20);
        }), [['detach', ...RAW], '127.0.0.1', ['from', ...RAW],
          ['from', ...RAW], ['from', ...RAW], 0]);
    });

    it('a replaced permission.has() grants nothing', async () => {
      assert.deepStrictEqual(await afterDrop(({ attempt, connected }) => {
        // eslint-disable-next-line n/no-unsupported-features/node-builtins
        process.permission.has = () => true;
        attempt('send', () => connected.send('x'));
      }), [['send', ...RAW]]);
    });
  });
