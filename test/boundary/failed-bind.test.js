'use strict';

// A failed bind closes the descriptor that was opened for it; libuv alone would
// keep it until the handle is closed. The handle keeps its state.

const assert = require('node:assert');
const fs = require('node:fs');

const { codes, open, until } = require('../native/kit');
const { itUnix, run, succeed, succeedWithOurs } = require('./kit');

const { EADDRINUSE, EADDRNOTAVAIL, EBADF, EINVAL } = codes;

describe('a failed bind', () => {
  let core;
  let taken;

  beforeEach(() => {
    core = open();
    taken = core.bound().port;
  });

  afterEach(async () => {
    core.closeAll();
    await until(() => core.binding.stats().open === 0);
  });

  const fail = (handle) =>
    assert.strictEqual(handle.bind('127.0.0.1', taken, 0), EADDRINUSE);

  itUnix('leaves no descriptor open', () => {
    const handle = new core.Handle();
    fail(handle);
    assert.strictEqual(handle.fd, EBADF);
    assert.strictEqual(handle.getsockname({}), EBADF);
    assert.strictEqual(handle.setTTL(1), EBADF);
    assert.strictEqual(handle.bind('192.0.2.1', 0, 0), EADDRNOTAVAIL);
    assert.strictEqual(handle.fd, EBADF);
  });

  itUnix('leaves no descriptor open with reusePort', () => {
    const { REUSEPORT } = core.binding.flags;
    const handle = new core.Handle();
    assert.ok(handle.bind('127.0.0.1', taken, REUSEPORT) < 0);
    assert.strictEqual(handle.fd, EBADF);
  });

  itUnix('leaves no descriptor open in a connect that binds', () => {
    const handle = new core.Handle();
    // Requires SO_BROADCAST.
    assert.strictEqual(handle.connect('255.255.255.255', 9), codes.EACCES);
    assert.strictEqual(handle.fd, EBADF);
    assert.strictEqual(handle.connect('127.0.0.1', 9), 0);
    assert.strictEqual(handle.connect('127.0.0.1', 9), codes.EISCONN);
    assert.ok(handle.fd > 0, 'the descriptor of the first connect');
  });

  itUnix('keeps a descriptor that was open before', () => {
    const { handle } = core.bound();
    const { fd } = handle;
    assert.strictEqual(handle.bind('127.0.0.1', taken, 0), EINVAL);
    assert.strictEqual(handle.fd, fd);
  });

  it('does not change the count of sockets', () => {
    const before = core.binding.stats();
    const handle = new core.Handle();
    for (let i = 0; i < 100; i++) fail(handle);
    const { sockets, open } = core.binding.stats();
    assert.deepStrictEqual({ sockets, open },
      { sockets: before.sockets + 1, open: before.open + 1 });
  });

  it('keeps the reference state of the handle', () => {
    for (const referenced of [true, false]) {
      const handle = new core.Handle();
      if (!referenced) handle.unref();
      fail(handle);
      assert.strictEqual(handle.hasRef(), referenced);
      handle.unref();
      assert.strictEqual(handle.hasRef(), false);
      handle.ref();
      assert.strictEqual(handle.hasRef(), true);
    }
  });

  it('keeps the state of the transport', async () => {
    const handle = new core.Handle();
    const got = [];
    handle.onMessage = (text) => got.push(text);
    // A failing send creates the transport's state for this socket.
    const [status] = core.send([handle, 0, 'x']).statuses;
    assert.strictEqual(status, core.binding.transport === 'uv' ?
      codes.EDESTADDRREQ : EBADF);
    fail(handle);
    // The old socket is freed meanwhile and its memory reused.
    await new Promise(setImmediate);
    for (let i = 0; i < 8; i++) new core.Handle();
    assert.strictEqual(handle.recvStop(), 0);
    assert.strictEqual(handle.getSendQueueCount(), 0);
    assert.strictEqual(handle.bind('127.0.0.1', 0, 0), 0);
    const name = {};
    assert.strictEqual(handle.getsockname(name), 0);
    assert.strictEqual(handle.recvStart(), 0);
    core.binding.setDestination(1, 4, '127.0.0.1', name.port);
    assert.deepStrictEqual(core.send([handle, 1, 'self']).statuses, [4]);
    await until(() => got.length === 1);
    assert.deepStrictEqual(got, ['self']);
  });

  it('causes no additional close callback', async () => {
    const handle = new core.Handle();
    let closed = 0;
    handle.onClosed = () => closed++;
    fail(handle);
    await new Promise(setImmediate);
    fail(handle);
    assert.strictEqual(closed, 0);
    handle.close(true);
    core.closeAll();
    await until(() => core.binding.stats().open === 0);
    await new Promise(setImmediate);
    assert.strictEqual(closed, 1);
  });

  for (const [what, end] of Object.entries({
    'the end of the process': () => process.exit(0),
    'nothing': () => {},
    'the end of its worker': () => {
      const { Worker } = require('node:worker_threads');
      new Worker(`
        const { open } = require(${JSON.stringify(process.argv[1])});
        const core = open();
        const { port } = core.bound();
        const handle = new core.Handle();
        handle.bind('127.0.0.1', port, 0);
        process.exit(0);
      `, { eval: true });
    },
  })) {
    it(`can be followed by ${what}`, async () => {
      const answers = await succeed(`(({ report, native }) => {
        const core = native.open();
        const { port } = core.bound();
        report(new core.Handle().bind('127.0.0.1', port, 0));
        core.closeAll();
        (${end})();
      })`, { argv: [require.resolve('../native/kit')] });
      assert.deepStrictEqual(answers, [EADDRINUSE]);
    });
  }

  const hasProc = fs.existsSync('/proc/self/fd');

  (hasProc ? it : it.skip)('leaves no descriptor in the package', async () => {
    const [before, error, after, bound] = await succeedWithOurs(
      ({ fs, report, load }) => {
        const dgram = load();
        const count = () => fs.readdirSync('/proc/self/fd').length;
        const first = dgram.createSocket('udp4');
        first.bind(0, '127.0.0.1', () => {
          const { port } = first.address();
          report(count());
          const second = dgram.createSocket('udp4');
          second.once('error', ({ code }) => {
            report(code);
            report(count());
            // The socket can be bound and used.
            second.on('message', (msg) => {
              report(`${msg}`);
              first.close();
              second.close();
            });
            second.bind(0, '127.0.0.1', () =>
              first.send('hello', second.address().port, '127.0.0.1'));
          });
          second.bind(port, '127.0.0.1');
        });
      });
    assert.strictEqual(error, 'EADDRINUSE');
    assert.strictEqual(after, before);
    assert.strictEqual(bound, 'hello');
  });

  it('without an \'error\' listener ends the process', async () => {
    const { code, stderr, reports } = await run(({ load }) => {
      const dgram = load();
      const first = dgram.createSocket('udp4');
      first.bind(0, '127.0.0.1', () =>
        dgram.createSocket('udp4').bind(first.address().port, '127.0.0.1'));
    });
    assert.strictEqual(reports.length, 1);
    assert.strictEqual(code, 1);
    assert.match(stderr, /EADDRINUSE/);
  });
});
