'use strict';

// configure() of the addon: JavaScript reads the environment variables, once,
// and passes the settings to C.

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');

const { loadBare } = require('../native/kit');
const { run, succeed, succeedWithOurs } = require('./kit');

const isLinux = process.platform === 'linux';
const itLinux = isLinux ? it : it.skip;
const best = isLinux ? 'linux' : 'uv';
const TOO_LATE =
  'configure() must be called before the first socket is created';

describe('configure()', () => {
  it('chooses the transport', () => {
    const binding = loadBare();
    assert.strictEqual(binding.transport, best);
    binding.configure({ transport: 'uv' });
    assert.strictEqual(binding.transport, 'uv');
    binding.configure({ transport: undefined });
    assert.strictEqual(binding.transport, best);
  });

  it('uses the best transport for any other value', () => {
    const binding = loadBare();
    for (const transport of [
      '', 'UV', 'uv\0', 'epoll', 'x'.repeat(1e6), null, 1, {}, [], Symbol('x'),
    ]) {
      binding.configure({ transport });
      assert.strictEqual(binding.transport, best);
    }
  });

  it('applies to this environment only', () => {
    const one = loadBare();
    const other = loadBare();
    one.configure({ transport: 'uv' });
    assert.strictEqual(other.transport, best);
  });

  it('throws after the first socket, and changes nothing', () => {
    const binding = loadBare();
    class Handle {
      constructor() { this.id = binding.init(); }
    }
    binding.define(Handle.prototype);
    const handle = new Handle();
    assert.throws(() => binding.configure({ transport: 'uv' }),
      { name: 'Error', message: TOO_LATE });
    binding.closeSocket(handle.id, false);
    // A getter of the options may create a socket.
    const late = loadBare();
    assert.throws(() => late.configure({
      get transport() {
        late.init();
        return 'uv';
      },
    }), { message: TOO_LATE });
    assert.strictEqual(late.transport, best);
    assert.strictEqual(binding.transport, best);
  });

  it('throws the error of a getter, and requires an object', () => {
    const binding = loadBare();
    for (const name of ['transport', 'gso', 'gro', 'busyPoll']) {
      assert.throws(() => binding.configure(
        Object.defineProperty({}, name, { get() { throw new URIError(); } })),
      URIError);
    }
    assert.throws(() => binding.configure());
    assert.throws(() => binding.configure(null));
  });

  it('is the only way to change the transport', () => {
    const binding = loadBare();
    assert.throws(() => { binding.transport = 'uv'; }, TypeError);
    assert.strictEqual(binding.transport, best);
  });
});

describe('the environment variables', () => {
  it('are not read by the C core', () => {
    const src = path.join(__dirname, '..', '..', 'src');
    const files = fs.readdirSync(src, { recursive: true })
      .filter((name) => /\.[ch]$/.test(name));
    assert.ok(files.length > 10);
    for (const name of files) {
      const text = fs.readFileSync(path.join(src, name), 'utf8')
        .replace(/\/\*.*?\*\//gs, '');
      assert.doesNotMatch(text, /getenv/, name);
    }
  });

  it('are read when the package is loaded', async () => {
    const { reports } = await run(({ report, load }) => {
      process.env.DGRAM_NATIVE_TRANSPORT = 'uv';
      const { transport } = load();
      process.env.DGRAM_NATIVE_TRANSPORT = 'linux';
      report(transport);
    });
    assert.deepStrictEqual(reports, ['uv', 'uv']);
  });

  itLinux('of a worker apply to that worker', async () => {
    const [here, ...there] = await succeedWithOurs(({ report, load }) => {
      const { Worker } = require('node:worker_threads');
      report(load().transport);
      const file = Object.keys(require.cache)
        .find((name) => /lib.index\.js$/.test(name));
      const worker = new Worker(`
        const { parentPort } = require('node:worker_threads');
        parentPort.postMessage(require(${JSON.stringify(file)}).transport);
      `, { eval: true, env: { DGRAM_NATIVE_TRANSPORT: 'uv' } });
      worker.on('message', report);
    }, { env: { DGRAM_NATIVE_TRANSPORT: 'linux' } });
    assert.deepStrictEqual([here, ...there], ['linux', 'uv']);
  });

  it('for features that are on by default turn them off', async () => {
    for (const [value, expected] of [
      [undefined, true], ['0', false], ['1', true], ['', true], ['no', false],
      ['other', true],
    ]) {
      const env = {
        DGRAM_NATIVE_GSO: value, DGRAM_NATIVE_GRO: value,
        DGRAM_NATIVE_BUSY_POLL: value,
      };
      const [settings] = await succeed(({ report }, file) => {
        const { gso, gro, busyPoll } = require(file).addon;
        report([gso, gro, busyPoll]);
      }, { env, args: [require.resolve('../../lib/load/settings')] });
      assert.deepStrictEqual(settings, [expected, expected, expected]);
    }
  });
});
