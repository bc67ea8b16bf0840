'use strict';

// Settings of single datagrams, as a peer that is not ours reads them:
// send(msg, { port, address, localAddress, interface, tos, ttl }).

const assert = require('node:assert');
const net = require('node:net');

const { HeaderPeer } = require('../../support/header-peer');
const {
  bound, connectedTo, describeNative, dgram, errnoOf, inChild, isNative,
  isSystemError, itNative, once, open, send, stateOf, throwsCode,
} = require('../../support/dgram');

const hasSettings = isNative && dgram.features.sendSettings;
const describeWith = hasSettings ? describe : describe.skip;

/** What the peer sees of a datagram without settings. */
const PLAIN = { tos: 0, ttl: 64, from: '127.0.0.1' };

describeWith('settings of a send', () => {
  let peer;
  before(async () => { peer = await HeaderPeer.open(); });
  after(() => peer?.close());

  const rejects = (socket, port, settings, ...expected) => throwsCode(
    () => socket.send('x', { port, ...settings }), ...expected);

  /** Text, TOS, TTL and source address of the datagrams that arrived. */
  async function arrived(count) {
    return (await peer.take(count))
      .map(({ text, tos, ttl, from }) => ({ text, tos, ttl, from }));
  }

  const any = (type = 'udp4') => bound(type, 0, type === 'udp4' ?
    '0.0.0.0' :
    '::');

  it('reach the wire, and only with their own datagram', async () => {
    const socket = await any();
    const port = peer.port4;
    const list = [
      [{}, {}],
      [{ tos: 0xb8 }, { tos: 0xb8 }],
      [{ ttl: 3 }, { ttl: 3 }],
      [{ localAddress: '127.0.0.9' }, { from: '127.0.0.9' }],
      [{ interface: 'lo' }, {}],
      [{ interface: 1 }, {}],
      [{ tos: 255, ttl: 255, localAddress: '127.0.1.1', interface: 'lo' },
       { tos: 255, ttl: 255, from: '127.0.1.1' }],
      [{ tos: 0, ttl: 1 }, { ttl: 1 }],
      [{ localAddress: '0.0.0.0' }, {}],
      [{ tos: undefined, ttl: undefined, localAddress: undefined }, {}],
      [{}, {}],
    ];
    list.forEach(([settings], i) =>
      socket.send(`${i}`, { port, address: '127.0.0.1', ...settings }));
    assert.deepStrictEqual(await arrived(list.length), list.map(
      ([, expected], i) => ({ text: `${i}`, ...PLAIN, ...expected })));
  });

  it('are taken in each form of the call', async () => {
    const socket = await any();
    const port = peer.port4;
    const target = { port, address: '127.0.0.1', tos: 4 };
    assert.strictEqual(await send(socket, 'abc', target), 3);
    assert.strictEqual(await send(socket, ['a', Buffer.from('b')], target), 2);
    assert.strictEqual(
      await send(socket, Buffer.from('xyz'), 1, 2, target), 2);
    socket.send('d', { port, tos: 4 });
    socket.send('e', { port: `${port}`, address: '', tos: 4 }, undefined);
    socket.send(new Uint16Array([0x6666]), 0, 1,
      { __proto__: null, port, address: null, tos: 4 }, null);
    assert.deepStrictEqual(
      (await arrived(6)).map(({ text, tos }) => [text, tos]),
      ['abc', 'ab', 'yz', 'd', 'e', 'f'].map((text) => [text, 4]));
  });

  it('of a connected socket', async () => {
    const socket = open('udp4');
    socket.connect(peer.port4, '127.0.0.1');
    await once(socket, 'connect');
    socket.send('0');
    socket.send('1', { tos: 8, localAddress: '127.0.0.7' });
    socket.send('2', {});
    assert.strictEqual(await send(socket, '-3-', 1, 1, { ttl: 9 }), 1);
    socket.send('4', { tos: 12 }, () => {});
    socket.send('5');
    assert.deepStrictEqual(await arrived(6), [
      { text: '0', ...PLAIN },
      { text: '1', ...PLAIN, tos: 8, from: '127.0.0.7' },
      { text: '2', ...PLAIN },
      { text: '3', ...PLAIN, ttl: 9 },
      { text: '4', ...PLAIN, tos: 12 },
      { text: '5', ...PLAIN },
    ]);
    for (const target of [{ port: 9 }, { address: '127.0.0.1', tos: 1 }]) {
      for (const args of [['x', target], ['x', 0, 1, target, () => {}]]) {
        throwsCode(() => socket.send(...args), Error,
          'ERR_SOCKET_DGRAM_IS_CONNECTED', 'Already connected');
      }
    }
  });

  it('of IPv6', async () => {
    const socket = await any('udp6');
    const target = { port: peer.port6, address: '::1' };
    socket.send('0', target);
    socket.send('1', { ...target, tos: 0x2e, ttl: 7, localAddress: '::1' });
    socket.send('2', { ...target, interface: 'lo' });
    socket.send('3', { ...target, localAddress: '::', tos: 0 });
    const plain = { ...PLAIN, from: '::1' };
    assert.deepStrictEqual(await arrived(4), [
      { text: '0', ...plain },
      { text: '1', ...plain, tos: 0x2e, ttl: 7 },
      { text: '2', ...plain },
      { text: '3', ...plain },
    ]);
    const connected = open('udp6');
    connected.connect(peer.port6, '::1');
    await once(connected, 'connect');
    connected.send('4', { ttl: 2, tos: 1 });
    assert.deepStrictEqual(await arrived(1),
      [{ text: '4', ...plain, ttl: 2, tos: 1 }]);
  });

  it('of an IPv6 socket to an IPv4-mapped address', async () => {
    const socket = await any('udp6');
    const connected = open('udp6');
    connected.connect(peer.port4, '::ffff:127.0.0.1');
    await once(connected, 'connect');
    for (const [sender, target] of [
      [socket, { port: peer.port4, address: '::ffff:127.0.0.1' }],
      [connected, {}],
    ]) {
      sender.send('0', { ...target, tos: 0x2e, ttl: 7 });
      sender.send('1', { ...target, localAddress: '::ffff:127.0.0.5' });
      sender.send('2', { ...target, interface: 'lo', ttl: 3 });
      assert.deepStrictEqual(await arrived(3), [
        { text: '0', ...PLAIN, tos: 0x2e, ttl: 7 },
        { text: '1', ...PLAIN, from: '127.0.0.5' },
        { text: '2', ...PLAIN, ttl: 3 },
      ]);
      // A source of the other family.
      await assert.rejects(
        send(sender, 'x', { ...target, localAddress: '::1' }),
        { code: 'EINVAL', syscall: 'send' });
    }
    await assert.rejects(
      send(socket, 'x', { port: peer.port6, address: '::1',
        localAddress: '::ffff:127.0.0.1' }),
      { code: 'EINVAL', syscall: 'send' });
  });

  it('replace those of the socket for one datagram', async () => {
    const socket = await bound('udp4', 0, '127.0.0.3');
    const target = { port: peer.port4, address: '127.0.0.1' };
    socket.setTypeOfService(0x20);
    socket.setTTL(20);
    socket.send('0', { ...target, ttl: 5 });
    socket.send('1', { ...target, tos: 3 });
    socket.send('2', { ...target, localAddress: '127.0.0.4' });
    assert.deepStrictEqual(await arrived(3), [
      { text: '0', tos: 0x20, ttl: 5, from: '127.0.0.3' },
      { text: '1', tos: 3, ttl: 20, from: '127.0.0.3' },
      { text: '2', tos: 0x20, ttl: 20, from: '127.0.0.4' },
    ]);
  });

  it('equal ones share a segment group, different ones never', async () => {
    const socket = await any();
    const target = { port: peer.port4, address: '127.0.0.1' };
    const settings = [
      {}, { tos: 4 }, { tos: 4, ttl: 9 }, { localAddress: '127.0.0.2' },
      { localAddress: '127.0.0.2', interface: 'lo' }, {},
    ];
    const expected = [];
    for (const own of settings) {
      for (let i = 0; i < 5; i++) {
        const text = String(expected.length).padStart(3, '0');
        // A new object each time, and a string of its own.
        const localAddress = own.localAddress &&
          ['127', '0', '0', '2'].join('.');
        socket.send(text, { ...target, ...own, localAddress });
        expected.push({
          text, ...PLAIN, tos: own.tos ?? 0, ttl: own.ttl ?? 64,
          from: own.localAddress ?? PLAIN.from,
        });
      }
    }
    assert.deepStrictEqual(await arrived(expected.length), expected);
    const { sendCalls, segmentedRuns } = socket.stats();
    assert.deepStrictEqual({ sendCalls, segmentedRuns },
      { sendCalls: 1, segmentedRuns: settings.length });
  });

  it('of a name, looked up or not', async () => {
    const { port4: port } = peer;
    const settings = { tos: 4, localAddress: '127.0.0.8' };
    const lookups = [];
    const lookup = (name, family, callback) => {
      lookups.push(name);
      process.nextTick(callback, null, '127.0.0.1', 4);
    };
    const named = open({ type: 'udp4', lookup });
    named.send('0', { port, address: 'peer.example', ...settings });
    await once(named, 'listening');
    named.send('1', { port, address: '127.0.0.1', ...settings });
    const plain = await any();
    plain.send('2', { port, address: 'localhost', ...settings });
    const reports = await arrived(3);
    assert.deepStrictEqual(
      reports.sort((a, b) => a.text.localeCompare(b.text)),
      ['0', '1', '2'].map((text) =>
        ({ text, ...PLAIN, tos: 4, from: '127.0.0.8' })));
    assert.deepStrictEqual(lookups.slice(-2), ['peer.example', '127.0.0.1']);
    const failing = await bound({
      type: 'udp4',
      lookup: (name, family, callback) => process.nextTick(callback,
        name === 'y' ? Object.assign(new Error(), { code: 'E' }) : null, name),
    });
    await assert.rejects(send(failing, 'x', { port, address: 'y', tos: 1 }),
      { code: 'E' });
  });

  it('of an unbound socket and of one that is binding', async () => {
    const { port4: port } = peer;
    const first = open('udp4');
    assert.strictEqual(await send(first, 'a', { port, tos: 8 }), 1);
    const second = open('udp4');
    second.bind(0, '0.0.0.0');
    const target = { port, tos: 8, localAddress: '127.0.0.3' };
    second.send('b', target);
    target.tos = 16; // read by then
    assert.deepStrictEqual(await arrived(2), [
      { text: 'a', ...PLAIN, tos: 8 },
      { text: 'b', ...PLAIN, tos: 8, from: '127.0.0.3' },
    ]);
  });

  it('pass through a handle.send() that a program has replaced', async () => {
    const socket = await any();
    const { handle } = stateOf(socket);
    const { send: own } = handle;
    let calls = 0;
    handle.send = function(...args) {
      calls++;
      return own.apply(this, args);
    };
    socket.send('a', { port: peer.port4, tos: 20 });
    assert.deepStrictEqual(await arrived(1),
      [{ text: 'a', ...PLAIN, tos: 20 }]);
    assert.strictEqual(calls, 1);
  });

  it('of answers', async () => {
    const server = await bound('udp4', 0, '127.0.0.1');
    server.on('message', (msg, { port }) => {
      for (let i = 0; i < 3; i++)
        server.send(`${msg}${i}`, { port: peer.port4, tos: 4 * i });
      server.send('plain', port);
    });
    const client = await connectedTo(server);
    for (const text of ['a', 'b', 'c']) client.send(text);
    assert.deepStrictEqual(
      (await arrived(9)).map(({ text, tos }) => `${text} ${tos}`),
      ['a', 'b', 'c'].flatMap((text) =>
        [0, 1, 2].map((i) => `${text}${i} ${4 * i}`)));
  });

  it('more of them than the table holds', async function() {
    this.timeout(60000);
    const socket = await any();
    const target = { port: peer.port4, address: '127.0.0.1' };
    const COUNT = 6000;
    const STEP = 500;
    for (let i = 0; i < COUNT; i += STEP) {
      const expected = [];
      for (let n = i; n < i + STEP; n++) {
        const tos = n % 256;
        const ttl = 1 + Math.floor(n / 256);
        socket.send(`${n}`, { ...target, tos, ttl });
        expected.push({ text: `${n}`, ...PLAIN, tos, ttl });
      }
      assert.deepStrictEqual(await arrived(STEP), expected);
    }
  });

  it('that the kernel rejects fail their own datagram only', async () => {
    const socket = await any();
    const target = { port: peer.port4, address: '127.0.0.1' };
    const outcomes = [];
    const count = 12;
    // As segment groups, which must not switch GSO off for the destination.
    for (const [own, times] of [
      [{ tos: 4 }, 4], [{ localAddress: '192.0.2.77' }, 3],
      [{ interface: 'no-such-device' }, 2], [{ interface: 0x7ffffff0 }, 1],
      [{ tos: 4 }, 2],
    ]) {
      for (let i = 0; i < times; i++) {
        socket.send('same', { ...target, ...own }, (error) =>
          outcomes.push(error === null ? 'sent' : error));
      }
    }
    while (outcomes.length < count) await new Promise(setImmediate);
    const codes = outcomes.map((outcome) => outcome.code ?? outcome);
    assert.ok(['EINVAL', 'ENETUNREACH', 'EADDRNOTAVAIL'].includes(codes[4]));
    assert.deepStrictEqual(codes, [
      ...new Array(4).fill('sent'), ...new Array(3).fill(codes[4]),
      'ENODEV', 'ENODEV', 'ENODEV', 'sent', 'sent',
    ]);
    isSystemError(outcomes[7], 'ENODEV', 'send', '127.0.0.1', peer.port4);
    await arrived(6);
    const before = socket.stats().segmentedRuns;
    for (let i = 0; i < 10; i++) socket.send('same', target);
    await arrived(10);
    assert.strictEqual(socket.stats().segmentedRuns, before + 1);
    assert.strictEqual(errnoOf('ENODEV'), outcomes[7].errno);
  });

  it('are checked', async () => {
    const socket = await bound();
    const six = await bound('udp6');
    const type = (name, expected, received) => [TypeError,
      'ERR_INVALID_ARG_TYPE', `The "options.${name}" property must be ` +
      `${expected}. Received ${received}`];
    const range = (name, rule, received) => [RangeError, 'ERR_OUT_OF_RANGE',
      `The value of "options.${name}" is out of range. It must be ${rule}. ` +
      `Received ${received}`];
    const value = (name, rule, received) => [TypeError,
      'ERR_INVALID_ARG_VALUE',
      `The property 'options.${name}' ${rule}. Received ${received}`];
    for (const [settings, expected, sender = socket] of [
      [{ tos: '1' }, type('tos', 'of type number', 'type string (\'1\')')],
      [{ tos: null }, type('tos', 'of type number', 'null')],
      [{ tos: 256 }, range('tos', '>= 0 && <= 255', '256')],
      [{ tos: -1 }, range('tos', '>= 0 && <= 255', '-1')],
      [{ tos: NaN }, range('tos', 'an integer', 'NaN')],
      [{ ttl: 1.5 }, range('ttl', 'an integer', '1.5')],
      [{ ttl: 0 }, range('ttl', '>= 1 && <= 255', '0')],
      [{ ttl: 256 }, range('ttl', '>= 1 && <= 255', '256')],
      [{ ttl: true }, type('ttl', 'of type number', 'type boolean (true)')],
      [{ localAddress: 1 },
       type('localAddress', 'of type string', 'type number (1)')],
      [{ localAddress: '::1' },
       value('localAddress', 'must be an IPv4 address', '\'::1\'')],
      [{ localAddress: '127.0.0.1' },
       value('localAddress', 'must be an IPv6 address', '\'127.0.0.1\''), six],
      ...['', 'localhost', '127.0.0.1:5', '127.0.0.1%lo'].map((address) =>
        [{ localAddress: address }, [TypeError, 'ERR_INVALID_IP_ADDRESS',
          `Invalid IP address: ${address}`]]),
      [{ interface: {} }, type('interface', 'one of type string or number',
        'an instance of Object')],
      [{ interface: 0 }, range('interface', '>= 1 && <= 2147483647', '0')],
      [{ interface: 2 ** 31 },
       range('interface', '>= 1 && <= 2147483647', '2147483648')],
      ...['', 'lo\0'].map((name) => [{ interface: name },
        value('interface',
          'must be the name or the index of a network interface',
          name === '' ? '\'\'' : '\'lo\\x00\'')]),
    ]) {
      rejects(sender, 9, settings, ...expected);
    }
    throwsCode(() => socket.send('x', { port: 9, address: 5, tos: 1 }),
      TypeError, 'ERR_INVALID_ARG_TYPE', 'The "options.address" property ' +
      'must be of type string. Received type number (5)');
    // Not the address of the other form of the call.
    throwsCode(() => socket.send('x', { port: 9, tos: 1 }, '127.0.0.1'),
      TypeError, 'ERR_INVALID_ARG_TYPE', 'The "callback" argument must be of ' +
      'type function. Received type string (\'127.0.0.1\')');
  });

  it('are read once, and their getters may close the socket', async () => {
    const socket = await any();
    const reads = [];
    const target = new Proxy({ port: peer.port4, tos: 4 }, {
      get(object, name) {
        reads.push(name);
        return object[name];
      },
    });
    socket.send('a', target);
    assert.deepStrictEqual(reads.sort(),
      ['address', 'interface', 'localAddress', 'port', 'sendTime', 'tos',
       'ttl']);
    assert.deepStrictEqual(await arrived(1),
      [{ text: 'a', ...PLAIN, tos: 4 }]);
    const closing = {
      port: 9,
      get ttl() {
        socket.close();
        return 3;
      },
    };
    throwsCode(() => socket.send('x', closing), Error,
      'ERR_SOCKET_DGRAM_NOT_RUNNING', 'Not running');
  });

  for (const connected of [false, true]) {
    it('whose getters close the socket and give none, ' +
       (connected ? 'connected' : 'unconnected'), async () => {
      const socket = await any();
      if (connected) socket.connectSync(peer.port4);
      const closing = {
        port: connected ? undefined : 9,
        get ttl() {
          socket.close();
          return undefined;
        },
      };
      throwsCode(() => socket.send('x', closing), Error,
        'ERR_SOCKET_DGRAM_NOT_RUNNING', 'Not running');
    });
  }

  it('obey the sendBlockList', async () => {
    const sendBlockList = new net.BlockList();
    sendBlockList.addAddress('127.0.0.99');
    const socket = await bound({ type: 'udp4', sendBlockList });
    const { port4: port } = peer;
    await assert.rejects(
      send(socket, 'x', { port, address: '127.0.0.99', tos: 4 }),
      { code: 'ERR_IP_BLOCKED' });
    await send(socket, 'y', { port, address: '127.0.0.1', tos: 4 });
    socket.sendMany(['a', { port, address: '127.0.0.99', tos: 8 },
                     'b', { port, address: '127.0.0.1', tos: 12 },
                     'c', { port, address: '127.0.0.1' }]);
    assert.deepStrictEqual(
      (await arrived(3)).map(({ text, tos }) => [text, tos]),
      [['y', 4], ['b', 12], ['c', 0]]);
  });

  it('leave when the process exits', async () => {
    const { code, stderr } = await inChild((inner, report, port) => {
      const socket = inner.createSocket('udp4');
      socket.connect(port, '127.0.0.1', () => {
        socket.send('0');
        socket.send('1', { tos: 8, localAddress: '127.0.0.2' });
        process.exit();
      });
    }, { args: [peer.port4] });
    assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: '' });
    assert.deepStrictEqual(await arrived(2), [
      { text: '0', ...PLAIN },
      { text: '1', ...PLAIN, tos: 8, from: '127.0.0.2' },
    ]);
  });

  describe('in sendMany()', () => {
    const address = '127.0.0.1';

    it('an object after each message', async () => {
      const { port4: port } = peer;
      const socket = await any();
      const sent = new Promise((resolve) => {
        socket.sendMany([
          'a', { port, address, tos: 4 }, 'b', { port },
          Buffer.from('c'), { port, localAddress: '127.0.0.6' },
          'd', { port, tos: 4 }, 'e', { port, tos: 4 },
        ], (error, count) => resolve([error, count]));
      });
      assert.deepStrictEqual(await sent, [null, 5]);
      assert.deepStrictEqual(await arrived(5), [
        { text: 'a', ...PLAIN, tos: 4 }, { text: 'b', ...PLAIN },
        { text: 'c', ...PLAIN, from: '127.0.0.6' },
        { text: 'd', ...PLAIN, tos: 4 }, { text: 'e', ...PLAIN, tos: 4 },
      ]);
      assert.strictEqual(socket.stats().segmentedRuns, 0); // of 1 byte
      const connected = open('udp4');
      connected.connect(port, address);
      await once(connected, 'connect');
      assert.strictEqual(
        connected.sendMany(['f', { ttl: 5 }, 'g', {}]), 2);
      assert.deepStrictEqual(await arrived(2),
        [{ text: 'f', ...PLAIN, ttl: 5 }, { text: 'g', ...PLAIN }]);
    });

    it('a second argument, for all or in columns', async () => {
      const { port4: port } = peer;
      const socket = await any();
      const list = ['a', port, address, 'b', port, address];
      const columns = {
        count: 2, data: Buffer.from('ab'), offsets: [0, 1], sizes: [1, 1],
        ports: port, addresses: address,
      };
      // Columns of 'batch' that have the names of settings are none.
      const batch = {
        ...columns, tos: Uint8Array.of(9, 9), ttl: [9, 9],
        localAddress: ['127.0.0.2', '127.0.0.2'], interface: ['lo', 'lo'],
      };
      const text = (...own) => own.map((values, i) =>
        ({ text: 'ab'[i], ...PLAIN, ...values }));
      for (const packets of [list, columns, batch]) {
        for (const [settings, ...expected] of [
          [undefined, {}, {}], [{}, {}, {}],
          [{ tos: 8 }, { tos: 8 }, { tos: 8 }],
          [{ tos: Uint8Array.of(1, 2, 3), ttl: 7 },
           { tos: 1, ttl: 7 }, { tos: 2, ttl: 7 }],
          [{ localAddress: [undefined, '127.0.0.4'] }, {},
           { from: '127.0.0.4' }],
        ]) {
          assert.strictEqual(socket.sendMany(packets, settings), 2);
          assert.deepStrictEqual(await arrived(2), text(...expected));
          const outcome = new Promise((resolve) => {
            socket.sendMany(packets, settings,
              (error, count) => resolve([error, count]));
          });
          assert.deepStrictEqual(await outcome, [null, 2]);
          assert.deepStrictEqual(await arrived(2), text(...expected));
        }
      }
      const binding = open('udp4');
      binding.bind(0, '0.0.0.0');
      assert.strictEqual(binding.sendMany(columns, { tos: [4, 5] }), 0);
      assert.deepStrictEqual(await arrived(2), text({ tos: 4 }, { tos: 5 }));
    });

    it('many datagrams, columns longer than a send batch', async () => {
      const { port4: port } = peer;
      const socket = await any();
      const count = 1500;
      const columns = {
        count, data: Buffer.alloc(count, 'x'),
        offsets: Uint32Array.from({ length: count }, (_, i) => i),
        sizes: new Uint32Array(count).fill(1), ports: port, addresses: address,
      };
      const tos = Uint8Array.from({ length: count }, (_, i) => i >> 2 & 0xff);
      for (const packets of [
        columns,
        Array.from({ length: count }, () => ['x', port, address]).flat(),
      ]) {
        socket.sendMany(packets, { tos, localAddress: '127.0.0.2' });
        assert.deepStrictEqual(
          (await arrived(count)).map((report) => report.tos), [...tos]);
      }
    });

    it('are checked before a datagram is sent', async () => {
      const { port4: port } = peer;
      const socket = await bound();
      const list = ['a', port, address, 'b', port, address];
      for (const [packets, settings, code, message] of [
        [list, { tos: [1, 256] }, 'ERR_OUT_OF_RANGE', /"settings\.tos\[1\]"/],
        [list, { tos: [1] }, 'ERR_INVALID_ARG_VALUE',
         /'settings\.tos\.length' must be at least 2/],
        [list, { tos: 'x' }, 'ERR_INVALID_ARG_TYPE', /"settings\.tos"/],
        [list, { localAddress: [undefined, 'x'] }, 'ERR_INVALID_IP_ADDRESS',
         /Invalid IP address: x/],
        [list, 5, 'ERR_INVALID_ARG_TYPE', /"callback"/],
        [list, null, 'ERR_INVALID_ARG_TYPE', /"callback"/],
        [['a', { port, tos: 1 }, 'b', { port, tos: 256 }], undefined,
         'ERR_OUT_OF_RANGE', /"packets\[3\]\.tos"/],
        [['a', { port, tos: 1 }, 'b', port], undefined,
         'ERR_INVALID_ARG_TYPE', /"packets\[3\]" argument must be of type object/],
        [['a', { port }, 'b'], undefined, 'ERR_INVALID_ARG_TYPE',
         /"packets\[3\]"/],
        [['a', { port }, 5, { port }], undefined, 'ERR_INVALID_ARG_TYPE',
         /"packets\[2\]"/],
        [['a', { tos: 1 }], undefined, 'ERR_SOCKET_BAD_PORT',
         /packets\[1\]\.port/],
        [['a', { port, address: 'localhost' }], undefined,
         'ERR_INVALID_ARG_VALUE', /packets\[1\]\.address/],
        [['a', { port }], { tos: 1 }, 'ERR_INVALID_ARG_TYPE', /"settings"/],
      ]) {
        assert.throws(() => socket.sendMany(packets, settings),
          { code, message }, message.source);
      }
      const connected = open('udp4');
      connected.connect(port, address);
      await once(connected, 'connect');
      assert.throws(() => connected.sendMany(['a', { port, tos: 1 }]),
        { code: 'ERR_SOCKET_DGRAM_IS_CONNECTED' });
      await send(connected, 'end');
      assert.strictEqual((await arrived(1))[0].text, 'end');
    });
  });
});

describeNative('an object in the place of the port, without settings', () => {
  it('sends as without it', async () => {
    const receiver = await bound();
    const { port, address } = receiver.address();
    const texts = [];
    receiver.on('message', (msg) => texts.push(String(msg)));
    const socket = await bound();
    await send(socket, 'a', { port, address });
    await send(socket, '-b-', 1, 1, { port, address, tos: undefined });
    socket.sendMany(['c', { port, address }]);
    const connected = await connectedTo(receiver);
    await send(connected, 'd', {});
    while (texts.length < 4) await new Promise(setImmediate);
    assert.deepStrictEqual(texts.sort(), ['a', 'b', 'c', 'd']);
  });

  it('fails without a port as in node:dgram', async () => {
    const socket = await bound();
    for (const args of [['x', {}], ['x', 0, 1, { tos: 1 }, () => {}]]) {
      throwsCode(() => socket.send(...args), RangeError, 'ERR_SOCKET_BAD_PORT',
        'Port should be > 0 and < 65536. Received an instance of Object.');
    }
    for (const list of [[], [5], Buffer.from('x')]) {
      assert.throws(() => socket.send('x', list),
        { code: 'ERR_SOCKET_BAD_PORT' });
    }
  });

  if (isNative && !hasSettings) {
    itNative('throws for a setting', async () => {
      const socket = await bound();
      const connected = await connectedTo(socket);
      const expected = {
        code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', name: 'TypeError',
        message: /'uv'.*settings of sends.*dgram\.features\.sendSettings/,
      };
      for (const setting of [
        { localAddress: '127.0.0.1' }, { interface: 1 }, { tos: 0 }, { ttl: 1 },
      ]) {
        const target = { port: 9, ...setting };
        assert.throws(() => socket.send('x', target), expected);
        assert.throws(() => socket.send('x', 0, 1, target), expected);
        assert.throws(() => connected.send('x', setting), expected);
        assert.throws(() => socket.sendMany(['x', target]), expected);
        assert.throws(() => socket.sendMany(['x', 9, ''], setting), expected);
      }
    });
  }
});
