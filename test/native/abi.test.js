'use strict';

// The functions that the addon imports from Node, libuv and the C library. The
// oldest supported version of each has all of them. The prebuilt binaries are
// checked in test/package/.

const assert = require('node:assert');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { inspect, problems } = require('../../scripts/prebuild/abi');

const built = process.env.DGRAM_NATIVE_BINDING ??
  path.join(__dirname, '..', '..', 'build', 'Release', 'dgram_native.node');
// A sanitizer may be preloaded into this process, not into the compiler.
const { LD_PRELOAD, ...env } = process.env;

(process.platform === 'linux' ? describe : describe.skip)('the ABI', () => {
  it('is limited to Node-API 8, libuv 1.44 and glibc 2.17', function() {
    // A sanitizer adds its own library and symbols.
    if (LD_PRELOAD) return this.skip();
    const facts = inspect(built);
    assert.deepStrictEqual(problems(facts), []);
    const names = facts.imports.map(({ name }) => name);
    for (const name of [
      'napi_define_properties', 'uv_udp_init_ex', 'recvmmsg',
    ]) {
      assert.ok(names.includes(name), `${name} is not imported`);
    }
  });

  describe('its checker', () => {
    let directory;

    before(() => {
      directory = fs.mkdtempSync(path.join(os.tmpdir(), 'dgram-abi-'));
    });

    after(() => { fs.rmSync(directory, { recursive: true, force: true }); });

    /** Facts of a shared object compiled from `source`. */
    function compiled(source, ...flags) {
      const file = path.join(directory, 'compiled.node');
      execFileSync('cc', ['-shared', '-fPIC', '-x', 'c', '-', '-o', file,
                          ...flags], { env, input: source });
      return inspect(file);
    }

    const exported = 'void napi_register_module_v1(void) { f(); }';

    for (const [title, { source, flags = [], expected }] of Object.entries({
      'nothing wrong': {
        source: `void napi_create_function(void);
          void f(void) { napi_create_function(); }`,
        expected: [],
      },
      'a function of Node-API 9': {
        source: `void node_api_get_module_file_name(void);
          void f(void) { node_api_get_module_file_name(); }`,
        expected: ['node_api_get_module_file_name: not in Node-API 8'],
      },
      'an experimental function': {
        source: `void node_api_post_finalizer(void);
          void f(void) { node_api_post_finalizer(); }`,
        expected: ['node_api_post_finalizer: not in Node-API 8'],
      },
      'memory that Electron does not support': {
        source: `void napi_create_external_arraybuffer(void);
          void f(void) { napi_create_external_arraybuffer(); }`,
        expected: ['napi_create_external_arraybuffer: not in Electron'],
      },
      'a function of libuv 1.50': {
        source: `void uv_udp_try_send2(void);
          void f(void) { uv_udp_try_send2(); }`,
        expected: ['uv_udp_try_send2: not in libuv 1.44'],
      },
      'a function of a newer glibc': {
        source: `int getentropy(void*, unsigned long);
          void f(void) { getentropy(0, 0); }`,
        expected: ['getentropy: of glibc 2.25, newer than 2.17'],
      },
      'a function that no library exports': {
        source: 'void missing(void); static void f(void) { missing(); }',
        expected: ['missing: not from a library in the list'],
      },
      'another library': {
        source: 'double sqrt(double); static void f(void) { sqrt(2); }',
        flags: ['-fno-builtin', '-lm'],
        expected: ['needs libm.so.6'],
      },
      'an exported function': {
        source: 'void helper(void) {} static void f(void) { helper(); }',
        expected: ['helper: exported'],
      },
    })) {
      it(`reports ${title}`, () => {
        // f() itself must not be exported.
        const text = source.replace(/(?<!static )void f\(/, 'static void f(');
        const facts = compiled(`${text}\n${exported}`, ...flags);
        assert.deepStrictEqual(problems(facts), expected);
      });
    }

    it('reports a missing entry point', () => {
      assert.deepStrictEqual(problems(compiled('')),
        ['napi_register_module_v1: not exported']);
    });

    it('reports a glibc symbol in a musl binary', () => {
      const facts = compiled(
        'int close(int); void napi_register_module_v1(void) { close(0); }');
      const musl = { ...facts, needed: ['libc.so'] };
      assert.ok(problems(facts).length === 0);
      assert.deepStrictEqual(problems(musl).filter((one) =>
        one.startsWith('close')), ['close: of GLIBC_2.2.5']);
    });

    it('recognises a stripped file', () => {
      assert.strictEqual(compiled('int a;').stripped, false);
      assert.strictEqual(compiled('int a;', '-s').stripped, true);
    });
  });
});
