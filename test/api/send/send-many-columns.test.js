'use strict';

// sendMany() with columns, as the 'batch' event passes them: every datagram
// arrives once, in order, at its destination. Invalid columns send nothing, and
// columns that change during the call are not read out of bounds.

const assert = require('node:assert');
const { AsyncLocalStorage } = require('node:async_hooks');
const net = require('node:net');
const {
  bound, connectedTo, describeNative, dgram, isLinux, makeRoom, nodeAtLeast,
  once, open,
  receive, receiveText, throwsCode, nextIteration,
} = require('../../support/dgram');

const AT = '127.0.0.1';

const range = (count, each) => Array.from({ length: count }, (_, i) => each(i));

/** Columns of these messages, without destinations. */
function columnsOf(messages) {
  const buffers = messages.map((message) => Buffer.from(message));
  const sizes = Uint32Array.from(buffers, ({ length }) => length);
  let end = 0;
  const offsets = sizes.map((size) => (end += size) - size);
  return {
    count: messages.length, data: Buffer.concat(buffers), offsets, sizes,
  };
}

/** Calls sendMany(); resolves to its return value and its callback's. */
function sendAll(socket, columns) {
  return new Promise((resolve) => {
    const returned = socket.sendMany(columns, (error, sent) => {
      resolve([returned, error?.code ?? null, sent]);
    });
  });
}

describeNative('sendMany() with columns', () => {
  let receiver;
  let port;

  beforeEach(async () => {
    receiver = await bound();
    receiver.setRecvBufferSize(4 << 20);
    ({ port } = receiver.address());
  });

  it('sends each datagram to its destination', async () => {
    const other = await bound();
    const texts = Promise.all([receiveText(receiver, 2),
                               receiveText(other, 2)]);
    const ports = Uint16Array.of(port, other.address().port,
      other.address().port, port);
    assert.deepStrictEqual(await sendAll(await bound(), {
      ...columnsOf(['one', '', 'three', 'four']), ports,
      addresses: [AT, AT, undefined, ''],
    }), [4, null, 4]);
    assert.deepStrictEqual(await texts, [['one', 'four'], ['', 'three']]);
  });

  it('accepts one port and one address for all datagrams', async () => {
    const socket = await bound();
    const columns = columnsOf(['a', 'b']);
    const texts = receiveText(receiver, 12);
    for (const destination of [
      { ports: port, addresses: AT }, { ports: port },
      { ports: `${port}`, addresses: '' },
      { ports: port, addresses: [AT, null] },
      { ports: [port, `${port}`], addresses: AT },
      { ports: [port, port], addresses: null },
    ]) {
      assert.deepStrictEqual(
        await sendAll(socket, { ...columns, ...destination }), [2, null, 2]);
    }
    assert.strictEqual((await texts).join(''), 'ab'.repeat(6));
  });

  it('accepts arrays and other typed arrays of integers', async () => {
    const socket = await bound();
    const data = Buffer.from('abcdef');
    const texts = receiveText(receiver, 6);
    for (const [offsets, sizes] of [
      [[4, 0], [2, 3]], [Uint8Array.of(4, 0), Float64Array.of(2, 3)],
      [Int32Array.of(4, 0, -1), [2, 3, 'not read']],
    ]) {
      await sendAll(socket, { count: 2, data, offsets, sizes, ports: port });
    }
    assert.deepStrictEqual(await texts,
      ['ef', 'abc', 'ef', 'abc', 'ef', 'abc']);
  });

  it('copies the payloads before it returns', async () => {
    const socket = await bound();
    const texts = receiveText(receiver, 2);
    const columns = columnsOf(['one', 'two']);
    socket.sendMany({ ...columns, ports: port });
    columns.data.fill('x');
    columns.offsets.fill(9);
    assert.deepStrictEqual(await texts, ['one', 'two']);
  });

  it('accepts a batch without datagrams', async () => {
    const socket = await bound();
    assert.deepStrictEqual(await sendAll(socket, {
      count: 0, data: Buffer.alloc(0), offsets: [], sizes: [], ports: [],
      addresses: [],
    }), [0, null, 0]);
    assert.strictEqual(socket.sendMany({
      count: 0, data: Buffer.from('x'), offsets: [7], sizes: [7], ports: 1,
    }), 0);
  });

  it('sends more datagrams than a send batch holds', async () => {
    const socket = await bound();
    const receivers = [await bound(), await bound(), await bound()];
    for (const each of receivers) each.setRecvBufferSize(1 << 20);
    const messages = range(1200, (i) => `${i}`.padEnd(i % 7 + 4, '.'));
    const texts =
      Promise.all(receivers.map((each) => receiveText(each, 400)));
    assert.deepStrictEqual(await sendAll(socket, {
      ...columnsOf(messages),
      ports: messages.map((_, i) => receivers[i % 3].address().port),
    }), [1200, null, 1200]);
    for (const [i, received] of (await texts).entries()) {
      assert.deepStrictEqual(received,
        messages.filter((_, number) => number % 3 === i));
    }
  });

  it('sends payloads that overlap, in any order', async () => {
    const socket = await bound();
    const texts = receiveText(receiver, 100);
    await sendAll(socket, {
      count: 100, data: Buffer.from('0123456789'.repeat(20)),
      offsets: range(100, (i) => 99 - i), sizes: range(100, () => 64),
      ports: port,
    });
    for (const [i, text] of (await texts).entries())
      assert.strictEqual(text, '0123456789'.repeat(20).substr(99 - i, 64));
  });

  it('sends the longest datagrams, and fails longer ones', async () => {
    const socket = await bound();
    const messages = receive(receiver, 2);
    const sizes = [65507, 65508, 65535, 65536, 200000, 65507];
    assert.deepStrictEqual(await sendAll(socket, {
      count: 6, data: Buffer.alloc(200000, 'x'), offsets: range(6, () => 0),
      sizes, ports: port,
    }), [6, 'EMSGSIZE', 2]);
    assert.deepStrictEqual((await messages).map(({ msg }) => msg.length),
      [65507, 65507]);
  });

  it('leaves after earlier sends of the socket', async () => {
    const socket = await bound();
    const connected = await connectedTo(receiver);
    const texts = receiveText(receiver, 5);
    socket.send('1', port, AT);
    socket.sendMany({ ...columnsOf(['2', '3']), ports: port });
    connected.send('4');
    connected.sendMany(columnsOf(['5']));
    assert.deepStrictEqual(await texts, ['1', '2', '3', '4', '5']);
  });

  it('ignores ports and addresses on a connected socket', async () => {
    const socket = await connectedTo(receiver);
    const texts = receiveText(receiver, 5);
    const columns = columnsOf(['a', 'b']);
    assert.deepStrictEqual(await sendAll(socket, columns), [2, null, 2]);
    assert.deepStrictEqual(await sendAll(socket,
      { ...columns, ports: [0], addresses: 'name', family: 'IPv6' }),
    [2, null, 2]);
    Object.defineProperty(columns, 'ports', { get: assert.fail });
    socket.sendMany({ __proto__: columns, count: 1 });
    assert.strictEqual((await texts).join(''), 'ababa');
  });

  it('binds an unbound socket', async () => {
    const socket = open('udp4');
    const texts = receiveText(receiver, 1);
    assert.strictEqual(
      socket.sendMany({ ...columnsOf(['x']), ports: port }), 1);
    assert.ok(socket.address().port > 0);
    assert.deepStrictEqual(await texts, ['x']);
  });

  it('copies the datagrams if bind() is in progress', async () => {
    const socket = open('udp4');
    const texts = receiveText(receiver, 2);
    const columns = columnsOf(['one', 'two']);
    socket.bind(0, AT);
    const outcome = sendAll(socket, {
      ...columns, ports: Uint16Array.of(port, port), addresses: [AT, AT],
    });
    columns.data.fill('x');
    columns.sizes.fill(0);
    assert.deepStrictEqual(await outcome, [0, null, 2]);
    assert.deepStrictEqual(await texts, ['one', 'two']);
  });

  it('calls back in the async context of the call', async () => {
    const socket = await bound();
    const storage = new AsyncLocalStorage();
    await new Promise((resolve, reject) => {
      storage.run('here', () => {
        socket.sendMany({ ...columnsOf(['x']), ports: port }, () => {
          if (storage.getStore() === 'here') resolve();
          else reject(new Error('another context'));
        });
      });
    });
  });

  it('throws once the socket is closed', async () => {
    const socket = await bound();
    socket.close();
    throwsCode(() => socket.sendMany({ ...columnsOf(['x']), ports: port }),
      Error, 'ERR_SOCKET_DGRAM_NOT_RUNNING', 'Not running');
  });

  (nodeAtLeast('22.13.0', '23.3.0') ? it : it.skip)(
    'fails the datagrams that sendBlockList contains', async () => {
      const sendBlockList = new net.BlockList();
      sendBlockList.addAddress('127.0.0.2');
      const socket = open({ type: 'udp4', sendBlockList });
      const texts = receiveText(receiver, 2);
      assert.deepStrictEqual(await sendAll(socket, {
        ...columnsOf(['a', 'b', 'c']), ports: port,
        addresses: [AT, '127.0.0.2', AT],
      }), [2, 'ERR_IP_BLOCKED', 2]);
      assert.deepStrictEqual(await texts, ['a', 'c']);
      assert.deepStrictEqual(await sendAll(socket,
        { ...columnsOf(['a', 'b']), ports: port, addresses: '127.0.0.2' }),
      [0, 'ERR_IP_BLOCKED', 0]);
    });

  it('sends on a udp6 socket', async () => {
    const peer = await bound('udp6', 0, '::1');
    const socket = await bound('udp6', 0, '::1');
    const texts = receiveText(peer, 6);
    const columns = columnsOf(['a', 'b', 'c']);
    const ports = peer.address().port;
    await sendAll(socket, { ...columns, ports });
    await sendAll(socket, { ...columns, ports, addresses: ['::1', '', '::1'] });
    assert.strictEqual((await texts).join(''), 'abcabc');
    throwsCode(() => socket.sendMany({ ...columns, ports, addresses: AT }),
      TypeError, 'ERR_INVALID_ARG_VALUE',
      "The property 'batch.addresses' must be a numeric IPv6 address; " +
      `sendMany does not perform DNS resolution. Received '${AT}'`);
  });

  (isLinux ? it : it.skip)('reaches 5,000 destinations', async () => {
    const any = await bound('udp4', 0, '0.0.0.0');
    makeRoom(any, 4 << 20);
    const socket = await bound();
    const names = range(5000, (i) => `127.9.${i >> 8}.${i & 255}`);
    let arrived = 0;
    any.on('message', () => { arrived++; });
    for (let from = 0; from < 5000; from += 100) {
      const addresses = names.slice(from, from + 100);
      await sendAll(socket, {
        ...columnsOf(addresses), ports: any.address().port, addresses,
      });
      await nextIteration();
    }
    while (arrived < 5000) await nextIteration();
    // In one call: slots of destinations are reused in the middle of it.
    const more = range(70000, (i) => `127.${10 + (i >> 15)}.${i >> 8 & 127}.` +
      `${i & 255}`);
    assert.deepStrictEqual(await sendAll(socket, {
      ...columnsOf(more), ports: any.address().port, addresses: more,
    }), [70000, null, 70000]);
  });
});

describeNative('sendMany() of a received batch', () => {
  /** Resolves to the answers to `messages`, sent by `client` in one tick. */
  async function ask(client, to, messages) {
    const texts = receiveText(client, messages.length);
    const { port, address } = to.address();
    for (const message of messages) client.send(message, port, address);
    return texts;
  }

  const sameSize = range(100, (i) => `${i}`.padStart(64, '-'));
  const mixed = range(60, (i) => `${i} ${'x'.repeat(i % 9 * 7)}`);

  for (const type of ['udp4', 'udp6']) {
    it(`answers each sender, ${type}`, async () => {
      const at = type === 'udp4' ? AT : '::1';
      const server = await bound(type, 0, at);
      server.on('batch', (batch) => server.sendMany(batch));
      for (const messages of [sameSize, mixed, ['', 'one', '']]) {
        const clients = [await bound(type, 0, at), await bound(type, 0, at)];
        const answers =
          clients.map((client) => ask(client, server, messages));
        assert.deepStrictEqual(await Promise.all(answers),
          [messages, messages]);
      }
    });
  }

  it('relays to a connected socket', async () => {
    const peer = await bound();
    const output = await connectedTo(peer);
    const input = await bound();
    input.on('batch', (batch) => output.sendMany(batch));
    const client = await bound();
    const texts = receiveText(peer, 100);
    for (const message of sameSize)
      client.send(message, input.address().port, AT);
    assert.deepStrictEqual(await texts, sameSize);
  });

  it('relays to another destination', async () => {
    const peer = await bound();
    const output = await bound();
    const input = await bound();
    const { port } = peer.address();
    input.on('batch', (batch) => {
      output.sendMany({ ...batch, ports: port, addresses: AT });
    });
    const client = await bound();
    const texts = receiveText(peer, 60);
    for (const message of mixed) client.send(message, input.address().port, AT);
    assert.deepStrictEqual(await texts, mixed);
  });
});

describeNative('errors of sendMany() with columns', () => {
  let socket;
  let receiver;
  let valid;

  beforeEach(async () => {
    socket = await bound();
    receiver = await bound();
    const { port } = receiver.address();
    valid = {
      ...columnsOf(['ab', 'cd', 'ef']), ports: Uint16Array.of(port, port, port),
      addresses: [AT, AT, AT],
    };
  });

  /** Nothing was sent: the next datagram that arrives is the next one sent. */
  afterEach(async () => {
    const texts = receiveText(receiver, 1);
    socket.send('last', receiver.address().port, AT);
    assert.deepStrictEqual(await texts, ['last']);
  });

  const rejects = (change, Class, code, message) =>
    throwsCode(() => socket.sendMany({ ...valid, ...change }), Class, code,
      message);
  const wrongType = (name, value, expected, received) =>
    rejects({ [name.split(/[.[]/)[1]]: value }, TypeError,
      'ERR_INVALID_ARG_TYPE',
      `The "${name}" property must be ${expected}. Received ${received}`);
  const outOfRange = (change, name, expected, received) =>
    rejects(change, RangeError, 'ERR_OUT_OF_RANGE',
      `The value of "${name}" is out of range. It must be ${expected}. ` +
      `Received ${received}`);

  it('name a count that is invalid or too high', () => {
    wrongType('batch.count', '3', 'of type number', "type string ('3')");
    wrongType('batch.count', null, 'of type number', 'null');
    outOfRange({ count: 1.5 }, 'batch.count', 'an integer', '1.5');
    outOfRange({ count: NaN }, 'batch.count', 'an integer', 'NaN');
    outOfRange({ count: -1 }, 'batch.count', '>= 0 && <= 4294967295', '-1');
    outOfRange({ count: 4 }, 'batch.count', '<= batch.offsets.length (3)', '4');
    for (const name of ['sizes', 'ports', 'addresses']) {
      outOfRange({ [name]: valid[name].slice(0, 2) }, 'batch.count',
        `<= batch.${name}.length (2)`, '3');
    }
  });

  it('name a column of the wrong type', () => {
    for (const [value, received] of [
      [undefined, 'undefined'], [null, 'null'], [5, 'type number (5)'],
      [{ length: 3 }, 'an instance of Object'],
      [new DataView(new ArrayBuffer(12)), 'an instance of DataView'],
    ]) {
      wrongType('batch.data', value, 'an instance of Buffer or Uint8Array',
        received);
      wrongType('batch.offsets', value, 'an instance of Uint32Array or Array',
        received);
      wrongType('batch.sizes', value, 'an instance of Uint32Array or Array',
        received);
    }
    wrongType('batch.data', new Uint16Array(3),
      'an instance of Buffer or Uint8Array', 'an instance of Uint16Array');
    for (const [value, received] of [
      [undefined, 'undefined'], [null, 'null'], [{}, 'an instance of Object'],
    ]) {
      wrongType('batch.ports', value,
        'of type number or an instance of Uint16Array or Array', received);
    }
    for (const [value, received] of [
      [5, 'type number (5)'], [{}, 'an instance of Object'],
      [new Uint8Array(3), 'an instance of Uint8Array'],
    ]) {
      wrongType('batch.addresses', value,
        'of type string or an instance of Array', received);
    }
  });

  it('name an offset or a size that is not valid', () => {
    for (const name of ['offsets', 'sizes']) {
      wrongType(`batch.${name}[1]`, [0, '2', 4], 'of type number',
        "type string ('2')");
      wrongType(`batch.${name}[0]`, [1n, 2, 4], 'of type number',
        'type bigint (1n)');
      outOfRange({ [name]: Float32Array.of(0, 0.5, 4) }, `batch.${name}[1]`,
        'an integer', '0.5');
      outOfRange({ [name]: [0, 0, -1] }, `batch.${name}[2]`,
        '>= 0 && <= 4294967295', '-1');
    }
  });

  it('name a payload outside of the data', () => {
    outOfRange({ sizes: Uint32Array.of(2, 2, 3) }, 'batch.sizes[2]',
      '<= 2, up to the end of batch.data', '3');
    outOfRange({ sizes: [2, 5, 2] }, 'batch.sizes[1]',
      '<= 4, up to the end of batch.data', '5');
    outOfRange({ offsets: Uint32Array.of(0, 7, 4) }, 'batch.offsets[1]',
      '<= 6, the length of batch.data', '7');
    outOfRange({ offsets: [0, 2, 2 ** 32 - 1] }, 'batch.offsets[2]',
      '<= 6, the length of batch.data', '4294967295');
    outOfRange({ data: new Uint8Array(5) }, 'batch.sizes[2]',
      '<= 1, up to the end of batch.data', '2');
  });

  it('name a port that is not valid', () => {
    const badPort = (ports, name, received) =>
      rejects({ ports }, RangeError, 'ERR_SOCKET_BAD_PORT',
        `${name} should be > 0 and < 65536. Received ${received}.`);
    badPort(0, 'batch.ports', 'type number (0)');
    badPort('x', 'batch.ports', "type string ('x')");
    badPort(Uint16Array.of(1, 0, 1), 'batch.ports[1]', 'type number (0)');
    badPort([1, 1, 65536], 'batch.ports[2]', 'type number (65536)');
    badPort([1, null, 1], 'batch.ports[1]', 'null');
  });

  it('name an address that is not valid', () => {
    wrongType('batch.addresses[1]', [AT, 5, AT], 'of type string',
      'type number (5)');
    for (const [addresses, name, received] of [
      [[AT, AT, 'name'], 'batch.addresses[2]', "'name'"],
      [['::1', AT, AT], 'batch.addresses[0]', "'::1'"],
      ['name', 'batch.addresses', "'name'"],
    ]) {
      rejects({ addresses }, TypeError, 'ERR_INVALID_ARG_VALUE',
        `The property '${name}' must be a numeric IPv4 address; ` +
        `sendMany does not perform DNS resolution. Received ${received}`);
    }
  });

  it('name an invalid callback before the columns are read', () => {
    const batch = { get count() { return assert.fail('read'); } };
    throwsCode(() => socket.sendMany(batch, 5), TypeError,
      'ERR_INVALID_ARG_TYPE', 'The "callback" argument must be of type ' +
      'function. Received type number (5)');
  });
});

describeNative('hostile columns of sendMany()', () => {
  let socket;
  let receiver;
  let port;

  beforeEach(async () => {
    socket = await bound();
    receiver = await bound();
    ({ port } = receiver.address());
  });

  const detach = ({ buffer }) =>
    structuredClone(buffer, { transfer: [buffer] });

  const ROWS = { count: 2, offsets: [0, 32], sizes: [32, 32] };

  it('reads each property once', async () => {
    const reads = [];
    const texts = receiveText(receiver, 2);
    const batch = { ...ROWS, data: Buffer.alloc(64, 'x'), ports: port,
      addresses: AT };
    socket.sendMany(new Proxy(batch, {
      get(target, name) {
        reads.push(name);
        return target[name];
      },
    }));
    assert.deepStrictEqual(reads,
      ['count', 'data', 'offsets', 'sizes', 'ports', 'addresses']);
    assert.deepStrictEqual(await texts, ['x'.repeat(32), 'x'.repeat(32)]);
  });

  it('checks data that is detached while it reads the addresses', () => {
    for (const column of ['data', 'offsets', 'sizes']) {
      const batch = {
        count: 2, data: new Uint8Array(64), offsets: Uint32Array.of(0, 32),
        sizes: Uint32Array.of(32, 32), ports: port,
      };
      batch.addresses = Object.defineProperty([AT, AT], 1, {
        get() {
          detach(batch[column]);
          return AT;
        },
      });
      assert.throws(() => socket.sendMany(batch), { code: 'ERR_OUT_OF_RANGE' });
    }
  });

  it('rejects detached columns', () => {
    for (const column of ['data', 'offsets', 'sizes']) {
      const batch = {
        count: 1, data: new Uint8Array(64), offsets: Uint32Array.of(0),
        sizes: Uint32Array.of(32), ports: port,
      };
      detach(batch[column]);
      assert.throws(() => socket.sendMany(batch), { code: 'ERR_OUT_OF_RANGE' });
    }
  });

  it('fails datagrams whose memory is detached after the checks', async () => {
    for (const column of ['data', 'offsets', 'sizes']) {
      const unbound = open('udp4');
      const batch = {
        count: 2, data: new Uint8Array(64), offsets: Uint32Array.of(0, 32),
        sizes: Uint32Array.of(32, 32), ports: port,
      };
      const { bindSync } = unbound;
      unbound.bindSync = function() {
        detach(batch[column]);
        return bindSync.call(this);
      };
      assert.deepStrictEqual(await sendAll(unbound, batch), [2, 'EINVAL', 0]);
    }
  });

  it('reads the true length of a subclass', async () => {
    class Long extends Uint8Array {
      get length() { return 1e6; }
      get byteLength() { return 1e6; }
    }
    class Rows extends Uint32Array {
      get length() { return 1000; }
    }
    const batch = { ...ROWS, data: new Uint8Array(64), ports: port };
    assert.throws(() => socket.sendMany({ ...batch, data: new Long(63) }),
      { code: 'ERR_OUT_OF_RANGE' });
    assert.throws(() => socket.sendMany(
      { ...batch, count: 1000, offsets: new Rows(2) }),
    { code: 'ERR_OUT_OF_RANGE' });
    const texts = receiveText(receiver, 2);
    await sendAll(socket, { ...batch, data: new Long(64) });
    assert.strictEqual((await texts).length, 2);
  });

  it('sends from shared memory', async () => {
    const data = new Uint8Array(new SharedArrayBuffer(64)).fill(120);
    const offsets = new Uint32Array(new SharedArrayBuffer(8));
    const sizes = new Uint32Array(new SharedArrayBuffer(8)).fill(3);
    const texts = receiveText(receiver, 4);
    await sendAll(socket, { count: 2, data, offsets, sizes, ports: port });
    const unbound = open('udp4');
    unbound.bind(0, AT);
    await sendAll(unbound, { count: 2, data, offsets, sizes, ports: port });
    assert.deepStrictEqual(await texts, ['xxx', 'xxx', 'xxx', 'xxx']);
  });

  ('resize' in ArrayBuffer.prototype ? it : it.skip)(
    'checks resizable memory', async () => {
      /* eslint-disable n/no-unsupported-features/es-syntax */
      const buffer = new ArrayBuffer(64, { maxByteLength: 128 });
      const fixed = new Uint8Array(buffer, 0, 64);
      const tracking = new Uint8Array(buffer, 8);
      const texts = receiveText(receiver, 2);
      await sendAll(socket, { ...ROWS, data: fixed, ports: port });
      await texts;
      buffer.resize(63);
      for (const data of [fixed, tracking]) {
        assert.throws(() => socket.sendMany({ ...ROWS, data, ports: port }),
          { code: 'ERR_OUT_OF_RANGE' });
      }
      const batch = { ...ROWS, data: tracking };
      buffer.resize(72);
      Object.defineProperty(batch, 'ports', {
        get() {
          buffer.resize(71);
          return port;
        },
      });
      assert.throws(() => socket.sendMany(batch), { code: 'ERR_OUT_OF_RANGE' });
    });

  it('passes on the errors of getters and proxies', () => {
    const mine = new Error('mine');
    const fail = () => { throw mine; };
    const batch = { ...ROWS, data: Buffer.alloc(64), ports: [port, port],
      addresses: [AT, AT] };
    for (const name of Object.keys(batch)) {
      const hostile = Object.defineProperty({ ...batch }, name, { get: fail });
      assert.throws(() => socket.sendMany(hostile), mine);
      if (!Array.isArray(batch[name])) continue;
      const proxy = new Proxy(batch[name], { get: fail });
      assert.throws(() => socket.sendMany({ ...batch, [name]: proxy }), mine);
    }
  });

  it('survives a getter that closes the socket', () => {
    const batch = { ...ROWS, data: Buffer.alloc(64), ports: port };
    Object.defineProperty(batch, 'addresses', {
      get() { return void socket.close(); },
    });
    assert.throws(() => socket.sendMany(batch),
      { code: 'ERR_SOCKET_DGRAM_NOT_RUNNING' });
  });

  it('survives a getter that sends columns', async () => {
    const texts = receiveText(receiver, 4);
    const batch = { ...ROWS, data: Buffer.alloc(64, 'x'), ports: port };
    Object.defineProperty(batch, 'addresses', {
      get() {
        socket.sendMany({ ...ROWS, data: Buffer.alloc(64, 'y'), ports: port });
        return [AT, '127.0.0.1'];
      },
    });
    await sendAll(socket, batch);
    assert.strictEqual((await texts).map((text) => text[0]).join(''), 'yyxx');
  });
});

describeNative('sendMany() with columns from other realms', () => {
  it('accepts their arrays', async () => {
    const receiver = await bound();
    const texts = receiveText(receiver, 2);
    const batch = require('node:vm').runInNewContext(`({
      count: 2, data: Uint8Array.of(97, 98), offsets: Uint32Array.of(0, 1),
      sizes: [1, 1], addresses: ['127.0.0.1', '127.0.0.1'],
    })`);
    const socket = dgram.createSocket('udp4');
    await sendAll(socket, { ...batch, ports: receiver.address().port });
    const closed = once(socket, 'close');
    socket.close();
    await closed;
    assert.deepStrictEqual(await texts, ['a', 'b']);
  });
});
