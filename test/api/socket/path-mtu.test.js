'use strict';

// setDontFragment(), getPathMTU(), and `mtu` of EMSGSIZE. What is on the wire:
// test/network/options.test.js.

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const {
  bound, close, connectedTo, describeNative, isLinux, open, packed, stateOf,
  throwsCode, throwsSystemError,
} = require('../../support/dgram');
const { readOptions } = require('../../support/sockopt');

const NOT_RUNNING = [Error, 'ERR_SOCKET_DGRAM_NOT_RUNNING', 'Not running'];

/** IP_PMTUDISC_DONT, _DO and _PROBE; those of IPv6 have the same values. */
const MODES = new Map([[false, 0], [true, 2], ['probe', 3]]);

const TOO_LONG = Buffer.alloc(65536);

const fdOf = (socket) => packed.binding().descriptor(stateOf(socket).handle);

const sent = (socket, ...args) =>
  new Promise((resolve) => socket.send(...args, resolve));

(isLinux ? describeNative : describe.skip)('setDontFragment()', () => {
  it('sets the mode of both families', async () => {
    const [four, six] = [await bound(), await bound('udp6')];
    for (const [mode, value] of MODES) {
      assert.strictEqual(four.setDontFragment(mode), four);
      assert.deepStrictEqual(readOptions(fdOf(four), 'IP_MTU_DISCOVER'),
        { IP_MTU_DISCOVER: value });
      assert.strictEqual(six.setDontFragment(mode), six);
      assert.deepStrictEqual(
        readOptions(fdOf(six), 'IP_MTU_DISCOVER', 'IPV6_MTU_DISCOVER'),
        { IP_MTU_DISCOVER: value, IPV6_MTU_DISCOVER: value });
    }
  });

  it('rejects other values', async () => {
    const socket = await bound();
    for (const [value, text] of [
      [undefined, 'undefined'], [null, 'null'], [1, '1'], ['true', "'true'"],
      ['Probe', "'Probe'"], [{}, '{}'],
    ]) {
      throwsCode(() => socket.setDontFragment(value), TypeError,
        'ERR_INVALID_ARG_VALUE', "The argument 'mode' must be one of: true, " +
        `false, 'probe'. Received ${text}`);
    }
  });

  it('throws on an unbound and on a closed socket', async () => {
    const socket = open('udp6');
    throwsSystemError(() => socket.setDontFragment(true), 'EBADF',
      'setDontFragment');
    await close(socket);
    throwsCode(() => socket.setDontFragment(true), ...NOT_RUNNING);
  });
});

(isLinux ? describeNative : describe.skip)('getPathMTU()', () => {
  const loopbackMtu = () =>
    Number(fs.readFileSync('/sys/class/net/lo/mtu', 'latin1'));

  it('returns the MTU of the path to the connected peer', async () => {
    // IPv4 limits its packets to 65,535 bytes.
    const expected = loopbackMtu();
    const four = await connectedTo(await bound());
    assert.strictEqual(four.getPathMTU(), Math.min(expected, 65535));
    const six = await connectedTo(await bound('udp6'));
    assert.strictEqual(six.getPathMTU(), expected);
    const mapped = open('udp6');
    mapped.bindSync();
    mapped.connectSync((await bound()).address().port, '::ffff:127.0.0.1');
    assert.strictEqual(mapped.getPathMTU(), Math.min(expected, 65535));
  });

  it('throws if the socket is not connected', async () => {
    const notConnected =
      [Error, 'ERR_SOCKET_DGRAM_NOT_CONNECTED', 'Not connected'];
    throwsCode(() => open('udp4').getPathMTU(), ...notConnected);
    const socket = await bound();
    throwsCode(() => socket.getPathMTU(), ...notConnected);
    socket.connectSync(socket.address().port);
    socket.disconnect();
    throwsCode(() => socket.getPathMTU(), ...notConnected);
    await close(socket);
    throwsCode(() => socket.getPathMTU(), ...NOT_RUNNING);
  });

  it('is `mtu` of EMSGSIZE on a connected socket', async () => {
    const peer = await bound();
    const socket = await connectedTo(peer);
    const mtu = socket.getPathMTU();
    const expected = {
      errno: -os.constants.errno.EMSGSIZE, code: 'EMSGSIZE', syscall: 'send',
    };
    assert.deepStrictEqual({ ...await sent(socket, TOO_LONG) },
      { ...expected, address: undefined, mtu });
    const [error, count] = await new Promise((resolve) => {
      socket.sendMany(['x', TOO_LONG], (...args) => resolve(args));
    });
    assert.deepStrictEqual([{ ...error }, count], [{ ...expected, mtu }, 1]);
  });

  it('is not known to the sends of an unconnected socket', async () => {
    const socket = await bound();
    const { port } = socket.address();
    const error = await sent(socket, TOO_LONG, port, '127.0.0.1');
    assert.strictEqual(error.code, 'EMSGSIZE');
    assert.ok(!('mtu' in error));
  });
});
