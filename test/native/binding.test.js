'use strict';

// The native functions that lib/ uses, with valid and invalid arguments.

const assert = require('node:assert');
const os = require('node:os');
const { setTimeout: sleep } = require('node:timers/promises');

const { codes, inner, load, open, until } = require('./kit');

const { EADDRINUSE, EADDRNOTAVAIL, EBADF, EBUSY, EEXIST, EINVAL, ENOTCONN } =
  codes;
const isWindows = process.platform === 'win32';
const hasIp6 = Object.values(os.networkInterfaces()).flat()
  .some(({ address }) => address === '::1');
const itUnix = isWindows ? it.skip : it;
/** The error of an option of a handle that has no socket yet. */
const NO_SOCKET = isWindows ? 'ENOTSOCK' : 'EBADF';

describe('binding', () => {
  let core;

  beforeEach(() => { core = open(); });

  afterEach(() => { core.closeAll(); });

  it('exports the name of its transport', () => {
    assert.match(core.binding.transport, /^(uv|linux)$/);
  });

  describe('a handle', () => {
    it('has the methods of a Node handle on its prototype', () => {
      for (const name of [
        'bind', 'bind6', 'connect', 'connect6', 'disconnect', 'getsockname',
        'getpeername', 'addMembership', 'dropMembership', 'setTTL',
        'addSourceSpecificMembership', 'dropSourceSpecificMembership',
        'setMulticastInterface', 'setMulticastTTL', 'setMulticastLoopback',
        'setBroadcast', 'bufferSize', 'getSendQueueSize', 'getSendQueueCount',
        'recvStart', 'recvStop', 'ref', 'unref', 'hasRef', 'open',
      ]) {
        const property =
          Object.getOwnPropertyDescriptor(core.Handle.prototype, name);
        const { value, ...flags } = property;
        assert.strictEqual(typeof value, 'function', name);
        assert.deepStrictEqual(flags,
          { writable: true, enumerable: true, configurable: true }, name);
      }
    });

    it('has no descriptor before bind or after close', () => {
      const handle = new core.Handle();
      assert.strictEqual(handle.fd, EBADF);
      assert.strictEqual(handle.getsockname({}), EBADF);
      assert.strictEqual(handle.bind('127.0.0.1', 0, 0), 0);
      if (!isWindows) assert.ok(handle.fd > 0);
      handle.close();
      assert.strictEqual(handle.fd, EBADF);
    });

    it('is identified by its id', () => {
      const { handle } = core.bound();
      const { fd } = handle;
      const { prototype } = core.Handle;
      const { binding } = core;
      const get = (id) => Reflect.get(prototype, 'fd', { id });
      const calls = [
        get, binding.startReceiving, (id) => binding.closeSocket(id, false),
        (id) => binding.bindSocket(id, 4, '127.0.0.1', 0, 0),
      ];
      assert.strictEqual(get(handle.id), fd);
      for (const id of [
        undefined, null, `${handle.id}`, {}, -1, 0, 2 ** 31, 2 ** 32, 1e300,
        NaN, { id: handle.id }, { valueOf: () => handle.id },
      ])
        for (const call of calls) assert.strictEqual(call(id), EBADF);
      handle.close();
      for (const call of calls) assert.strictEqual(call(handle.id), EBADF);
    });

    it('has methods that accept any receiver', () => {
      const { recvStop } = core.Handle.prototype;
      const get = () => { throw new URIError(); };
      for (const receiver of [
        undefined, null, 1, 'x', Symbol('x'), {}, () => {}, new inner.Sources(),
        Object.defineProperty({}, 'id', { get }), new Proxy({}, { get }),
      ])
        assert.strictEqual(recvStop.call(receiver), EBADF);
    });

    it('returns addresses in the format of Node', () => {
      const { handle, port } = core.bound();
      const name = {};
      assert.strictEqual(handle.getsockname(name), 0);
      assert.deepStrictEqual(Object.entries(name),
        [['address', '127.0.0.1'], ['family', 'IPv4'], ['port', port]]);
      assert.strictEqual(handle.getpeername({}), ENOTCONN);
      assert.strictEqual(handle.connect('127.0.0.1', 9), 0);
      assert.strictEqual(handle.getpeername(name), 0);
      assert.strictEqual(name.port, 9);
      assert.strictEqual(handle.disconnect(), 0);
      assert.strictEqual(handle.disconnect(), ENOTCONN);
    });

    it('takes ports modulo 65536', () => {
      for (const [port, expected] of [
        [70000, 4464], [-1 - 65536 + 4465, 4464], ['4464', 4464],
      ]) {
        const handle = new core.Handle();
        const name = {};
        assert.strictEqual(handle.connect('127.0.0.1', port), 0);
        assert.strictEqual(handle.getpeername(name), 0);
        assert.strictEqual(name.port, expected);
      }
    });

    it('returns the libuv code if bind fails', () => {
      const { handle, port } = core.bound();
      const other = () => new core.Handle();
      assert.strictEqual(handle.bind('127.0.0.1', 0, 0), EINVAL);
      assert.strictEqual(other().bind('127.0.0.1', port, 0), EADDRINUSE);
      assert.strictEqual(other().bind('192.0.2.1', 0, 0), EADDRNOTAVAIL);
      assert.strictEqual(other().bind('127.0.0.1', 0, 1), EINVAL);
      assert.strictEqual(other().bind6('127.0.0.1', 0, 0), EINVAL);
      assert.strictEqual(other().bind('::1', 0, 0), EINVAL);
    });

    it('describes the error if a buffer size cannot be set', () => {
      const context = {};
      assert.strictEqual(
        new core.Handle().bufferSize(0, true, context), undefined);
      assert.deepStrictEqual(Object.entries(context).filter(
        ([name]) => name !== 'message'), [
        ['errno', codes[NO_SOCKET]], ['code', NO_SOCKET],
        ['syscall', 'uv_recv_buffer_size'],
      ]);
      assert.deepStrictEqual(Object.keys(context),
        ['errno', 'code', 'message', 'syscall']);

      const { handle } = core.bound();
      handle.bufferSize(2 ** 31, false, context);
      assert.deepStrictEqual([context.code, context.syscall],
        ['EINVAL', 'uv_send_buffer_size']);
      assert.ok(handle.bufferSize(0, true, {}) > 0);
      assert.ok(handle.bufferSize(16384, false, {}) >= 16384);
    });

    it('converts numbers as Node does', () => {
      const { handle } = core.bound();
      assert.strictEqual(handle.setTTL(NaN), EINVAL);
      assert.strictEqual(handle.setTTL('12'), 0);
      assert.strictEqual(handle.setTTL(2 ** 32 + 5), 0);
      assert.strictEqual(handle.setTTL(256), EINVAL);
      assert.strictEqual(handle.setBroadcast(true), 0);
      assert.throws(() => handle.setTTL(Symbol('x')), TypeError);
      assert.throws(() => handle.setTTL(1n), TypeError);
      const hostile = { valueOf() { throw new URIError(); } };
      assert.throws(() => handle.setTTL(hostile), URIError);
    });

    it('joins and leaves multicast groups', function () {
      const { handle } = core.bound();
      const code = handle.addMembership('224.0.0.114', '127.0.0.1');
      if (code === codes.ENODEV) this.skip();
      assert.strictEqual(code, 0);
      assert.strictEqual(
        handle.dropMembership('224.0.0.114', '127.0.0.1'), 0);
      assert.strictEqual(handle.dropMembership('224.0.0.114', '127.0.0.1'),
                         EADDRNOTAVAIL);
      assert.strictEqual(handle.addMembership('x', undefined), EINVAL);
      assert.strictEqual(handle.addSourceSpecificMembership(
        '127.0.0.1', '232.1.1.1', '127.0.0.1'), 0);
      assert.strictEqual(handle.dropSourceSpecificMembership(
        '127.0.0.1', '232.1.1.1', '127.0.0.1'), 0);
    });
  });

  describe('sharing a port', () => {
    const { REUSEADDR, REUSEPORT, IPV6ONLY } = load().flags;
    const balances = process.platform === 'linux';

    for (const [name, method, address, flags] of [
      ['IPv4', 'bind', '127.0.0.1', REUSEPORT],
      ['IPv4, with reuseAddr', 'bind', '127.0.0.1', REUSEPORT | REUSEADDR],
      ['IPv6', 'bind6', '::1', REUSEPORT],
      ['IPv6 only', 'bind6', '::1', REUSEPORT | IPV6ONLY],
    ]) {
      (balances ? it : it.skip)(`requires the flag: ${name}`, function () {
        if (method === 'bind6' && !hasIp6) this.skip();
        const first = new core.Handle();
        const name = {};
        const port = () => (first.getsockname(name), name.port);
        assert.strictEqual(first[method](address, 0, flags), 0);
        assert.strictEqual(
          new core.Handle()[method](address, port(), flags), 0);
        assert.strictEqual(
          new core.Handle()[method](address, port(), 0), EADDRINUSE);
        // With SO_REUSEADDR the second socket would take over the port. libuv
        // sets it on every descriptor that is passed to uv_udp_open().
        if (!(flags & REUSEADDR)) {
          assert.strictEqual(
            new core.Handle()[method](address, port(), REUSEADDR), EADDRINUSE);
        }
      });
    }

    (balances ? it.skip : it)('needs a kernel that balances the load', () => {
      const handle = new core.Handle();
      const open = core.binding.stats().open;
      assert.ok([codes.ENOTSUP, 0].includes(
        handle.bind('127.0.0.1', 0, REUSEPORT)));
      assert.strictEqual(core.binding.stats().open, open);
    });

    it('requires an IPv6 address for IPV6ONLY', () => {
      assert.strictEqual(
        new core.Handle().bind('127.0.0.1', 0, REUSEPORT | IPV6ONLY), EINVAL);
    });
  });

  describe('descriptors', () => {
    itUnix('can be shared and adopted', () => {
      const { handle, port } = core.bound();
      const copy = handle.share();
      assert.ok(copy > handle.fd);
      const other = new core.Handle();
      assert.strictEqual(other.adopt(copy), 0);
      assert.notStrictEqual(other.fd, copy);
      core.binding.closeFd(copy);
      assert.strictEqual(core.binding.guessHandleType(copy), 'UNKNOWN');
      const name = {};
      assert.strictEqual(other.getsockname(name), 0);
      assert.strictEqual(name.port, port);
    });

    itUnix('are rejected if invalid or in use', () => {
      const { handle } = core.bound();
      handle.recvStart();
      assert.strictEqual(new core.Handle().open(handle.fd), EEXIST);
      assert.strictEqual(handle.open(handle.fd), EBUSY);
      for (const fd of [-1, 99999, NaN - 1, 2 ** 31])
        assert.ok(new core.Handle().open(fd) < 0, `${fd}`);
      assert.strictEqual(new core.Handle().adopt(99999), EBADF);
      assert.strictEqual(new core.Handle().share(), EBADF);
    });

    itUnix('have types', () => {
      const { handle } = core.bound();
      const { guessHandleType } = core.binding;
      assert.strictEqual(guessHandleType(handle.fd), 'UDP');
      for (const fd of [-1, -(2 ** 31)])
        assert.strictEqual(guessHandleType(fd), 'INVALID');
    });

    itUnix('do not leak', async () => {
      const { readdirSync, existsSync } = require('node:fs');
      if (!existsSync('/proc/self/fd')) return;
      const count = () => readdirSync('/proc/self/fd').length;
      const closed = () => core.binding.stats().open === 0;
      await until(closed); // Those of earlier tests.
      const before = count();
      const { REUSEPORT } = core.binding.flags;
      const { port } = core.bound();
      for (let i = 0; i < 20; i++) {
        const handle = new core.Handle();
        assert.strictEqual(handle.bind('127.0.0.1', port, REUSEPORT),
                           EADDRINUSE);
        assert.strictEqual(handle.adopt(1) < 0, true);
        assert.strictEqual(handle.bind('127.0.0.1', 0, REUSEPORT), 0);
        handle.recvStart();
        core.binding.closeFd(handle.share());
      }
      core.closeAll();
      await until(closed);
      assert.strictEqual(count(), before);
    });
  });

  describe('a receiver that is not a handle', () => {
    const other = open();
    const prototype = {};
    other.binding.define(prototype);
    const methods = Object.keys(prototype);

    for (const [name, make] of [
      ['a plain object', () => ({})],
      ['undefined', () => undefined],
      ['a number', () => 5],
      ['the prototype', () => other.Handle.prototype],
      ['an object of another addon', () => new inner.Sources()],
    ]) {
      it(`returns EBADF: ${name}`, () => {
        const receiver = make(new other.Handle());
        other.closeAll();
        for (const method of methods) {
          if (method === 'fd') continue;
          const answer = other.Handle.prototype[method].call(receiver);
          const quiet = { ref: undefined, unref: undefined, hasRef: false };
          assert.strictEqual(answer,
            method in quiet ? quiet[method] : EBADF, method);
        }
        assert.strictEqual(
          Reflect.get(other.Handle.prototype, 'fd', receiver), EBADF);
      });
    }
  });

  describe('a closed handle', () => {
    it('returns EBADF from every method', () => {
      const { handle } = core.bound();
      handle.recvStart();
      assert.strictEqual(handle.close(), 0);
      const quiet = { ref: undefined, unref: undefined, hasRef: false };
      for (const method of Object.keys(core.Handle.prototype)) {
        if (method === 'fd' || method === 'bufferSize') continue;
        const args = /^(bind|connect)/.test(method) ?
          [method.endsWith('6') ? '::1' : '127.0.0.1', 1, 0] :
          ['224.0.0.114', '232.0.0.1', '127.0.0.1'];
        assert.strictEqual(handle[method](...args),
          method in quiet ? quiet[method] : EBADF, method);
      }
      const context = {};
      handle.bufferSize(0, true, context);
      assert.strictEqual(context.errno, EBADF);
      assert.deepStrictEqual(core.send([handle, 0, 'x']).statuses, [EBADF]);
    });

    it('calls the closed hook if requested', async () => {
      const quiet = new core.Handle();
      const loud = new core.Handle();
      const called = [];
      quiet.onClosed = () => called.push('quiet');
      loud.onClosed = () => called.push('loud');
      quiet.close(false);
      loud.close(true);
      assert.deepStrictEqual(called, [], 'not synchronously');
      await until(() => core.binding.stats().open === 0);
      await sleep(5);
      assert.deepStrictEqual(called, ['loud']);
    });

    it('frees its port immediately', () => {
      const { handle, port } = core.bound();
      handle.recvStart();
      handle.close();
      assert.strictEqual(new core.Handle().bind('127.0.0.1', port, 0), 0);
    });
  });

  describe('texts', () => {
    const bad = [
      '127.0.0.1\0', '\0', '127.0.0.1\0.evil', 'x'.repeat(1 << 20), '',
      '\ud800', '１２７.0.0.1', undefined, null, 2130706433, {}, Symbol('x'),
      new String('127.0.0.1'),
    ];

    for (const text of bad) {
      const shown = String(typeof text === 'string' ?
        JSON.stringify(text.slice(0, 20)) :
        typeof text);
      it(`are rejected as an address: ${shown} ${bad.indexOf(text)}`, () => {
        const { handle } = core.bound();
        assert.strictEqual(new core.Handle().bind(text, 0, 0), EINVAL);
        assert.strictEqual(handle.connect(text, 9), EINVAL);
        assert.strictEqual(core.binding.setDestination(1, 4, text, 9), EINVAL);
        assert.strictEqual(handle.setMulticastInterface(text), EINVAL);
        assert.strictEqual(handle.addMembership(text, undefined), EINVAL);
        if (text != null)
          assert.strictEqual(handle.addMembership('224.0.0.114', text), EINVAL);
        assert.strictEqual(
          handle.addSourceSpecificMembership(text, '232.1.1.1'), EINVAL);
        assert.strictEqual(
          handle.addSourceSpecificMembership('1.1.1.1', text), EINVAL);
      });
    }

    it('are never truncated, not even within a character', () => {
      // Truncated, the text would be an address.
      for (let length = 200; length < 300; length++) {
        for (const tail of ['€', '\u{1f600}', 'ä', 'x']) {
          const text = `::1%${'x'.repeat(length)}${tail}`;
          assert.strictEqual(core.binding.setDestination(1, 6, text, 9),
            Buffer.byteLength(text) < 252 ? 0 : EINVAL, `${length} ${tail}`);
        }
      }
    });
  });

  describe('a send batch', () => {
    it('is validated', () => {
      const { binding, batch, layout } = core;
      for (const [id, count] of [
        [batch.id, layout.BATCH_SENDS + 1], [batch.id, 0xffffffff],
        [batch.id, -1],
        [batch.id + 1, 1], [-1, 1], [0xffffffff, 0],
      ])
        assert.throws(() => binding.flush(id, count), RangeError);
      assert.strictEqual(binding.flush(batch.id, 0), 0);
      assert.throws(() => binding.flush(Symbol('x'), 0), TypeError);
    });

    for (const part of ['sends', 'arena']) {
      it(`is rejected if its ${part} memory was transferred`, () => {
        const { batch } = core;
        structuredClone(batch[part], { transfer: [batch[part]] });
        assert.throws(() => core.binding.flush(batch.id, 1), RangeError);
      });
    }

    it('has memory of its own', () => {
      const { binding, layout } = core;
      const batches = Array.from({ length: 20 }, () => binding.openSendBatch());
      assert.strictEqual(new Set(batches.map(({ id }) => id)).size, 20);
      for (const { id, sends, arena } of batches) {
        assert.strictEqual(sends.byteLength,
                           (layout.BATCH_DEFERRED + 1) * 4);
        assert.strictEqual(arena.byteLength, core.layout.BATCH_ARENA);
        assert.strictEqual(core.binding.flush(id, 1), 0);
      }
    });
  });

  describe('a watched send batch', () => {
    /** Appends a datagram as lib/batch/send-batch.js does, without a flush. */
    function append(handle, peer) {
      const { batch, layout } = core;
      const words = new Uint32Array(batch.sends);
      words.set([handle.id, peer, 0, 0, 5, 0, 0]);
      Buffer.from(batch.arena).write('stuck');
      words[layout.BATCH_PENDING] = 1;
      return words;
    }

    it('is reported and sent when the loop continues', async () => {
      const { binding, batch, layout } = core;
      const { handle, port } = core.bound();
      const texts = [];
      handle.onMessage = (text) => texts.push(text);
      handle.recvStart();
      assert.strictEqual(binding.setDestination(1, 4, '127.0.0.1', port), 0);
      let calls = 0;
      const words = append(handle, 1);
      core.onStalled = () => {
        calls++;
        // Marks the statuses as read.
        if (words[layout.BATCH_PENDING] >= layout.BATCH_SENT)
          words[layout.BATCH_PENDING] = 0;
      };
      // On Windows exit() sends nothing.
      assert.strictEqual(binding.watchSendBatch(batch.id, false),
        isWindows ? codes.ENOTSUP : 0);
      await until(() => texts.length === 1);
      assert.deepStrictEqual(texts, ['stuck']);
      await until(() => words[layout.BATCH_PENDING] === 0);
      const before = calls;
      assert.ok(before >= 2, `${before} calls`);
      for (let i = 0; i < 3; i++) await new Promise(setImmediate);
      assert.strictEqual(calls, before);
    });

    it('must exist', () => {
      const { binding, batch } = core;
      assert.throws(() => binding.watchSendBatch(Symbol('x'), true), TypeError);
      assert.strictEqual(binding.watchSendBatch(batch.id + 1, true),
                         codes.EINVAL);
    });
  });

  describe('hook', () => {
    it('requires three functions', () => {
      const f = () => {};
      for (const hooks of [
        {}, { deliver: f, complete: f }, { deliver: f, complete: f, closed: 1 },
      ])
        assert.throws(() => core.binding.hook(hooks), TypeError);
      assert.throws(() => core.binding.hook(), Error);
      assert.throws(() => core.binding.hook({
        get deliver() { throw new URIError(); },
      }), URIError);
    });
  });

  it('can be loaded several times in one process', () => {
    const other = open();
    const mine = core.bound();
    assert.strictEqual(other.binding.stats().sockets, 0);
    assert.deepStrictEqual(other.send([mine.handle, 0, 'x']).statuses, [EBADF]);
  });
});
