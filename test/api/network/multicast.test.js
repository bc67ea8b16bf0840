'use strict';

// Multicast: memberships, source-specific memberships, the interface, loopback
// and TTL of sends, and the errors of each method.

const assert = require('node:assert');
const os = require('node:os');
const {
  bound, isLinux, isSystemError, once, open, receive, receiveText, send,
  throwsCode, throwsSystemError,
} = require('../../support/dgram');

const GROUP = '239.255.77.1';
const GROUP6 = 'ff02::77:1';

const unsupported = !isLinux; // Loopback interfaces differ elsewhere.

const invalid = (name, received) => [TypeError, 'ERR_INVALID_ARG_TYPE',
  `The "${name}" argument must be of type string. Received ${received}`];

async function boundToAny(options = 'udp4', port = 0) {
  const socket = open(options);
  socket.bind(port);
  await once(socket, 'listening');
  return socket;
}

describe('socket.addMembership() and dropMembership()', () => {
  for (const method of ['addMembership', 'dropMembership']) {
    it(`${method}() requires a group`, async () => {
      for (const socket of [open('udp4'), await bound()]) {
        for (const group of [undefined, null, '', 0, false]) {
          throwsCode(() => socket[method](group), TypeError,
            'ERR_MISSING_ARGS',
            'The "multicastAddress" argument must be specified');
        }
      }
    });

    it(`${method}() throws the system error for its arguments`, async () => {
      const [four, six] = [await boundToAny(), await boundToAny('udp6')];
      const add = method === 'addMembership';
      for (const [args, ofFour, ofSix = ofFour] of [
        [['256.256.256.256'], 'EINVAL'],
        [['name'], 'EINVAL'],
        [['224'], 'EINVAL'],
        [[' 224.0.0.114'], 'EINVAL'],
        [['x'.repeat(300)], 'EINVAL'],
        [[5], 'EINVAL'],
        [[{}], 'EINVAL'],
        [[true], 'EINVAL'],
        [['10.0.0.1'], add ? 'EINVAL' : 'EADDRNOTAVAIL'],
        [['::1'], 'ENOPROTOOPT', 'EINVAL'],
        [[GROUP, 'lo'], 'EINVAL'],
        [[GROUP, ''], 'EINVAL'],
        [[GROUP, 5], 'EINVAL'],
        [[GROUP, 'x'.repeat(300)], 'EINVAL'],
        [[GROUP, '203.0.113.1'], add ? 'ENODEV' : 'EADDRNOTAVAIL'],
      ]) {
        throwsSystemError(() => four[method](...args), ofFour, method);
        throwsSystemError(() => six[method](...args), ofSix, method);
      }
    });
  }

  it('return undefined', async () => {
    const socket = await boundToAny();
    assert.strictEqual(socket.addMembership(GROUP, '127.0.0.1'), undefined);
    assert.strictEqual(socket.dropMembership(GROUP, '127.0.0.1'), undefined);
  });

  it('throw for a duplicate or a missing membership', async () => {
    const socket = await boundToAny();
    socket.addMembership(GROUP, '127.0.0.1');
    throwsSystemError(() => socket.addMembership(GROUP, '127.0.0.1'),
      'EADDRINUSE', 'addMembership');
    socket.dropMembership(GROUP, '127.0.0.1');
    throwsSystemError(() => socket.dropMembership(GROUP, '127.0.0.1'),
      'EADDRNOTAVAIL', 'dropMembership');
    socket.addMembership(GROUP, '127.0.0.1');
  });

  it('bind an unbound socket', async () => {
    const socket = open('udp4');
    throwsSystemError(() => socket.address(), 'EBADF', 'getsockname');
    socket.addMembership(GROUP, '127.0.0.1');
    assert.strictEqual(socket.address().address, '0.0.0.0');
  });

  (isLinux ? it : it.skip)('bind with SO_REUSEADDR',
    async () => {
      const socket = open('udp4');
      socket.addMembership(GROUP, '127.0.0.1');
      const { port } = socket.address();
      const other = await boundToAny({ type: 'udp4', reuseAddr: true }, port);
      assert.strictEqual(other.address().port, port);
      // It is bound already, but its state says otherwise.
      socket.bind(port);
      isSystemError((await once(socket, 'error'))[0],
        'EINVAL', 'bind', '0.0.0.0', port);
    });
});

(unsupported ? describe.skip : describe)('messages to an IPv4 group', () => {
  it('reach its member', async () => {
    const member = await boundToAny();
    member.addMembership(GROUP, '127.0.0.1');
    const { port } = member.address();
    const sender = await bound();
    sender.setMulticastInterface('127.0.0.1');
    sender.setMulticastLoopback(true);
    const messages = receive(member, 2);
    await send(sender, '1', port, GROUP);
    await send(sender, '2', port, GROUP);
    const [{ msg, rinfo }] = await messages;
    assert.strictEqual(String(msg), '1');
    assert.deepStrictEqual(rinfo, {
      address: '127.0.0.1',
      family: 'IPv4',
      port: sender.address().port,
      size: 1,
    });
  });

  it('reach every member', async () => {
    const members = [await boundToAny({ type: 'udp4', reuseAddr: true })];
    const { port } = members[0].address();
    for (let i = 0; i < 3; i++)
      members.push(await boundToAny({ type: 'udp4', reuseAddr: true }, port));
    for (const member of members)
      member.addMembership(GROUP, '127.0.0.1');
    const texts = members.map((member) => receiveText(member, 2));
    const sender = await bound();
    sender.setMulticastInterface('127.0.0.1');
    sender.send('1', port, GROUP);
    sender.send('2', port, GROUP);
    assert.deepStrictEqual(await Promise.all(texts),
      Array(4).fill(['1', '2']));
  });

  it('are not received after dropMembership()', async () => {
    const member = await boundToAny();
    member.addMembership(GROUP, '127.0.0.1');
    const { port } = member.address();
    const sender = await bound();
    sender.setMulticastInterface('127.0.0.1');
    const texts = receiveText(member, 2);
    await send(sender, '1', port, GROUP);
    member.dropMembership(GROUP, '127.0.0.1');
    await send(sender, 'missed', port, GROUP);
    await send(sender, '2', port, '127.0.0.1');
    assert.deepStrictEqual(await texts, ['1', '2']);
  });
});

// The loopback interface always loops back; this requires another one.
const ethernet = Object.values(os.networkInterfaces()).flat()
  .find(({ address, internal }) => !internal && /^\d+\./.test(address));

(unsupported || ethernet === undefined ? describe.skip : describe)(
  'setMulticastLoopback(false) (skipped without a network)', () => {
    let member;
    let sender;
    let port;

    beforeEach(async () => {
      member = await boundToAny();
      member.addMembership(GROUP, ethernet.address);
      ({ port } = member.address());
      sender = await boundToAny();
      sender.setMulticastInterface(ethernet.address);
      sender.setMulticastTTL(0);
    });

    it('suppresses messages to the own host', async () => {
      const texts = receiveText(member, 2);
      await send(sender, '1', port, GROUP);
      sender.setMulticastLoopback(false);
      await send(sender, 'suppressed', port, GROUP);
      sender.setMulticastLoopback(true);
      await send(sender, '2', port, GROUP);
      assert.deepStrictEqual(await texts, ['1', '2']);
    });

    it('connected: applies to later sends only', async () => {
      sender.connect(port, GROUP);
      await once(sender, 'connect');
      const texts = receiveText(member, 6);
      for (const text of ['1', '2', '3'])
        sender.send(text);
      sender.setMulticastLoopback(false);
      for (let i = 0; i < 3; i++)
        sender.send('suppressed');
      sender.setMulticastLoopback(true);
      for (const text of ['4', '5', '6'])
        sender.send(text);
      assert.deepStrictEqual(await texts, ['1', '2', '3', '4', '5', '6']);
    });

    it('unconnected: applies to all sends of its tick', async () => {
      const texts = receiveText(member, 2);
      await send(sender, '1', port, GROUP);
      sender.send('suppressed', port, GROUP);
      sender.send('suppressed', port, GROUP);
      sender.setMulticastLoopback(false);
      await send(sender, 'suppressed', port, GROUP);
      sender.setMulticastLoopback(true);
      await send(sender, '2', port, GROUP);
      assert.deepStrictEqual(await texts, ['1', '2']);
    });
  });

const six = Object.entries(os.networkInterfaces())
  .flatMap(([name, addresses]) => addresses
    .map((address) => ({ name, ...address })))
  .find(({ address, internal }) => !internal && address.startsWith('fe80:'));

(unsupported || six === undefined ? describe.skip : describe)(
  'messages to an IPv6 group (skipped without a link-local address)', () => {
    it('reach a member by IPv6', async () => {
      const member = await boundToAny('udp6');
      member.addMembership(GROUP6, `::%${six.name}`);
      const { port } = member.address();
      const sender = await boundToAny('udp6');
      sender.setMulticastInterface(`::%${six.name}`);
      sender.setMulticastLoopback(true);
      assert.strictEqual(sender.setMulticastTTL(1), 1);
      const messages = receive(member, 1);
      await send(sender, 'six', port, `${GROUP6}%${six.name}`);
      const [{ msg, rinfo }] = await messages;
      assert.strictEqual(String(msg), 'six');
      assert.strictEqual(rinfo.address, `${six.address}%${six.name}`);
      member.dropMembership(GROUP6, `::%${six.name}`);
      throwsSystemError(
        () => member.dropMembership(GROUP6, `::%${six.name}`),
        'EADDRNOTAVAIL', 'dropMembership');
    });
  });

describe('socket.setMulticastInterface()', () => {
  it('throws EBADF before the socket is bound', () => {
    throwsSystemError(() => open('udp4').setMulticastInterface('127.0.0.1'),
      'EBADF', 'setMulticastInterface');
  });

  it('rejects a value that is not a string', async () => {
    const socket = await bound();
    for (const [value, received] of [
      [undefined, 'undefined'], [null, 'null'], [5, 'type number (5)'],
      [{}, 'an instance of Object'],
    ]) {
      throwsCode(() => socket.setMulticastInterface(value),
        ...invalid('interfaceAddress', received));
    }
  });

  it('returns undefined', async () => {
    const socket = await bound();
    assert.strictEqual(socket.setMulticastInterface('127.0.0.1'), undefined);
    assert.strictEqual(socket.setMulticastInterface('0.0.0.0'), undefined);
  });

  (isLinux ? it : it.skip)('throws the system error', async () => {
    const [four, six] = [await bound(), await bound('udp6')];
    for (const [address, ofFour, ofSix = ofFour] of [
      ['', 'EINVAL'],
      ['name', 'EINVAL'],
      ['256.1.1.1', 'EINVAL'],
      ['127.0.0.1 ', 'EINVAL'],
      ['x'.repeat(300), 'EINVAL'],
      ['203.0.113.1', 'EADDRNOTAVAIL'],
      // After the % is an interface name, never an index. An unknown name means
      // the default interface.
      ['::', 'ENOPROTOOPT', null],
      ['::1', 'ENOPROTOOPT', null],
      ['::%1', 'ENOPROTOOPT', null],
      ['::%lo', 'ENOPROTOOPT', null],
      ['::%nonesuch', 'ENOPROTOOPT', null],
      ['fe80::1%9', 'ENOPROTOOPT', null],
    ]) {
      for (const [socket, code] of [[four, ofFour], [six, ofSix]]) {
        const set = () => socket.setMulticastInterface(address);
        if (code === null)
          assert.strictEqual(set(), undefined);
        else
          throwsSystemError(set, code, 'setMulticastInterface');
      }
    }
  });
});

describe('source-specific memberships', () => {
  const SSM = '232.1.77.1';

  for (const method of ['addSourceSpecificMembership',
    'dropSourceSpecificMembership']) {
    it(`${method}() rejects values that are not strings`, async () => {
      const socket = await bound();
      for (const [value, received] of [
        [undefined, 'undefined'], [null, 'null'], [5, 'type number (5)'],
      ]) {
        throwsCode(() => socket[method](value, SSM),
          ...invalid('sourceAddress', received));
        throwsCode(() => socket[method]('127.0.0.1', value),
          ...invalid('groupAddress', received));
      }
      throwsCode(() => socket[method](), ...invalid('sourceAddress',
        'undefined'));
    });

    it(`${method}() throws EINVAL for invalid addresses`, async () => {
      for (const socket of [await boundToAny(), await boundToAny('udp6')]) {
        for (const args of [
          ['name', SSM], ['127.0.0.1', 'name'], ['127.0.0.1', '10.0.0.1'],
          ['::1', SSM], ['127.0.0.1', SSM, 'name'], ['', ''],
          ['127.0.0.1', 'x'.repeat(300)],
        ])
          throwsSystemError(() => socket[method](...args), 'EINVAL', method);
      }
    });
  }

  (unsupported ? it.skip : it)('accept messages of one source', async () => {
    const member = await boundToAny();
    assert.strictEqual(
      member.addSourceSpecificMembership('127.0.0.1', SSM, '127.0.0.1'),
      undefined);
    throwsSystemError(
      () => member.addSourceSpecificMembership('127.0.0.1', SSM, '127.0.0.1'),
      'EADDRNOTAVAIL', 'addSourceSpecificMembership');
    const { port } = member.address();
    const allowed = await bound('udp4', 0, '127.0.0.1');
    const other = await bound('udp4', 0, '127.0.0.2');
    for (const sender of [allowed, other])
      sender.setMulticastInterface('127.0.0.1');
    const texts = receiveText(member, 2);
    await send(other, 'from another', port, SSM);
    await send(allowed, 'from the source', port, SSM);
    assert.strictEqual(
      member.dropSourceSpecificMembership('127.0.0.1', SSM, '127.0.0.1'),
      undefined);
    await send(allowed, 'too late', port, SSM);
    await send(allowed, 'directly', port, '127.0.0.1');
    assert.deepStrictEqual(await texts, ['from the source', 'directly']);
  });

  it('bind an unbound socket', () => {
    const socket = open('udp4');
    socket.addSourceSpecificMembership('127.0.0.1', SSM, '127.0.0.1');
    assert.strictEqual(socket.address().address, '0.0.0.0');
  });
});
