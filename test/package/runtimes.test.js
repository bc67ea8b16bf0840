'use strict';

// Bun and Deno use their own node:dgram. The variables BUN and DENO name their
// binaries; without them these tests are skipped, also in CI, because Debian
// has no package of either.

const assert = require('node:assert');
const path = require('node:path');

const kit = require('./kit');

const RUNTIMES = {
  bun: { binary: process.env.BUN, run: ['run'] },
  deno: { binary: process.env.DENO, run: ['run', '--allow-all'] },
};

for (const [name, { binary, run }] of Object.entries(RUNTIMES)) {
  describe(`under ${name}`, function() {
    this.timeout(300000);
    let options;

    before(function() {
      if (!binary) {
        console.log(`    ${name.toUpperCase()} is not set`);
        this.skip();
      }
      const env = {
        ...kit.cleanEnvironment(kit.barePath(process.execPath)),
        DENO_NO_UPDATE_CHECK: '1',
      };
      const args = ['--ignore-scripts'];
      const { directory } = kit.install(kit.tarballs(), { args, env });
      kit.addConsumer(directory);
      options = { cwd: directory, env };
    });

    for (const program of ['require.cjs', 'import.mjs']) {
      it(`${program} echoes through its node:dgram, without a warning`, () => {
        const { status, stdout, stderr } =
          kit.run(path.resolve(binary), [...run, program], options);
        assert.deepStrictEqual({ status, stderr }, { status: 0, stderr: '' });
        const { transport, echoed } = JSON.parse(stdout);
        assert.deepStrictEqual({ transport, echoed },
          { transport: 'node', echoed: 'echo of hello' });
      });
    }

    it('has sendMany() and \'batch\'', () => {
      const { status, stdout, stderr } =
        kit.run(path.resolve(binary), [...run, 'batch.cjs'], options);
      assert.deepStrictEqual({ status, stderr }, { status: 0, stderr: '' });
      // Deno 2.9 sends the datagrams of one tick in reverse order.
      assert.deepStrictEqual(JSON.parse(stdout).received.sort(),
        ['a', 'b', 'c']);
    });

    it('throws with DGRAM_NATIVE_FALLBACK=0', () => {
      const { status, stderr } =
        kit.run(path.resolve(binary), [...run, 'require.cjs'], {
          ...options, env: { ...options.env, DGRAM_NATIVE_FALLBACK: '0' },
        });
      assert.notStrictEqual(status, 0);
      assert.match(stderr, new RegExp(`${name} \\S+ is not Node\\.js`));
    });
  });
}
