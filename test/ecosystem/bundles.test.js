'use strict';

// Bundles that contain the package, in separate folders. docs/installing.md
// says what a user has to do for each bundler.

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { ADDON, addPackage, nodes, packageFile, proveOrigin, run, same,
        useStage, within } = require('./support/stage');

const RIGHT = '["echo of hello","Socket",true]\n';

/** From this Node on an ES module of esbuild can load Node's modules. */
const WITHOUT_REQUIRE = [20, 16];

/** The bundles: file name, and source of the addon. */
const BUNDLES = {
  'esbuild-cjs': { file: 'app.cjs', addon: 'prebuilds' },
  'esbuild-cjs-minified': { file: 'app.cjs', addon: 'prebuilds' },
  'esbuild-cjs-registered': { file: 'app.cjs', addon: 'prebuilds' },
  'esbuild-cjs-external': { file: 'app.cjs', addon: 'installed' },
  'esbuild-esm': { file: 'app.mjs', addon: 'named', since: WITHOUT_REQUIRE },
  'esbuild-esm-banner': { file: 'app.mjs', addon: 'prebuilds' },
  'esbuild-esm-external': { file: 'app.mjs', addon: 'installed' },
  'ncc-cjs': { file: 'app.cjs', addon: 'inside' },
  'ncc-esm': { file: 'app.mjs', addon: 'inside' },
  'rollup-cjs': { file: 'app.cjs', addon: 'prebuilds' },
  'rollup-esm': { file: 'app.mjs', addon: 'named' },
  'webpack-cjs': { file: 'app.cjs', addon: 'prebuilds' },
  'webpack-esm': { file: 'app.mjs', addon: 'prebuilds' },
};

describe('bundles that contain the package', () => {
  useStage();
  /** Outside the repository: bundles find only the files of the test. */
  let folder;

  before('build', function() {
    this.timeout(120000);
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'dgram-bundles-'));
    const { status, stdout, stderr } = spawnSync(process.execPath, [
      within('projects', 'bundles', 'build.js'), path.join(folder, 'bare'),
    ], { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } });
    assert.strictEqual(status, 0, stdout + stderr);
    assert.strictEqual(stdout, '');
    fs.cpSync(path.join(folder, 'bare'), path.join(folder, 'app'),
              { recursive: true });
    addPrebuilds();
  });

  before('install external packages', () => {
    const modules = path.join(folder, 'app', 'node_modules');
    addPackage(path.join(modules, 'dgram-native'));
    fs.cpSync(packageFile('node-gyp-build'),
              path.join(modules, 'node-gyp-build'), { recursive: true });
  });

  after(() => fs.rmSync(folder, { recursive: true, force: true }));

  /** Copies the addon as a user does: next to the bundle's folder. */
  function addPrebuilds() {
    const { arch, platform } = process;
    const tag = platform === 'linux' ? '.glibc' : '';
    const target = path.join(folder, 'app', 'prebuilds', `${platform}-${arch}`);
    fs.mkdirSync(target, { recursive: true });
    fs.copyFileSync(ADDON, path.join(target, `dgram-native${tag}.node`));
  }

  const isOld = (title, [major, minor] = [0, 0]) => {
    const [a, b] = title.split(' ')[1].split('.').map(Number);
    return a < major || (a === major && b < minor);
  };

  for (const [name, { file, addon, since }] of Object.entries(BUNDLES)) {
    for (const [title, node] of nodes()) {
      if (isOld(title, since)) continue;
      it(`load the addon: ${name} (${addon}), on ${title}`, () =>
        same([path.join(folder, 'app', name, file)], RIGHT, {
          cwd: folder,
          env: addon === 'named' ? { DGRAM_NATIVE_BINDING: ADDON } : {},
          node: node(),
          ways: ['require()'],
        }));
    }
  }

  for (const [name, { file, addon }] of Object.entries(BUNDLES)) {
    if (addon === 'inside' || addon === 'installed') continue;
    it(`warn and use node:dgram without an addon: ${name}`, async () => {
      const result = await run([path.join(folder, 'bare', name, file)],
                               { cwd: folder, way: 'node:dgram' });
      const { code, stdout, stderr } = result;
      assert.deepStrictEqual({ code, stdout }, { code: 0, stdout: RIGHT });
      assert.strictEqual(stderr.split('[DGRAM_NATIVE_FALLBACK]').length, 2,
                         stderr);
      proveOrigin('node:dgram', result, {});
    });
  }

  // A foreign addon there would run with the program's privileges.
  it('do not look for an addon in the working folder', async () => {
    const trap = path.join(folder, 'trap');
    const release = path.join(trap, 'build', 'Release');
    fs.mkdirSync(release, { recursive: true });
    fs.copyFileSync(ADDON, path.join(release, 'dgram_native.node'));
    for (const [name, { file, addon }] of Object.entries(BUNDLES)) {
      if (addon === 'inside' || addon === 'installed') continue;
      const result = await run([path.join(folder, 'bare', name, file)],
                               { cwd: trap, way: 'node:dgram' });
      proveOrigin('node:dgram', result, {});
    }
  });
});
