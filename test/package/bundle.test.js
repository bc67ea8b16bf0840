'use strict';

// What scripts/bundle.js makes of lib/.

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const acorn = require('acorn');
const esbuild = require('esbuild');

const { bundle, code } = require('../../scripts/bundle');
const kit = require('./kit');

const lib = path.join(kit.root, 'lib');

/** Ids of the files that are bundled, not copied. */
const ids = fs.readdirSync(lib, { recursive: true })
  .filter((name) => /\.js$/.test(name) && name !== 'cli.js')
  .map((name) => name.replace(/\.js$/, '').split(path.sep).join('/'));

const tokensOf = (text) =>
  [...acorn.tokenizer(text, { ecmaVersion: 'latest', allowHashBang: true })]
    .map(({ type, value }) => [type.label, value]);

/** Reports the functions compiled while loading, and by sendMany(). */
const PROGRAM = `
  const vm = require('node:vm');
  const { compileFunction } = vm;
  let count = 0;
  vm.compileFunction = function() {
    count++;
    return Reflect.apply(compileFunction, this, arguments);
  };
  const dgram = require(process.argv[1]);
  const whileLoading = count;
  const socket = dgram.createSocket('udp4');
  socket.bindSync({ port: 0, address: '127.0.0.1' });
  let stack = '';
  try {
    socket.sendMany([1, 2, 3]);
  } catch (error) {
    stack = error.stack;
  }
  socket.close();
  console.log(JSON.stringify(
    [dgram.transport, whileLoading, count - whileLoading, stack]));
`;

/** Calls sendMany() twice; the first file compiled for it throws once. */
const FAILING_PROGRAM = `
  const vm = require('node:vm');
  const { compileFunction } = vm;
  vm.compileFunction = function() {
    vm.compileFunction = compileFunction;
    return () => { throw new Error('injected'); };
  };
  const dgram = require(process.argv[1]);
  const socket = dgram.createSocket('udp4');
  socket.bindSync({ port: 0, address: '127.0.0.1' });
  const errors = [];
  for (let i = 0; i < 2; i++) {
    try {
      socket.sendMany(['x', socket.address().port, '127.0.0.1']);
    } catch ({ message }) {
      errors.push(message);
    }
  }
  socket.on('message', (message) => {
    socket.close();
    console.log(JSON.stringify([dgram.transport, errors, String(message)]));
  });
`;

describe('the bundle', () => {
  before(bundle);

  it('evaluates a file again that threw', () => {
    const { stdout, stderr } = kit.run(process.execPath,
      ['-e', FAILING_PROGRAM, path.join(kit.root, 'dist', 'index.js')],
      { cwd: kit.root, env: process.env });
    assert.strictEqual(stderr, '');
    const [transport, ...rest] = JSON.parse(stdout);
    assert.notStrictEqual(transport, 'node');
    assert.deepStrictEqual(rest, [['injected'], 'x']);
  });

  for (const id of ids) {
    it(`drops only comments and indentation of lib/${id}.js`, () => {
      const text = fs.readFileSync(path.join(lib, `${id}.js`), 'utf8');
      const stripped = code(id);
      assert.deepStrictEqual(tokensOf(stripped), tokensOf(text));
      assert.doesNotMatch(stripped, /^(?: |\/\*|\/\/)/m);
    });
  }

  it('has the names of dgram-native/promises in a minified bundle', () => {
    const file = path.join(kit.temporary('minified'), 'promises.cjs');
    esbuild.buildSync({
      entryPoints: [path.join(kit.root, 'dist', 'promises.js')],
      outfile: file, bundle: true, minify: true, platform: 'node',
    });
    const { stdout, stderr } = kit.run(process.execPath, ['-p', `
      const { Socket, createSocket } = require(process.argv[1]);
      JSON.stringify([Socket.name, createSocket.name])`, file],
      { cwd: kit.root,
        env: { ...process.env, DGRAM_NATIVE_TRANSPORT: 'node' } });
    assert.strictEqual(stderr, '');
    assert.deepStrictEqual(JSON.parse(stdout), ['Socket', 'createSocket']);
  });

  it('compiles sendMany() when it is first called', () => {
    const { stdout, stderr } = kit.run(process.execPath,
      ['-e', PROGRAM, path.join(kit.root, 'dist', 'index.js')],
      { cwd: kit.root, env: process.env });
    assert.strictEqual(stderr, '');
    const [transport, whileLoading, later, stack] = JSON.parse(stdout);
    assert.notStrictEqual(transport, 'node');
    assert.strictEqual(whileLoading, 0);
    assert.ok(later >= 2, `${later} functions`);
    // The stack begins with the method that the program has called.
    assert.match(stack.split('\n').find((line) => /^\s+at /.test(line)),
                 /at Socket\.sendMany \(/);
  });
});
