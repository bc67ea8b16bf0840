'use strict';

// The command `dgram-native` of an installed package.

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const kit = require('./kit');

/** Prints the implementation of `require('node:dgram')`. */
const PROGRAM = `
const socket = require('node:dgram').createSocket('udp4');
console.log(typeof socket.sendMany);
socket.close();
`;

describe('the command dgram-native', function() {
  this.timeout(300000);
  let directory;
  let env;

  before(() => { ({ directory, env } = kit.installed()); });

  const packageIn = (folder) =>
    path.join(folder, 'node_modules', 'dgram-native');

  function command(args, folder = directory, more = {}) {
    const cli = path.join(packageIn(folder), 'dist', 'cli.js');
    const { status, stdout, stderr } = kit.run(process.execPath,
      [cli, ...args], { cwd: folder, env: { ...env, ...more } });
    return { status, stdout, stderr };
  }

  it('is linked by npm and executable', () => {
    const link = path.join(directory, 'node_modules', '.bin', 'dgram-native');
    const { status, stdout, stderr } =
      kit.run(link, ['options'], { cwd: directory, env });
    assert.deepStrictEqual({ status, stderr }, { status: 0, stderr: '' });
    assert.strictEqual(stdout, command(['options']).stdout);
  });

  for (const name of ['plain', 'with a space', 'with "quotes" and \\']) {
    it(`prints NODE_OPTIONS for any folder: ${name}`, () => {
      const folder = path.join(kit.temporary('moved'), name);
      fs.cpSync(directory, folder, { recursive: true });
      const { status, stdout, stderr } = command(['options'], folder);
      assert.deepStrictEqual({ status, stderr }, { status: 0, stderr: '' });

      const elsewhere = os.tmpdir();
      const NODE_OPTIONS = stdout.trim();
      const program = kit.run(process.execPath, ['-e', PROGRAM],
        { cwd: elsewhere, env: { ...env, NODE_OPTIONS } });
      assert.strictEqual(program.stderr, '');
      assert.strictEqual(program.stdout, 'function\n');
      // Without the option the program uses the built-in.
      const builtin = kit.run(process.execPath, ['-e', PROGRAM],
        { cwd: elsewhere, env });
      assert.strictEqual(builtin.stdout, 'undefined\n');
    });
  }

  it('prints no path in the cache of npx', () => {
    const folder = path.join(kit.temporary('cache'), '_npx', 'a1b2c3');
    fs.cpSync(directory, folder, { recursive: true });
    const { status, stdout, stderr } = command(['options'], folder);
    assert.deepStrictEqual({ status, stdout }, { status: 1, stdout: '' });
    assert.match(stderr, /not installed.*npm install dgram-native/);
  });

  it('prints the facts for a bug report', () => {
    const { status, stdout, stderr } =
      command(['info'], directory, { DGRAM_NATIVE_TRANSPORT: 'uv' });
    assert.deepStrictEqual({ status, stderr }, { status: 0, stderr: '' });
    const { version } = require('../../package.json');
    const facts = Object.fromEntries(stdout.trim().split('\n')
      .map((line) => line.split(/: (.*)/, 2)));
    assert.strictEqual(facts['dgram-native'], version);
    assert.strictEqual(facts.transport, 'uv');
    assert.match(facts.features, /^(?:reusePort|none)$/);
    assert.strictEqual(facts.settings, 'DGRAM_NATIVE_TRANSPORT=uv');
    assert.strictEqual(facts['code cache'], 'none');
    const real = fs.realpathSync(packageIn(directory));
    assert.ok(facts.addon.startsWith(path.join(real, 'prebuilds')),
              facts.addon);
    assert.ok(facts.node.includes(process.version));
    assert.ok(facts.platform.includes(process.arch));
  });

  it('writes once: the reader of a pipe may close it', () => {
    const cli = path.join(packageIn(directory), 'dist', 'cli.js');
    const counting = `
      const { write } = process.stdout;
      let count = 0;
      process.stdout.write = (...args) => {
        count++;
        return write.apply(process.stdout, args);
      };
      process.on('exit', () => console.error(count));
      process.argv[2] = 'info';
      require(process.argv[1]);`;
    const { stdout, stderr } = kit.run(process.execPath,
      ['-e', counting, cli], { cwd: directory, env });
    assert.match(stdout, /^dgram-native: .*\nplatform: /s);
    assert.strictEqual(stderr, '1\n');
  });

  it('prints its usage', () => {
    for (const args of [[], ['--help'], ['-h'], ['help']]) {
      const { status, stdout, stderr } = command(args);
      assert.deepStrictEqual({ status, stderr }, { status: 0, stderr: '' });
      assert.match(stdout, /options.*\n.*info/s);
    }
  });

  it('rejects an unknown command', () => {
    for (const name of ['option', '__proto__', 'constructor']) {
      const { status, stdout, stderr } = command([name]);
      assert.deepStrictEqual({ status, stdout }, { status: 2, stdout: '' });
      assert.match(stderr, new RegExp(`unknown command '${name}'`));
    }
  });
});
