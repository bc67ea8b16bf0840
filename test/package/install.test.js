'use strict';

// `npm install` of the tarball in a user's environment: install scripts
// blocked, no compiler, no registry. Then checks the README's promises on every
// Node.

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');

const kit = require('./kit');

const PROGRAMS = {
  'require': ['require.cjs'],
  'import': ['import.mjs'],
  'dgram-native/promises, required': ['promises.cjs'],
  'dgram-native/promises, imported': ['promises.mjs'],
  'node --require dgram-native/register, required':
    ['--require', 'dgram-native/register', 'program.cjs'],
  'node --require dgram-native/register, imported':
    ['--require', 'dgram-native/register', 'program.mjs'],
  'node --import dgram-native/register, required':
    ['--import', 'dgram-native/register', 'program.cjs'],
  'node --import dgram-native/register, imported':
    ['--import', 'dgram-native/register', 'program.mjs'],
};
const transport = process.platform === 'linux' ? 'linux' : 'uv';

function prebuiltOf(directory) {
  const prebuilds = path.join(directory, 'node_modules', 'dgram-native',
                              'prebuilds',
                              `${process.platform}-${process.arch}`);
  return fs.readdirSync(prebuilds).map((name) => path.join(prebuilds, name));
}

/** Runs `argv`, which must echo through the prebuilt addon silently. */
function reportOf(node, argv, options) {
  const { status, stdout, stderr } = kit.run(node, argv, options);
  assert.deepStrictEqual({ status, stderr }, { status: 0, stderr: '' });
  const report = JSON.parse(stdout);
  assert.strictEqual(report.echoed, 'echo of hello');
  assert.strictEqual(report.transport, transport);
  assert.strictEqual(report.stats.sockets, 2);
  assert.ok(report.stats.sent >= 2, `${report.stats.sent} sent`);
  assert.ok(report.stats.received >= 2, `${report.stats.received} received`);
  // Directly, without the search of node-gyp-build.
  assert.strictEqual(report.searched, false);
  assert.strictEqual(report.addons.length, 1);
  assert.ok(prebuiltOf(options.cwd).includes(report.addons[0]),
            report.addons[0]);
  return report;
}

describe('npm install --ignore-scripts, without a compiler', function() {
  this.timeout(300000);
  let directory;
  let env;

  before(() => {
    ({ directory, env } = kit.installed());
    kit.addConsumer(directory);
  });

  it('has no compiler in PATH', () => {
    for (const command of kit.COMPILERS) {
      assert.strictEqual(kit.which(command, env.PATH), undefined, command);
      const script = `require('child_process').spawnSync('${command}')`;
      const { stdout } = kit.run(
        process.execPath, ['-p', `${script}.error.code`], { env });
      assert.strictEqual(stdout, 'ENOENT\n', command);
    }
    // which() would find them.
    assert.ok(kit.which('node', env.PATH));
  });

  it('installs the package and node-gyp-build without compiling', () => {
    const modules = path.join(directory, 'node_modules');
    assert.deepStrictEqual(
      fs.readdirSync(modules).filter((name) => !name.startsWith('.')).sort(),
      ['dgram-native', 'node-gyp-build']);
    assert.ok(!fs.existsSync(path.join(modules, 'dgram-native', 'build')));
    assert.ok(!fs.lstatSync(path.join(modules, 'dgram-native'))
      .isSymbolicLink());
  });

  it('loads two files besides the addon, and few modules of Node', () => {
    const { stdout, stderr } = kit.run(process.execPath, ['-p', `
      const before = new Set(process.moduleLoadList);
      require('dgram-native');
      JSON.stringify({
        files: Object.keys(require.cache),
        builtins: process.moduleLoadList.filter((name) => !before.has(name)),
      })
    `], { cwd: directory, env });
    assert.strictEqual(stderr, '');
    const { files, builtins } = JSON.parse(stdout);
    const own = path.join(fs.realpathSync(directory), 'node_modules',
                          'dgram-native');
    assert.deepStrictEqual(files, ['index.js', 'evaluate.js']
      .map((name) => path.join(own, 'dist', name)));
    assert.ok(builtins.includes('NativeModule dgram'), `${builtins}`);
    for (const name of ['child_process', 'cluster', 'net', 'stream',
      'worker_threads'])
      assert.ok(!builtins.includes(`NativeModule ${name}`), name);
  });

  for (const node of kit.nodes()) {
    describe(`Node ${kit.versionOf(node)}`, () => {
      for (const [how, argv] of Object.entries(PROGRAMS)) {
        it(`echoes a datagram: ${how}`, () => {
          const report = reportOf(node, argv, { cwd: directory, env });
          assert.strictEqual(report.node, kit.versionOf(node));
          assert.notStrictEqual(report.replaced, false);
        });
      }

      it('has one instance and all exports for require and import', () => {
        const options = { cwd: directory, env };
        const names = ['Socket', 'createSocket', 'default', 'features', 'stats',
                       'transport'];
        const required = reportOf(node, ['require.cjs'], options);
        const imported = reportOf(node, ['import.mjs'], options);
        // The export names of Node's own module, if it has any.
        const known = required.exports
          .filter((name) => name !== '_createSocketHandle');
        assert.deepStrictEqual([...known, 'default'].sort(), names);
        assert.deepStrictEqual(imported.exports.sort(), names);
        assert.strictEqual(imported.oneInstance, true);
        assert.strictEqual(required.manifest, 'dgram-native');
      });
    });
  }
});

describe('npm install with scripts, without a compiler', function() {
  this.timeout(300000);

  it('uses the prebuilt addon', () => {
    const env = kit.cleanEnvironment(kit.barePath(process.execPath));
    const { directory, output } = kit.install(kit.tarballs(), { env });
    kit.addConsumer(directory);
    assert.doesNotMatch(output, /gyp ERR|dgram-native: /);
    reportOf(process.execPath, ['require.cjs'], { cwd: directory, env });
  });

  it('writes a code cache, which is used and uninstalled', () => {
    const env = kit.cleanEnvironment(kit.barePath(process.execPath));
    const { directory } = kit.install(kit.tarballs(), { env });
    const own = path.join(directory, 'node_modules', 'dgram-native');
    const { stdout } = kit.run(process.execPath,
      [path.join(own, 'dist', 'cli.js'), 'info'], { cwd: directory, env });
    assert.match(stdout, /^code cache: in use$/m);
    kit.npm(['uninstall', '--offline', 'dgram-native'],
            { cwd: directory, env });
    assert.ok(!fs.existsSync(own));
  });
});

describe('npm install that has to compile', function() {
  this.timeout(300000);

  it('builds from the sources in the tarball', () => {
    const env = {
      ...kit.cleanEnvironment(process.env.PATH),
      npm_config_build_from_source: 'true',
      npm_config_nodedir: process.env.npm_config_nodedir,
    };
    const { directory } = kit.install(kit.tarballs(), { env });
    kit.addConsumer(directory);
    const { stdout } = kit.run(process.execPath, ['require.cjs'],
                               { cwd: directory, env });
    const { addons, echoed } = JSON.parse(stdout);
    assert.strictEqual(echoed, 'echo of hello');
    assert.deepStrictEqual(addons, [path.join(
      directory, 'node_modules', 'dgram-native', 'build', 'Release',
      'dgram_native.node')]);
  });
});
