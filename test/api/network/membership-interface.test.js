'use strict';

// Memberships by interface: { interface: name or index }, and '*'. Hosts with
// several interfaces: test/network/memberships.test.js.

const assert = require('node:assert');
const os = require('node:os');
const {
  bound, close, describeNative, dgram, isLinux, open, receiveText, send,
  thrownBy, throwsCode, throwsSystemError,
} = require('../../support/dgram');

const GROUP = '239.255.78.1';
const SSM = '232.1.78.1';
const AT = '127.0.0.1';
/** The index of the loopback interface, in every network namespace. */
const LO = 1;

const METHODS = {
  addMembership: [GROUP],
  dropMembership: [GROUP],
  addSourceSpecificMembership: [AT, SSM],
  dropSourceSpecificMembership: [AT, SSM],
};

const toAny = (type = 'udp4') =>
  bound(type, 0, type === 'udp4' ? '0.0.0.0' : '::');

(isLinux ? describeNative : describe.skip)('memberships by interface', () => {
  for (const [method, args] of Object.entries(METHODS)) {
    const isAdd = method.startsWith('add');

    it(`${method}() checks the interface`, async () => {
      const socket = await toAny();
      const type = (received) => [TypeError, 'ERR_INVALID_ARG_TYPE',
        'The "options.interface" property must be one of type string or ' +
        `number. Received ${received}`];
      const range = (wanted, received) => [RangeError, 'ERR_OUT_OF_RANGE',
        'The value of "options.interface" is out of range. It must be ' +
        `${wanted}. Received ${received}`];
      for (const [value, expected] of [
        [null, type('null')], [true, type('type boolean (true)')],
        [[1], type('an instance of Array')],
        [1.5, range('an integer', '1.5')],
        [0, range('>= 1 && <= 2147483647', '0')],
        [-1, range('>= 1 && <= 2147483647', '-1')],
        [2 ** 31, range('>= 1 && <= 2147483647', '2147483648')],
      ]) {
        throwsCode(() => socket[method](...args, { interface: value }),
          ...expected);
      }
    });

    it(`${method}() throws the system error`, async () => {
      const socket = await toAny();
      const index = args.length - 1;
      for (const [group, where, code] of [
        ['name', 'lo', 'EINVAL'], ['', 'lo', 'EINVAL'],
        ['10.0.0.1', 'lo', isAdd ? 'EINVAL' : 'EADDRNOTAVAIL'],
        [undefined, 'nonesuch', 'ENODEV'], [undefined, '', 'ENODEV'],
        [undefined, 'lo\0', 'EINVAL'], [undefined, 'x'.repeat(300), 'EINVAL'],
        [undefined, 2147483647, isAdd ? 'ENODEV' : 'EADDRNOTAVAIL'],
        [undefined, AT, 'ENODEV'], // an address is no name
      ]) {
        const list = [...args];
        if (group !== undefined) list[index] = group;
        if (group === '' && index === 0) continue; // ERR_MISSING_ARGS
        const error = thrownBy(() =>
          socket[method](...list, { interface: where }));
        // The kernel checks source-specific ones in another order.
        const accepted = [`${method} ${code}`];
        if (index === 1 && group === '10.0.0.1') {
          accepted.push(`${method} EINVAL`);
        }
        if (!isAdd) accepted.push(`${method} ENODEV`, `${method} EINVAL`);
        assert.ok(accepted.includes(error.message),
          `${list}, ${where}: ${error.message}`);
      }
    });

    it(`${method}() throws on a closed socket`, async () => {
      const socket = await bound();
      await close(socket);
      for (const where of ['*', { interface: 'lo' }]) {
        throwsCode(() => socket[method](...args, where), Error,
          'ERR_SOCKET_DGRAM_NOT_RUNNING', 'Not running');
      }
    });

    it(`${method}() fails if the conversion closes the socket`, async () => {
      for (const options of ['udp4', { type: 'udp4', priority: 1 }]) {
        for (const make of [
          (socket) => ({ get interface() { socket.close(); return 'lo'; } }),
          (socket) => ({ get interface() { return void socket.close(); } }),
          (socket) => ({ toString() { socket.close(); return AT; } }),
        ]) {
          const socket = await bound(options);
          throwsSystemError(() => socket[method](...args, make(socket)),
            'EBADF', method);
        }
      }
    });

    it(`${method}() converts other objects, as Node does`, async () => {
      const socket = await toAny();
      for (const where of [{}, { name: 'lo' }, [], { interface: undefined }]) {
        throwsSystemError(() => socket[method](...args, where), 'EINVAL',
          method);
      }
      if (!isAdd) return;
      socket[method](...args, { toString: () => AT });
      socket[method.replace('add', 'drop')](...args, { interface: LO });
    });
  }

  for (const [kind, where] of [['name', 'lo'], ['index', LO]]) {
    it(`join and leave by ${kind}`, async () => {
      const member = await toAny();
      const { port } = member.address();
      const sender = await bound();
      sender.setMulticastInterface(AT);
      const texts = receiveText(member, 2);
      assert.strictEqual(member.addMembership(GROUP, { interface: where }),
        undefined);
      throwsSystemError(
        () => member.addMembership(GROUP, { interface: where }), 'EADDRINUSE',
        'addMembership');
      await send(sender, '1', port, GROUP);
      assert.strictEqual(member.dropMembership(GROUP, { interface: where }),
        undefined);
      throwsSystemError(
        () => member.dropMembership(GROUP, { interface: where }),
        'EADDRNOTAVAIL', 'dropMembership');
      await send(sender, 'missed', port, GROUP);
      await send(sender, '2', port, AT);
      assert.deepStrictEqual(await texts, ['1', '2']);
    });

    it(`join for one source by ${kind}`, async () => {
      const member = await toAny();
      const { port } = member.address();
      const sender = await bound();
      const other = await bound('udp4', 0, '127.0.0.2');
      const texts = receiveText(member, 2);
      member.addSourceSpecificMembership(AT, SSM, { interface: where });
      for (const socket of [other, sender]) {
        socket.setMulticastInterface(AT);
        await send(socket, socket.address().address, port, SSM);
      }
      member.dropSourceSpecificMembership(AT, SSM, { interface: where });
      await send(sender, 'missed', port, SSM);
      await send(sender, '2', port, AT);
      assert.deepStrictEqual(await texts, [AT, '2']);
    });
  }

  it('are the same as those by address', async () => {
    const member = await toAny();
    member.addMembership(GROUP, AT);
    throwsSystemError(() => member.addMembership(GROUP, { interface: 'lo' }),
      'EADDRINUSE', 'addMembership');
    member.dropMembership(GROUP, { interface: LO });
    member.addMembership(GROUP, { interface: LO });
    member.dropMembership(GROUP, AT);
  });

  it('of an IPv6 group, and of an IPv4 group on a udp6 socket', async () => {
    const member = await toAny('udp6');
    for (const group of ['ff02::78:1', GROUP]) {
      member.addMembership(group, { interface: 'lo' });
      throwsSystemError(() => member.addMembership(group, { interface: LO }),
        'EADDRINUSE', 'addMembership');
      member.dropMembership(group, { interface: LO });
    }
    throwsSystemError(() => member.addSourceSpecificMembership('::1', SSM,
      { interface: LO }), 'EINVAL', 'addSourceSpecificMembership');
    const four = await toAny();
    throwsSystemError(() => four.addMembership('ff02::78:1',
      { interface: LO }), 'ENOPROTOOPT', 'addMembership');
  });

  it('bind an unbound socket', () => {
    for (const [type, group, any] of [
      ['udp4', GROUP, '0.0.0.0'], ['udp6', 'ff02::78:1', '::'],
    ]) {
      const socket = open(type);
      socket.addMembership(group, { interface: 'lo' });
      assert.strictEqual(socket.address().address, any);
    }
  });

  it('bind an unbound socket to its own family', () => {
    const six = open('udp6');
    six.addMembership(GROUP, { interface: 'lo' });
    six.addMembership('ff02::78:1', { interface: 'lo' });
    const { address, family } = six.address();
    assert.deepStrictEqual([address, family], ['::', 'IPv6']);

    const four = open('udp4');
    throwsSystemError(() => four.addMembership('ff02::78:1',
      { interface: 'lo' }), 'ENOPROTOOPT', 'addMembership');
    four.addMembership(GROUP, { interface: 'lo' });
    assert.strictEqual(four.address().family, 'IPv4');
  });

  it("'*' without such an interface is ENODEV", async function() {
    const outside = Object.keys(os.networkInterfaces())
      .filter((name) => name !== 'lo');
    if (outside.length > 0) this.skip();
    const socket = await toAny();
    throwsSystemError(() => socket.addMembership(GROUP, '*'), 'ENODEV',
      'addMembership');
  });

  it("dropMembership(group, '*') of a group that was not joined", async () => {
    const socket = await toAny();
    throwsSystemError(() => socket.dropMembership(GROUP, '*'),
      'EADDRNOTAVAIL', 'dropMembership');
  });

  it('are a feature', () => {
    assert.strictEqual(dgram.features.membershipInterface, true);
  });
});
