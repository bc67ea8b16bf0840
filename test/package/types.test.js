'use strict';

// Compiles the programs of test/types/ against the installed package: as an ES
// module and as CommonJS, with Node's and bundlers' resolution, and with the
// oldest and newest supported types of Node.

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');

const kit = require('./kit');

const TYPES = ['node-18', 'node', 'node-latest'];
const PROJECTS = { 'node16': 'tsconfig.json', 'bundler': 'bundler.json' };
const tsc = require.resolve('typescript/bin/tsc');

describe('the types of the installed package', function() {
  this.timeout(300000);
  let directory;
  let env;

  before(() => {
    ({ directory, env } = kit.installed());
    fs.cpSync(path.join(kit.root, 'test', 'types'), directory,
              { recursive: true });
    fs.mkdirSync(path.join(directory, 'node_modules', '@types'));
  });

  for (const name of TYPES) {
    const source = path.join(kit.root, 'node_modules', '@types', name);
    const { version } = require(path.join(source, 'package.json'));

    for (const [resolution, project] of Object.entries(PROJECTS)) {
      it(`are valid with @types/node ${version}, ${resolution}`, () => {
        const link = path.join(directory, 'node_modules', '@types', 'node');
        fs.rmSync(link, { force: true });
        fs.symlinkSync(source, link);
        const { status, stdout } = kit.run(
          process.execPath, [tsc, '--project', project, '--listFiles'],
          { cwd: directory, env });
        const [errors, files] = [[], []];
        for (const line of stdout.trim().split('\n')) {
          (path.isAbsolute(line) ? files : errors).push(line);
        }
        assert.deepStrictEqual({ status, errors }, { status: 0, errors: [] });
        // The compiler used the installed package and the intended types.
        const real = fs.realpathSync(directory);
        const own = path.join(real, 'node_modules', 'dgram-native', 'lib');
        assert.ok(files.includes(path.join(own, 'index.d.ts')));
        assert.ok(files.includes(path.join(own, 'index.d.mts')));
        assert.ok(files.includes(path.join(source, 'dgram.d.ts')));
      });
    }
  }
});
