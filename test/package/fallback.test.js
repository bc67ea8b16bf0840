'use strict';

// The fallback to node:dgram if no compiled addon loads, and its warning.

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');

const kit = require('./kit');

const CODE = 'DGRAM_NATIVE_FALLBACK';
const host = `${process.platform}-${process.arch}`;

/** Ways to damage the prebuilt addons of an installed package. */
const DAMAGE = {
  'no prebuilt addon': {
    harm: (prebuilds) => fs.rmSync(prebuilds, { recursive: true }),
    reason: `No native build was found for platform=${process.platform} ` +
      `arch=${process.arch}`,
  },
  'only addons of another platform': {
    harm: (prebuilds) => fs.renameSync(
      path.join(prebuilds, host), path.join(prebuilds, 'aix-ppc64')),
    reason: 'No native build was found',
  },
  'an addon that is cut short': {
    harm: (prebuilds) => forEachAddon(prebuilds, (file, { length }) =>
      fs.truncateSync(file, length >> 1)),
    reason: '.node: file cut short',
  },
  'an addon that lacks its last byte': {
    harm: (prebuilds) => forEachAddon(prebuilds, (file, { length }) =>
      fs.truncateSync(file, length - 1)),
    reason: '.node: file cut short',
  },
  'an empty addon': {
    harm: (prebuilds) => forEachAddon(prebuilds, (file) =>
      fs.truncateSync(file, 0)),
    reason: 'file too short',
  },
  'an addon for another processor': {
    // e_machine of the ELF header: RISC-V.
    harm: (prebuilds) => forEachAddon(prebuilds, (file, bytes) => {
      bytes.writeUInt16LE(243, 18);
      fs.writeFileSync(file, bytes);
    }),
    reason: '.node: ',
  },
  'an addon for another C library': {
    harm: (prebuilds) => fs.copyFileSync(
      path.join(prebuilds, host, 'dgram-native.musl.node'),
      path.join(prebuilds, host, 'dgram-native.glibc.node')),
    reason: 'libc.so',
  },
  'a file that is no addon': {
    harm: (prebuilds) => forEachAddon(prebuilds, (file) =>
      fs.writeFileSync(file, 'not an addon')),
    reason: '.node: ',
  },
};

function forEachAddon(prebuilds, harm) {
  for (const name of fs.readdirSync(path.join(prebuilds, host))) {
    const file = path.join(prebuilds, host, name);
    harm(file, fs.readFileSync(file));
  }
}

const itLinux = process.platform === 'linux' ? it : it.skip;

describe('without a compiled addon', function() {
  this.timeout(300000);
  let installed;
  let env;

  before(() => {
    ({ directory: installed, env } = kit.installed());
    kit.addConsumer(installed);
  });

  /** A copy of the installed package, damaged by `harm`. */
  function damaged(harm) {
    const directory = kit.temporary('damaged');
    fs.cpSync(installed, directory, { recursive: true });
    harm(path.join(directory, 'node_modules', 'dgram-native', 'prebuilds'));
    return directory;
  }

  function withoutAddon() {
    return damaged(DAMAGE['no prebuilt addon'].harm);
  }

  /** Checks that a program echoed through node:dgram and warned once. */
  function fellBack({ status, stdout, stderr }, reason) {
    assert.strictEqual(status, 0, stderr);
    const { transport, echoed, stats } = JSON.parse(stdout);
    assert.deepStrictEqual({ transport, echoed, stats },
      { transport: 'node', echoed: 'echo of hello', stats: null });
    assert.strictEqual(stderr.split(`[${CODE}]`).length - 1, 1, stderr);
    assert.ok(stderr.includes(reason), `${stderr} has not ${reason}`);
  }

  for (const [what, { harm, reason }] of Object.entries(DAMAGE)) {
    itLinux(`uses node:dgram and gives the reason: ${what}`, () => {
      const options = { cwd: damaged(harm), env };
      fellBack(kit.run(process.execPath, ['require.cjs'], options), reason);
    });
  }

  for (const node of kit.nodes()) {
    it(`falls back to node:dgram on Node ${kit.versionOf(node)}`, () => {
      const options = { cwd: withoutAddon(), env };
      const reason = 'No native build was found';
      fellBack(kit.run(node, ['require.cjs'], options), reason);
      fellBack(kit.run(node, ['import.mjs'], options), reason);
      const preload = ['--require', 'dgram-native/register'];
      fellBack(kit.run(node, [...preload, 'program.cjs'], options), reason);
      fellBack(kit.run(node, [...preload, 'program.mjs'], options), reason);
    });

    it(`has sendMany() and 'batch' on Node ${kit.versionOf(node)}`, () => {
      const options = { cwd: withoutAddon(), env };
      const { status, stdout, stderr } =
        kit.run(node, ['batch.cjs'], options);
      assert.strictEqual(status, 0, stderr);
      assert.deepStrictEqual(JSON.parse(stdout), {
        transport: 'node', submitted: 3, sent: [null, 3],
        received: ['a', 'b', 'c'], isInstance: [true, true],
      });
    });
  }

  it('extends the class of node:dgram, which register leaves alone', () => {
    const { stdout } = kit.run(process.execPath, ['-p', `
      const builtin = require('node:dgram');
      const { createSocket, Socket } = builtin;
      const ours = require('dgram-native');
      require('dgram-native/register');
      [ours.Socket.prototype instanceof Socket, ours.Socket === Socket,
       builtin.createSocket === createSocket, builtin.Socket === Socket,
       'sendMany' in Socket.prototype].join()
    `], { cwd: withoutAddon(), env });
    assert.strictEqual(stdout, 'true,false,true,true,false\n');
  });

  it('emits a process warning with a code', () => {
    const { stdout } = kit.run(process.execPath, ['--no-warnings', '-e', `
      process.on('warning', ({ code, message, detail }) =>
        console.log(JSON.stringify({ code, message, detail })));
      require('dgram-native');
    `], { cwd: withoutAddon(), env });
    const { code, message, detail } = JSON.parse(stdout);
    assert.strictEqual(code, CODE);
    assert.match(message, new RegExp(
      '^dgram-native falls back to node:dgram: No native build was found .* ' +
      `\\(missing: .*prebuilds.${host}.*\\.node, .*Release.*\\.node\\)\\. ` +
      'Run "npm rebuild dgram-native", or install the package again on this ' +
      'machine\\.$'));
    assert.strictEqual(detail, 'dgram.transport is \'node\'. Set ' +
      'DGRAM_NATIVE_FALLBACK=0 to make this an error, or ' +
      'DGRAM_NATIVE_TRANSPORT=node to use node:dgram without a warning. ' +
      'See docs/installing.md of dgram-native.');
  });

  it('is silent if it was chosen', () => {
    const { status, stdout, stderr } =
      kit.run(process.execPath, ['require.cjs'], {
        cwd: withoutAddon(), env: { ...env, DGRAM_NATIVE_TRANSPORT: 'node' },
      });
    assert.deepStrictEqual({ status, stderr }, { status: 0, stderr: '' });
    assert.strictEqual(JSON.parse(stdout).transport, 'node');
  });

  it('warns once per process, including its worker threads', () => {
    const { status, stderr } = kit.run(process.execPath, ['-e', `
      const { Worker } = require('node:worker_threads');
      require('dgram-native');
      for (let i = 0; i < 3; i++)
        new Worker("require('dgram-native')", { eval: true });
    `], { cwd: withoutAddon(), env });
    assert.strictEqual(status, 0, stderr);
    assert.strictEqual(stderr.split(`[${CODE}]`).length - 1, 1, stderr);
  });

  it('throws if DGRAM_NATIVE_FALLBACK is 0, or false', () => {
    for (const [value, load] of [
      ['0', "require('dgram-native')"],
      ['False', "require('dgram-native/register')"],
    ]) {
      const { stdout, stderr } = kit.run(process.execPath, ['-e', `
        try { ${load}; } catch ({ code, message, cause }) {
          console.log(JSON.stringify([code, message, cause.message]));
        }
      `], { cwd: withoutAddon(), env: { ...env, [CODE]: value } });
      const [code, message, cause] = JSON.parse(stdout);
      assert.strictEqual(stderr, '');
      assert.strictEqual(code, 'ERR_DGRAM_NATIVE_FALLBACK');
      assert.match(message, new RegExp(
        '^dgram-native cannot load its compiled addon, and ' +
        `DGRAM_NATIVE_FALLBACK is '${value}', which disables the fallback to ` +
        'node:dgram: No native build was found .* \\(missing: .*\\)\\. ' +
        'Run "npm rebuild dgram-native", or install the package again on ' +
        'this machine\\. Unset DGRAM_NATIVE_FALLBACK to use node:dgram ' +
        'instead\\.$'));
      assert.match(cause, /^No native build was found/);
    }
  });

  it('is not used, and emits no warning, if the addon loads', () => {
    const { status, stderr } = kit.run(process.execPath, ['require.cjs'],
      { cwd: installed, env: { ...env, [CODE]: '0' } });
    assert.deepStrictEqual({ status, stderr }, { status: 0, stderr: '' });
  });

  it('is used if addons are disabled', () => {
    fellBack(kit.run(process.execPath, ['--no-addons', 'require.cjs'],
                     { cwd: installed, env }),
             'loading addons is disabled. Run Node.js without --no-addons');
  });

  it('does not replace the addon that DGRAM_NATIVE_BINDING names', () => {
    const { status, stderr } = kit.run(process.execPath, ['require.cjs'], {
      cwd: installed,
      env: { ...env, DGRAM_NATIVE_BINDING: '/nowhere/dgram_native.node' },
    });
    assert.notStrictEqual(status, 0);
    assert.match(stderr, new RegExp(
      'Error: DGRAM_NATIVE_BINDING is \'/nowhere/dgram_native\\.node\', ' +
      'which failed to load: /nowhere/dgram_native\\.node: '));
    assert.match(stderr, /ERR_DGRAM_NATIVE_BINDING/);
  });
});

describe('npm install that neither finds nor compiles an addon', function() {
  this.timeout(300000);
  let tarballs;

  /** The package as it would be for a platform that we do not build for. */
  before(() => {
    const [ours, nodeGypBuild] = kit.tarballs();
    const directory = kit.temporary('bare');
    kit.unpack(ours, directory);
    fs.rmSync(path.join(directory, 'package', 'prebuilds'),
              { recursive: true });
    tarballs = [kit.pack(path.join(directory, 'package')), nodeGypBuild];
  });

  it('succeeds with a message, and the program uses node:dgram', () => {
    const env = kit.cleanEnvironment(kit.barePath(process.execPath));
    const { directory, output } = kit.install(tarballs, { env });
    kit.addConsumer(directory);
    assert.match(output, /dgram-native: Programs will use node:dgram instead/);
    const { stdout } =
      kit.run(process.execPath, ['require.cjs'], { cwd: directory, env });
    assert.strictEqual(JSON.parse(stdout).transport, 'node');
  });

  it('fails if DGRAM_NATIVE_FALLBACK is 0, or off', () => {
    for (const value of ['0', 'Off']) {
      const env = {
        ...kit.cleanEnvironment(kit.barePath(process.execPath)), [CODE]: value,
      };
      assert.throws(() => kit.install(tarballs, { env }),
                    /DGRAM_NATIVE_FALLBACK=0 forbids to go on without/);
    }
  });
});
