'use strict';

// The published files, and whether tools can use them.

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const zlib = require('node:zlib');

const { bundle } = require('../../scripts/bundle');
const { BINARIES } = require('../../scripts/prebuild/complete');
const kit = require('./kit');

/** From Node 20.16 and 22.3 on: loads modules without require(). */
const HAS_BUILTINS = 'getBuiltinModule' in process;

describe('the tarball', function() {
  this.timeout(300000);
  let tarball;
  let files;

  before(() => {
    [tarball] = kit.tarballs();
    files = kit.listing(tarball);
  });

  it('contains exactly the files of the package', () => {
    const expected = [
      /^(?:package\.json|binding\.gyp|LICENSE)$/,
      /^(?:README|CHANGELOG|SECURITY)\.md$/,
      /^examples\/[\w-]+\.(?:js|md)$/,
      /^dist\/(?:(?:index|promises)\.m?js|(?:cli|code-cache|evaluate|fallback|register|traced-addon)\.js)$/,
      /^lib\/[\w-]+\.d\.m?ts$/,
      /^src\/(?:[\w-]+\/)*[\w-]+\.[ch]$/,
      /^docs\/[\w-]+\.(?:md|svg)$/,
      /^prebuilds\/\w+-\w+\/dgram-native(?:\.glibc|\.musl)?\.node$/,
      /^scripts\/(?:cannot-compile|code-cache)\.js$/,
    ];
    for (const file of files) {
      assert.ok(expected.some((pattern) => pattern.test(file)), file);
    }
    for (const pattern of expected) {
      assert.ok(files.some((file) => pattern.test(file)), String(pattern));
    }
  });

  it('contains no file of an earlier layout of dist/', () => {
    const stale = path.join(kit.root, 'dist', 'stale.js');
    fs.writeFileSync(stale, '');
    bundle();
    assert.strictEqual(fs.existsSync(stale), false);
  });

  it('contains no code cache, even if dist/ has one', () => {
    const cache = path.join(kit.root, 'dist', 'evaluate-0-v0.cache');
    fs.writeFileSync(cache, '');
    try {
      assert.deepStrictEqual(kit.listing(kit.pack(kit.root))
        .filter((name) => name.endsWith('.cache')), []);
    } finally {
      fs.rmSync(cache);
    }
  });

  it('contains every source in binding.gyp', () => {
    const gyp = fs.readFileSync(path.join(kit.root, 'binding.gyp'), 'utf8');
    const sources = gyp.match(/src\/[\w/]+\.c/g);
    assert.ok(sources.length > 5);
    for (const source of sources) assert.ok(files.includes(source), source);
  });

  it('contains the binaries of this platform', () => {
    for (const name of kit.binaries()) {
      assert.ok(files.includes(path.posix.join('prebuilds', name)), name);
    }
  });

  it('is smaller than 1 MB with the binaries of all platforms', () => {
    const { size } = fs.statSync(tarball);
    // Each of the missing ones counts as the largest of those here.
    const sizes = kit.binaries().map((name) => zlib.gzipSync(
      fs.readFileSync(path.join(kit.root, 'prebuilds', name))).length);
    const missing = BINARIES.length - sizes.length;
    const total = size + missing * Math.max(...sizes);
    assert.ok(total < 1e6, `${size} bytes, about ${total} with all binaries`);
  });

  it('has one runtime dependency', () => {
    const { dependencies, optionalDependencies, peerDependencies } =
      require('../../package.json');
    assert.deepStrictEqual(Object.keys(dependencies), ['node-gyp-build']);
    assert.strictEqual(optionalDependencies, undefined);
    assert.strictEqual(peerDependencies, undefined);
  });

  it('has correct types for each way to load it (attw)', async () => {
    const { checkPackage, createPackageFromTarballData } =
      await import('@arethetypeswrong/core');
    const { types, problems, entrypoints } = await checkPackage(
      createPackageFromTarballData(new Uint8Array(fs.readFileSync(tarball))));
    assert.strictEqual(types.kind, 'included');
    assert.deepStrictEqual(Object.keys(entrypoints).sort(),
                           ['.', './package.json', './promises', './register']);
    // TypeScript's resolution node10, with CommonJS its default before 6.0,
    // ignores `exports` and reads `typesVersions`.
    assert.deepStrictEqual(problems, []);
  });

  it('has a package.json without errors (publint)', async () => {
    const { publint } = await import('publint');
    const directory = kit.temporary('publint');
    kit.unpack(tarball, directory);
    const { messages } = await publint({
      pkgDir: path.join(directory, 'package'), pack: false, strict: true,
    });
    assert.deepStrictEqual(messages, []);
  });
});

describe('a bundle that contains the package', function() {
  this.timeout(300000);
  let directory;
  let env;

  before(() => {
    ({ directory, env } = kit.installed());
    kit.addConsumer(directory);
  });

  /** Bundles and runs bundle.mjs of consumer/, in an empty folder. */
  function runBundle(format, minify, more = {}) {
    const outfile = path.join(kit.temporary('bundle'), 'dist',
                              format === 'esm' ? 'app.mjs' : 'app.cjs');
    require('esbuild').buildSync({
      entryPoints: [path.join(directory, 'bundle.mjs')],
      bundle: true, platform: 'node', format, minify, outfile,
      logLevel: 'error',
    });
    // An addon in the program's folder must not be loaded.
    const build = path.join(path.dirname(outfile), 'build', 'Release');
    fs.mkdirSync(build, { recursive: true });
    fs.writeFileSync(path.join(build, 'dgram_native.node'), 'not an addon');
    const { status, stdout, stderr } = kit.run(process.execPath, [outfile],
      { cwd: path.dirname(outfile), env: { ...env, ...more } });
    assert.strictEqual(status, 0, stderr);
    return { seen: JSON.parse(stdout), stderr };
  }

  for (const format of ['cjs', 'esm']) {
    for (const minify of [false, true]) {
      const title = `esbuild, ${format}${minify ? ', minified' : ''}`;

      it(`falls back to node:dgram with a warning: ${title}`, function() {
        if (format === 'esm' && !HAS_BUILTINS) {
          this.skip(); // the bundle has no require()
        }
        const { seen, stderr } = runBundle(format, minify);
        assert.deepStrictEqual(seen, ['node', 'Socket', 'hello']);
        assert.strictEqual(stderr.split('[DGRAM_NATIVE_FALLBACK]').length, 2,
                           stderr);
        assert.ok(!stderr.includes('file too short'), stderr);
        assert.match(stderr, /Mark dgram-native as external in the bundler/);
      });

      it(`loads the addon of DGRAM_NATIVE_BINDING: ${title}`, function() {
        if (format === 'esm' && !HAS_BUILTINS) {
          this.skip();
        }
        const { seen, stderr } = runBundle(format, minify,
          { DGRAM_NATIVE_BINDING: kit.addonOf(directory) });
        assert.notStrictEqual(seen[0], 'node');
        assert.deepStrictEqual(seen.slice(1), ['Socket', 'hello']);
        assert.strictEqual(stderr, '');
      });
    }
  }
});

describe('tools that collect the files of a program', function() {
  this.timeout(300000);

  it('find the addon: @vercel/nft', async () => {
    const { nodeFileTrace } = await import('@vercel/nft');
    const env = kit.cleanEnvironment(kit.barePath(process.execPath));
    const args = ['--ignore-scripts'];
    const { directory } = kit.install(kit.tarballs(), { args, env });
    kit.addConsumer(directory);
    const { fileList } = await nodeFileTrace(
      [path.join(directory, 'require.cjs')], { base: directory });
    const deployed = kit.temporary('deployed');
    for (const file of fileList) {
      fs.cpSync(path.join(directory, file), path.join(deployed, file));
    }
    const { stdout, stderr } =
      kit.run(process.execPath, ['require.cjs'], { cwd: deployed, env });
    assert.strictEqual(stderr, '');
    assert.notStrictEqual(JSON.parse(stdout).transport, 'node');
  });
});
