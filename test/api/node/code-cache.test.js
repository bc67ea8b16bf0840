'use strict';

// V8's code cache of the package: used if it was made for this Node, from these
// sources; else the package works without it.

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const {
  describeNative, packed, run, temporary,
} = require('../../support/dgram');

const { version } = require(path.join(packed.directory, 'package.json'));
const { fileOf } = require(path.join(
  packed.directory, 'dist', 'code-cache.js'));

/** The length of the data is in the first 8 bytes. */
const HEADER = 8;

/** Reports the state of the cache, an echo, and the file of a stack trace. */
const PROGRAM = `'use strict';
const path = require('node:path');
const main = process.argv[2];
const dgram = require(main);
const { copies } = require('node:dgram')[Symbol.for('dgram-native')];
const socket = dgram.createSocket('udp4');
socket.on('message', (message) => {
  socket.close();
  let place = '';
  try { socket.address(); } catch ({ stack }) {
    place = /at (.*) \\((.*evaluate\\.js):(\\d+):\\d+\\)/.exec(stack).slice(1);
  }
  console.log(JSON.stringify([
    copies[path.dirname(main)].codeCache, String(message), ...place]));
}).bind(0, '127.0.0.1', () => {
  socket.send('hello', socket.address().port, '127.0.0.1');
});
`;

const IN_USE = 'in use';
const ABSENT = 'none';
const DAMAGED = 'not used: stale or damaged';
const REJECTED = 'not used: made with other V8 flags';

/** Before V8 12 the folder is part of the cache. */
const IS_BOUND = parseInt(process.versions.v8, 10) < 12;

describeNative('the code cache', () => {
  let program;
  const folders = [];

  before(() => { program = temporary('code-cache.js', PROGRAM); });

  after(() => {
    for (const folder of folders) {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  });

  const isCache = (name) => name.endsWith('.cache');

  /** A copy of the package in its own folder, without a cache. */
  function copy() {
    const folder = fs.realpathSync(
      fs.mkdtempSync(path.join(os.tmpdir(), 'dgram-code-cache-')));
    folders.push(folder);
    fs.cpSync(packed.directory, folder, { recursive: true });
    const dist = path.join(folder, 'dist');
    for (const name of fs.readdirSync(dist).filter(isCache)) {
      fs.rmSync(path.join(dist, name));
    }
    return { folder, dist, file: fileOf(dist, version) };
  }

  /** Runs what npm runs at the end of an installation. */
  async function install({ folder }, options) {
    const { code, reports, stderr } =
      await run([path.join(folder, 'scripts', 'code-cache.js')], options);
    assert.deepStrictEqual({ code, reports, stderr },
                           { code: 0, reports: [], stderr: '' });
  }

  async function installed() {
    const made = copy();
    await install(made);
    return made;
  }

  async function check({ dist }, expected, options) {
    const { code, signal, reports, stderr } =
      await run([program, path.join(dist, 'index.js')], options);
    assert.deepStrictEqual({ code, signal, stderr },
                           { code: 0, signal: null, stderr: '' });
    const [[state, message, name, file, line]] = reports;
    assert.deepStrictEqual({ state, message, name, file }, {
      state: expected, message: 'hello', name: 'Socket.address',
      file: path.join(dist, 'evaluate.js'),
    });
    const text = fs.readFileSync(file, 'utf8').split('\n');
    assert.match(text.slice(line - 4, line).join('\n'),
                 /Socket\.prototype\.address = /);
  }

  it('is used by these tests', async () => {
    await check({ dist: path.dirname(packed.main) }, IN_USE);
  });

  it('is not a property that Object.prototype has got', async () => {
    const made = copy();
    const preload = temporary('evaluate.js', `
      Object.prototype.evaluate = () => { throw new Error('called'); };
    `);
    await check(made, ABSENT, { execArgv: ['--require', preload] });
  });

  it('is used after installation; the package works without', async () => {
    const made = copy();
    await check(made, ABSENT);
    assert.deepStrictEqual(
      fs.readdirSync(made.dist).filter(isCache), []);
    await install(made);
    await check(made, IN_USE);
    assert.deepStrictEqual(
      fs.readdirSync(made.dist).filter((name) => name.startsWith('evaluate')),
      [path.basename(made.file), 'evaluate.js'].sort());
  });

  it('contains functions that are compiled when first called', async () => {
    const { dist, file } = await installed();
    const { compile } = require(path.join(dist, 'code-cache.js'));
    const source = fs.readFileSync(path.join(dist, 'evaluate.js'));
    const { Script } = require('node:vm');
    const loaded = compile(Script, source, dist).createCachedData().length;
    const length = fs.readFileSync(file).readUInt32LE();
    assert.ok(length > 1.2 * loaded, `${length} bytes, ${loaded} without`);
  });

  it('is used in a folder that was moved, from V8 12 on', async () => {
    const { folder } = await installed();
    const moved = `${folder}-moved`;
    folders.push(moved);
    fs.renameSync(folder, moved);
    await check({ dist: path.join(moved, 'dist') },
                IS_BOUND ? DAMAGED : IN_USE);
  });

  it('is not used if any byte of it has changed', async () => {
    const { dist, file } = await installed();
    const bytes = fs.readFileSync(file);
    const length = bytes.readUInt32LE();
    const places = [0, 3, HEADER, HEADER + 24, HEADER + 32, HEADER + 100,
                    HEADER + (length >> 1), HEADER + length - 1,
                    HEADER + length, HEADER + 2 * length, bytes.length - 1];
    for (const place of places) {
      const damaged = Buffer.from(bytes);
      damaged[place] ^= 0x10;
      fs.writeFileSync(file, damaged);
      await check({ dist }, DAMAGED);
    }
  });

  it('is not used if it is cut short, empty, zeros or a folder', async () => {
    const { dist, file } = await installed();
    const bytes = fs.readFileSync(file);
    for (const length of [0, 4, HEADER, 1000, bytes.length >> 1,
                          bytes.length - 1]) {
      fs.writeFileSync(file, bytes.subarray(0, length));
      await check({ dist }, DAMAGED);
    }
    fs.writeFileSync(file, Buffer.alloc(bytes.length));
    await check({ dist }, DAMAGED);
    fs.rmSync(file);
    fs.mkdirSync(file);
    await check({ dist }, ABSENT);
  });

  it('is not used for another source of the same length', async () => {
    const made = await installed();
    const source = path.join(made.dist, 'evaluate.js');
    const text = fs.readFileSync(source, 'utf8');
    fs.writeFileSync(source, text.replace('Generated', 'generated'));
    await check(made, DAMAGED);
    await install(made);
    await check(made, IN_USE);
  });

  it('is not used with other V8 flags', async () => {
    const execArgv = ['--stack-size=900'];
    await check(await installed(), REJECTED, { execArgv });
  });

  it('is not used by another build of the same version of Node', async () => {
    const preload = temporary('build.js', `
      const versions = { ...process.versions, zlib: 'of the distribution' };
      Object.defineProperty(process, 'versions', { value: versions });
    `);
    await check(await installed(), DAMAGED,
                { execArgv: ['--require', preload] });
  });

  it('is not used for coverage', async () => {
    const made = await installed();
    await check(made, ABSENT,
                { env: { NODE_V8_COVERAGE: path.join(made.folder, 'v8') } });
  });

  it('is used by worker threads', async () => {
    const { dist } = await installed();
    const file = temporary('worker.js', `
      const { Worker } = require('node:worker_threads');
      new Worker(process.argv[2], { argv: process.argv.slice(3) });
    `);
    const { reports, stderr } =
      await run([file, program, path.join(dist, 'index.js')]);
    assert.strictEqual(stderr, '');
    assert.deepStrictEqual(reports[0].slice(0, 2), [IN_USE, 'hello']);
  });

  it('is made without a network', async () => {
    const made = copy();
    const preload = temporary('no-network.js', `
      const dgram = require('node:dgram');
      dgram.createSocket = () => { throw new Error('forbidden'); };
    `);
    await install(made, {
      execArgv: ['--require', preload],
      env: { DGRAM_NATIVE_TRANSPORT: 'node' },
    });
    await check(made, IN_USE);
  });

  it('is made beside a loader that compiles modules', async () => {
    const made = copy();
    const preload = temporary('loader.js', `
      const Module = require('node:module');
      const vm = require('node:vm');
      const { _compile } = Module.prototype;
      Module.prototype._compile = function(content, filename) {
        new vm.Script(Module.wrap(content), { filename });
        return _compile.call(this, content, filename);
      };
    `);
    await install(made, { execArgv: ['--require', preload] });
    await check(made, IN_USE);
  });

  it('is not made for another platform', async () => {
    const made = copy();
    for (const env of [{ npm_config_arch: 'other' },
                       { npm_config_platform: 'other' },
                       { npm_config_runtime: 'electron' }]) {
      await install(made, { env });
    }
    await check(made, ABSENT);
  });

  it('is not made in a read-only folder, silently', async function() {
    if (process.platform === 'win32' || process.getuid() === 0) {
      this.skip(); // the mode of a folder does not apply
    }
    const made = copy();
    fs.chmodSync(made.dist, 0o555);
    try {
      await install(made);
      await check(made, ABSENT);
    } finally {
      fs.chmodSync(made.dist, 0o755);
    }
  });

  it('leaves no file if it cannot be renamed', async () => {
    const made = copy();
    fs.mkdirSync(path.join(made.file, 'in-the-way'), { recursive: true });
    const before = fs.readdirSync(made.dist);
    await install(made);
    assert.deepStrictEqual(fs.readdirSync(made.dist), before);
    await check(made, ABSENT);
  });
});
