'use strict';

// Which addon is loaded if there are several, and reasons for not loading it.

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');

const kit = require('./kit');

const host = `${process.platform}-${process.arch}`;
const NATIVE = process.platform === 'linux' ? 'linux' : 'uv';
const itLinux = process.platform === 'linux' ? it : it.skip;

describe('the loader', function() {
  this.timeout(300000);
  let installed;
  let env;

  before(() => {
    ({ directory: installed, env } = kit.installed());
    kit.addConsumer(installed);
  });

  /** A copy of the installed package, and the paths of its addons. */
  function copy() {
    const directory = fs.realpathSync(kit.temporary('copy'));
    fs.cpSync(installed, directory, { recursive: true });
    const own = path.join(directory, 'node_modules', 'dgram-native');
    const prebuilt = path.join(own, 'prebuilds', host,
      process.platform === 'linux' ?
        'dgram-native.glibc.node' : 'dgram-native.node');
    const built = path.join(own, 'build', 'Release', 'dgram_native.node');
    return { directory, own, prebuilt, built };
  }

  /** A copy() with an addon in the place of a local build. */
  function withBuild() {
    const places = copy();
    fs.mkdirSync(path.dirname(places.built), { recursive: true });
    fs.copyFileSync(places.prebuilt, places.built);
    return places;
  }

  /** The addon that a process loads, without any output on stderr. */
  function loaded(directory, more = {}) {
    const { status, stdout, stderr } = kit.run(
      process.execPath, ['require.cjs'],
      { cwd: directory, env: { ...env, ...more } });
    assert.deepStrictEqual({ status, stderr }, { status: 0, stderr: '' });
    const { addons, transport } = JSON.parse(stdout);
    assert.notStrictEqual(transport, 'node');
    assert.strictEqual(addons.length, 1);
    return addons[0];
  }

  it('prefers a local build to a prebuilt addon', () => {
    const { directory, built } = withBuild();
    assert.strictEqual(loaded(directory), built);
  });

  it('loads the prebuilt addon if the local build does not load', () => {
    const { directory, built, prebuilt } = withBuild();
    fs.writeFileSync(built, 'from another machine');
    assert.strictEqual(loaded(directory), prebuilt);
  });

  it('respects PREBUILDS_ONLY', () => {
    const { directory, prebuilt } = withBuild();
    assert.strictEqual(loaded(directory, { PREBUILDS_ONLY: '1' }), prebuilt);
  });

  it('respects DGRAM_NATIVE_PREBUILD', () => {
    const { directory, own } = copy();
    const elsewhere = fs.realpathSync(kit.temporary('elsewhere'));
    fs.renameSync(path.join(own, 'prebuilds'),
                  path.join(elsewhere, 'prebuilds'));
    const addon = loaded(directory, { DGRAM_NATIVE_PREBUILD: elsewhere });
    assert.ok(addon.startsWith(path.join(elsewhere, 'prebuilds', host)));
  });

  itLinux('respects LIBC', () => {
    const { directory, prebuilt } = copy();
    const musl = prebuilt.replace('.glibc.', '.musl.');
    // Only the name of the file matters here.
    fs.copyFileSync(prebuilt, musl);
    assert.strictEqual(loaded(directory, { LIBC: 'musl' }), musl);
    assert.strictEqual(loaded(directory, { LIBC: 'glibc' }), prebuilt);
  });

  it('loads the addon in worker threads', () => {
    const { directory } = copy();
    const { status, stdout, stderr } = kit.run(process.execPath, ['-e', `
      const { Worker } = require('node:worker_threads');
      for (let i = 0; i < 3; i++) new Worker('./require.cjs');
    `], { cwd: directory, env });
    assert.deepStrictEqual({ status, stderr }, { status: 0, stderr: '' });
    const reports = stdout.trim().split('\n').map((line) => JSON.parse(line));
    assert.strictEqual(reports.length, 3);
    for (const { echoed, transport, stats } of reports) {
      assert.strictEqual(echoed, 'echo of hello');
      assert.notStrictEqual(transport, 'node');
      assert.strictEqual(stats.sockets, 2);
    }
  });

  it('loads an addon for each of two copies in one process', () => {
    const [one, other] = [copy(), copy()];
    const { stdout, stderr } = kit.run(process.execPath, ['-e', `
      const echo = require('./echo.cjs');
      const copies = ${JSON.stringify([one.own, other.own])}
        .map((directory) => require(directory));
      const record = require('dgram')[Symbol.for('dgram-native')];
      const addons = Object.values(record.copies).map((copy) => copy.binding);
      Promise.all(copies.map(echo))
        .then((done) => console.log(JSON.stringify([
          ...done, ...addons.map((addon) => addon.stats().sockets),
          copies[0].Socket === copies[1].Socket,
        ])));
    `], { cwd: one.directory, env });
    assert.strictEqual(stderr, '');
    assert.deepStrictEqual(JSON.parse(stdout),
      ['echo of hello', 'echo of hello', 2, 2, false]);
  });

  for (const node of kit.nodes()) {
    const version = kit.versionOf(node);
    const major = Number.parseInt(version, 10);
    if (major < 20) continue; // no permission model
    it(`falls back if addons are not permitted, Node ${version}`, () => {
      const { directory } = copy();
      const flag = major < 24 ? '--experimental-permission' : '--permission';
      const { stdout, stderr } = kit.run(node, [
        flag, '--allow-fs-read=*', '-p', "require('dgram-native').transport",
      ], { cwd: directory, env });
      assert.strictEqual(stdout, 'node\n', stderr);
      assert.match(stderr, /DGRAM_NATIVE_FALLBACK.*loading addons is disabled/);
    });

    // Reading is only permitted in the program's folder.
    for (const addons of [true, false]) {
      const transport = addons ? NATIVE : 'node';
      it(`uses '${transport}' ${addons ? 'with' : 'without'} --allow-addons ` +
         `if it may read its own folder only, Node ${version}`, () => {
        const { directory } = copy();
        const flag = major < 24 ? '--experimental-permission' : '--permission';
        const { status, stdout, stderr } = kit.run(node, [
          flag, `--allow-fs-read=${directory}/*`,
          ...addons ? ['--allow-addons'] : [], 'transport.cjs',
        ], { cwd: directory, env });
        assert.deepStrictEqual({ status, stdout },
          { status: 0, stdout: `${transport}\n` }, stderr);
        assert.strictEqual(stderr.split('[DGRAM_NATIVE_FALLBACK]').length,
          addons ? 1 : 2, stderr);
      });
    }
  }
});
