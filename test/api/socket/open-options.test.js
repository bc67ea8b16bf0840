'use strict';

// Options of createSocket() that are set before bind(2): device, multicastAll,
// freebind, transparent, priority, mark.

const assert = require('node:assert');
const cluster = require('node:cluster');
const os = require('node:os');
const {
  bound, connectedTo, describeNative, freePort, isLinux, once, open, packed,
  receiveText, reportsOf, stateOf, throwsCode, thrownBy,
} = require('../../support/dgram');
const { until } = require('../../e2e/support/limited');
const { descriptors } = require('../../support/kernel');
const { readOptions } = require('../../support/sockopt');

const isRoot = isLinux && process.getuid() === 0;
const itRoot = isRoot ? it : it.skip;

/** A name that no interface can have: it is too long. */
const NO_DEVICE = 'x'.repeat(16);

const fdOf = (socket) => packed.binding().descriptor(stateOf(socket).handle);

/** Checks the error of an option that the kernel refuses. */
function isOptionError(error, code, option) {
  assert.strictEqual(error.message, `setsockopt ${code}`);
  assert.deepStrictEqual({ ...error }, {
    errno: -os.constants.errno[code], code, syscall: 'setsockopt', option,
  });
}

(isLinux ? describeNative : describe.skip)('options before bind', () => {
  describe('createSocket()', () => {
    const invalid = (name, type, received) => [TypeError,
      'ERR_INVALID_ARG_TYPE', `The "options.${name}" property must be of ` +
      `type ${type}. Received ${received}`];
    const range = (name, wanted, received) => [RangeError, 'ERR_OUT_OF_RANGE',
      `The value of "options.${name}" is out of range. It must be ${wanted}. ` +
      `Received ${received}`];

    for (const [name, type, values] of [
      ['device', 'string', [[null, 'null'], [2, 'type number (2)']]],
      ...['multicastAll', 'freebind', 'transparent', 'icmpErrors'].map((name) =>
        [name, 'boolean', [[null, 'null'], [1, 'type number (1)'],
          ['yes', "type string ('yes')"]]]),
      ...['priority', 'mark'].map((name) =>
        [name, 'number', [[null, 'null'], ['1', "type string ('1')"],
          [true, 'type boolean (true)']]]),
    ]) {
      it(`checks the type of ${name}`, () => {
        assert.ok(open({ type: 'udp4', [name]: undefined }));
        for (const [value, received] of values) {
          throwsCode(() => open({ type: 'udp4', [name]: value }),
            ...invalid(name, type, received));
        }
      });
    }

    it('checks the value of device', () => {
      for (const value of ['', 'lo\0']) {
        const error = thrownBy(() => open({ type: 'udp4', device: value }));
        assert.strictEqual(error.code, 'ERR_INVALID_ARG_VALUE');
        assert.match(error.message,
          /^The property 'options\.device' must be the name of a network inte/);
      }
    });

    it('checks the range of priority and mark', () => {
      for (const name of ['priority', 'mark']) {
        for (const [value, ...expected] of [
          [1.5, 'an integer', '1.5'], [NaN, 'an integer', 'NaN'],
          [-1, '>= 0 && <= 4294967295', '-1'],
          [2 ** 32, '>= 0 && <= 4294967295', '4294967296'],
        ]) {
          throwsCode(() => open({ type: 'udp4', [name]: value }),
            ...range(name, ...expected));
        }
      }
    });
  });

  describe('the descriptor', () => {
    for (const type of ['udp4', 'udp6']) {
      it(`has them before bind(), ${type}`, async () => {
        const socket = open({
          type, device: 'lo', multicastAll: false, freebind: true, priority: 5,
        });
        const six = type === 'udp6' ? ['IPV6_MULTICAST_ALL'] : [];
        socket.bindSync({ address: type === 'udp4' ? '127.0.0.1' : '::1' });
        assert.deepStrictEqual(
          readOptions(fdOf(socket), 'SO_BINDTODEVICE', 'IP_MULTICAST_ALL',
            'IP_FREEBIND', 'SO_PRIORITY', 'SO_REUSEADDR', ...six),
          {
            SO_BINDTODEVICE: 'lo', IP_MULTICAST_ALL: 0, IP_FREEBIND: 1,
            SO_PRIORITY: 5, SO_REUSEADDR: 0,
            ...type === 'udp6' && { IPV6_MULTICAST_ALL: 0 },
          });
      });

      itRoot(`has those of root, ${type}`, async () => {
        const socket = open({
          type, transparent: true, mark: 0xfffffffe, priority: 0x10001,
        });
        socket.bindSync();
        assert.deepStrictEqual(
          readOptions(fdOf(socket), 'IP_TRANSPARENT', 'SO_MARK',
            'SO_PRIORITY'),
          { IP_TRANSPARENT: 1, SO_MARK: -2, SO_PRIORITY: 0x10001 });
      });
    }

    it('keeps what was not asked for', async () => {
      const socket = await bound({ type: 'udp4', priority: 2 });
      assert.deepStrictEqual(
        readOptions(fdOf(socket), 'SO_BINDTODEVICE', 'IP_MULTICAST_ALL',
          'IP_FREEBIND', 'SO_PRIORITY'),
        {
          SO_BINDTODEVICE: '', IP_MULTICAST_ALL: 1, IP_FREEBIND: 0,
          SO_PRIORITY: 2,
        });
    });

    it('has them when it is created by another method', async () => {
      const peer = await bound();
      const options = { type: 'udp4', priority: 4 };
      const sender = open(options);
      const texts = receiveText(peer, 1);
      sender.send('x', peer.address().port, '127.0.0.1');
      assert.deepStrictEqual(await texts, ['x']);
      const many = open(options);
      many.sendMany(['x', peer.address().port, '127.0.0.1']);
      const connected = await connectedTo(peer, options);
      const member = open(options);
      member.addMembership('239.255.77.4', '127.0.0.1');
      const other = open(options);
      other.addMembership('239.255.77.4', { interface: 'lo' });
      const specific = open(options);
      specific.addSourceSpecificMembership('127.0.0.1', '232.1.77.4',
        '127.0.0.1');
      for (const socket of [sender, many, connected, member, other, specific]) {
        assert.deepStrictEqual(readOptions(fdOf(socket), 'SO_PRIORITY'),
          { SO_PRIORITY: 4 });
        assert.strictEqual(socket.address().family, 'IPv4');
      }
    });

    it('works with the options of Node', async () => {
      const options = { type: 'udp4', freebind: true };
      const first = await bound({ ...options, reuseAddr: true });
      const { port } = first.address();
      const again = await bound({ ...options, reuseAddr: true }, port);
      assert.strictEqual(again.address().port, port);
      const names = ['SO_REUSEADDR', 'SO_REUSEPORT', 'IP_FREEBIND'];
      assert.deepStrictEqual(readOptions(fdOf(first), ...names),
        { SO_REUSEADDR: 1, SO_REUSEPORT: 0, IP_FREEBIND: 1 });
      const group = await bound({ ...options, reusePort: true });
      assert.deepStrictEqual(readOptions(fdOf(group), ...names),
        { SO_REUSEADDR: 0, SO_REUSEPORT: 1, IP_FREEBIND: 1 });
      const only = open({ type: 'udp6', ipv6Only: true, freebind: true });
      only.bindSync({ port });
      assert.strictEqual(only.address().port, port);
    });

    it('of bind({ fd }) gets them, too', async () => {
      const owner = await bound();
      const socket = open({ type: 'udp4', priority: 6 });
      socket.bind({ fd: stateOf(owner).handle.share() });
      assert.deepStrictEqual(readOptions(fdOf(owner), 'SO_PRIORITY'),
        { SO_PRIORITY: 6 });
    });
  });

  describe('an option that the kernel refuses', () => {
    const refused = { type: 'udp4', device: NO_DEVICE };

    it("is the 'error' of bind(), which can be repeated", async () => {
      const socket = open(refused);
      for (let i = 0; i < 2; i++) {
        socket.bind(0);
        isOptionError((await once(socket, 'error'))[0], 'ENODEV', 'device');
      }
    });

    it('is thrown by bindSync() and sendMany()', () => {
      const socket = open(refused);
      isOptionError(thrownBy(() => socket.bindSync()), 'ENODEV', 'device');
      isOptionError(thrownBy(() => socket.sendMany(['x', 9, '127.0.0.1'])),
        'ENODEV', 'device');
      isOptionError(thrownBy(() => socket.connectSync(9)), 'ENODEV', 'device');
    });

    it('is thrown by bind({ fd }), which does not take it', async () => {
      const owner = await bound();
      const fd = stateOf(owner).handle.share();
      const socket = open(refused);
      isOptionError(thrownBy(() => socket.bind({ fd })), 'ENODEV', 'device');
      const other = open('udp4');
      other.bind({ fd });
      assert.deepStrictEqual(other.address(), owner.address());
    });

    it('is thrown by the methods of memberships', () => {
      for (const add of [
        (socket) => socket.addMembership('239.255.77.4'),
        (socket) => socket.addMembership('239.255.77.4', { interface: 'lo' }),
        (socket) => socket.addSourceSpecificMembership('127.0.0.1',
          '232.1.77.4'),
      ]) {
        isOptionError(thrownBy(() => add(open(refused))), 'ENODEV', 'device');
      }
    });

    it('reaches the callback of send() and connect()', async () => {
      for (const act of [
        (socket, callback) => socket.send('x', 9, '127.0.0.1', callback),
        (socket, callback) => socket.connect(9, '127.0.0.1', callback),
      ]) {
        const socket = open(refused);
        socket.on('error', () => {});
        const error = await new Promise((resolve) => act(socket, resolve));
        isOptionError(error, 'ENODEV', 'device');
      }
    });

    it('leaves no descriptor open', async () => {
      const socket = open(refused);
      const before = descriptors();
      for (let i = 0; i < 20; i++) thrownBy(() => socket.bindSync());
      await until(() => `${descriptors()} descriptors, ${before} before`,
        () => descriptors() <= before);
    });

    it('does not hide the error of bind()', async () => {
      const other = await bound();
      const socket = open({ type: 'udp4', priority: 1 });
      const { port } = other.address();
      socket.bind(port, '127.0.0.1');
      const [error] = await once(socket, 'error');
      assert.strictEqual(error.message, `bind EADDRINUSE 127.0.0.1:${port}`);
      assert.ok(!('option' in error));
    });

    itRoot('is EPERM without the privilege', async () => {
      const errors = await reportsOf((dgram, report) => {
        process.setgid(65534);
        process.setuid(65534);
        for (const options of [{ mark: 1 }, { transparent: true },
          { priority: 7 }]) {
          try {
            dgram.createSocket({ type: 'udp4', ...options }).bindSync();
            report('bound');
          } catch ({ message, option }) {
            report([message, option]);
          }
        }
        const socket = dgram.createSocket({ type: 'udp4', priority: 6 });
        report(socket.bindSync().family);
        socket.close();
      });
      assert.deepStrictEqual(errors, [
        ['setsockopt EPERM', 'mark'], ['setsockopt EPERM', 'transparent'],
        ['setsockopt EPERM', 'priority'], 'IPv4',
      ]);
    });
  });

  it('make the worker of a cluster bind by itself', async () => {
    assert.ok(cluster.isPrimary);
    const port = await freePort();
    const reports = await reportsOf((dgram, report, at) => {
      const inner = require('node:cluster');
      if (inner.isPrimary) {
        const first = inner.fork();
        // It keeps the port until the second worker has tried.
        first.once('message', () => {
          inner.fork().once('exit', () => first.kill());
        });
        return;
      }
      const socket = dgram.createSocket({ type: 'udp4', priority: 3 });
      socket.on('error', ({ message }) => {
        report(message);
        process.exit();
      });
      socket.bind(at, '127.0.0.1', () => {
        report('bound');
        process.send('bound');
      });
    }, { args: [port] });
    assert.deepStrictEqual(reports,
      ['bound', `bind EADDRINUSE 127.0.0.1:${port}`]);
  });
  it('leaves a built-in handle open if an option fails', async () => {
    const builtin = require('node:dgram').createSocket('udp4');
    builtin.bind(0, '127.0.0.1');
    await once(builtin, 'listening');
    const { handle } = stateOf(builtin);
    const socket = open({ type: 'udp4', device: NO_DEVICE });
    const failed = once(socket, 'error');
    socket.bind(handle);
    const [error] = await failed;
    assert.strictEqual(error.code, 'ENODEV');
    assert.ok(handle.fd > 0);
    socket.close();
    builtin.close();
  });
});
