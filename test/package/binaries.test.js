'use strict';

// The prebuilt binaries: the symbols they require, and whether the ones for
// musl load on musl.

const assert = require('node:assert');
const { execFileSync, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { inspect, problems } = require('../../scripts/prebuild/abi');
const { libuvNames } = require('../../scripts/prebuild/libuv-names');
const { headersOf, OLDEST } = require('../../scripts/prebuild/headers');
const kit = require('./kit');

const MACHINES = { x64: /Machine: .*X86-64/, arm64: /Machine: .*AArch64/ };

const isLinux = process.platform === 'linux';
const directory = path.join(kit.root, 'prebuilds',
                            `${process.platform}-${process.arch}`);
const musl = path.join(directory, 'dgram-native.musl.node');
const glibc = path.join(directory, 'dgram-native.glibc.node');

(isLinux ? describe : describe.skip)('the prebuilt addon', function() {
  this.timeout(300000);

  for (const name of isLinux ? kit.binaries() : []) {
    const file = path.join(kit.root, 'prebuilds', name);

    describe(name, () => {
      it('is built for its processor', () => {
        const header = execFileSync('readelf', ['--file-header', file],
                                    { encoding: 'utf8' });
        const [arch] = /(?<=^linux-)\w+/.exec(name);
        assert.match(header, MACHINES[arch]);
      });

      it('requires only symbols that every supported process has', () => {
        assert.deepStrictEqual(problems(inspect(file)), []);
      });

      it('is stripped', () => {
        assert.ok(inspect(file).stripped);
      });

      it('fails to load if libuv lacks a function', () => {
        const flags = execFileSync('readelf', ['--dynamic', file],
                                   { encoding: 'utf8' });
        assert.match(flags, /BIND_NOW/);
      });
    });
  }

  it(`is checked against the libuv of Node ${OLDEST}`, () => {
    const header = path.join(headersOf(OLDEST), 'include', 'node', 'uv.h');
    const version = fs.readFileSync(
      path.join(path.dirname(header), 'uv', 'version.h'), 'utf8');
    assert.match(version, /UV_VERSION_MINOR 44$/m);
    const listed = fs.readFileSync(
      path.join(kit.root, 'scripts', 'prebuild', 'libuv-1.44.txt'), 'utf8');
    assert.deepStrictEqual(listed.trim().split('\n'), libuvNames(header));
  });

  describe('on musl', () => {
    let host;

    /** Builds musl-host, with a stub for each function of Node. */
    before(() => {
      const scratch = kit.temporary('musl');
      const stubs = path.join(scratch, 'stubs.c');
      host = path.join(scratch, 'musl-host');
      fs.writeFileSync(stubs, inspect(musl).imports
        .filter(({ name }) => /^(?:napi|node_api|uv)_/.test(name))
        .map(({ name }) => `void ${name}(void) {}\n`).join(''));
      execFileSync('musl-gcc', [
        '-rdynamic', '-o', host, path.join(__dirname, 'musl-host.c'), stubs,
      ]);
    });

    function load(file) {
      return spawnSync(host, [file], { encoding: 'utf8' }).stdout.trim();
    }

    it('loads if built for musl', () => {
      assert.strictEqual(load(musl), 'loaded');
    });

    it('fails to load if a function is missing', () => {
      const file = path.join(kit.temporary('musl'), 'lacks.node');
      execFileSync('musl-gcc', ['-shared', '-fPIC', '-x', 'c', '-', '-o', file],
                   { input: `void uv_no_such_function(void);
                       void napi_register_module_v1(void) {
                         uv_no_such_function();
                       }` });
      assert.match(load(file), /uv_no_such_function: symbol not found/);
    });

    it('also loads if built for glibc: libc.so.6 is musl\'s own', () => {
      // Used on systems with musl other than Alpine: lib/load/binding.js and
      // node-gyp-build only recognise Alpine.
      assert.strictEqual(load(glibc), 'loaded');
    });
  });
});
