'use strict';

// Two installed copies of the package, of a program and of a library that it
// uses, in separate folders, registered or not; and one copy that is loaded
// twice.

const fs = require('node:fs');
const path = require('node:path');

const { addPackage, nodes, packageFile, same, useStage, within } =
  require('./support/stage');

/** The cases, with the number of modules. */
const CASES = {
  'unregistered': 2,
  'the first registered': 3,
  'the last registered': 3,
  'both registered': 3,
  'one, loaded again': 2,
  'one, registered, loaded again': 3,
  'one by two paths': 3,
};

const right = (count) => `${JSON.stringify({
  echoed: Array.from({ length: count }, () => 'echo of hello'),
  passed: Array.from({ length: count }, () => 'child has hello'),
})}\n`;

describe('more than one copy of the package', () => {
  useStage();
  let copies;

  before('install the copies', () => {
    const folder = (...names) =>
      within('copies', ...names, 'node_modules', 'dgram-native');
    copies = [addPackage(folder('program')), addPackage(folder('library'))];
    fs.cpSync(packageFile('node-gyp-build'),
              within('copies', 'node_modules', 'node-gyp-build'),
              { recursive: true });
    const link = folder('linked');
    fs.mkdirSync(path.dirname(link), { recursive: true });
    fs.symlinkSync(copies[0], link, 'junction');
    copies.push(link);
  });

  const how = (node) => ({
    env: { ECOSYSTEM_COPIES: copies.join(path.delimiter) },
    node: node(),
    // IPC accepts only Node's own handles.
    others: ['exported'],
    ways: ['node:dgram', 'require()'],
  });

  for (const [name, count] of Object.entries(CASES)) {
    for (const [title, node] of nodes()) {
      it(`work: ${name}, on ${title}`, () =>
        same([within('programs', 'copies.js'), name], right(count),
             how(node)));
    }
  }

  for (const [title, node] of nodes()) {
    it(`work: one by two paths, --preserve-symlinks, on ${title}`, () =>
      same(['--preserve-symlinks', '--preserve-symlinks-main',
            within('programs', 'copies.js'), 'one by two paths'], right(3),
           how(node)));
  }

  for (const [title, node] of nodes()) {
    it(`do not leak when required 150 times, on ${title}`, () =>
      same(['--expose-gc', within('programs', 'reloads.js')],
           '{"echoed":150,"warnings":[],"listeners":0,"grew":false}\n',
           { node: node(), ways: ['node:dgram', 'require()'] }));
  }
});
