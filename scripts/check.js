'use strict';

// Checks a change in less than a minute: the linters on its files, the types,
// and the unit tests of the areas it touches. CI runs everything.
//
//   npm run check              changes since HEAD, with untracked files
//   npm run check -- REVISION  changes since REVISION, such as main

const { execFile, execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');

const { Listr } = require('listr2');

const root = path.join(__dirname, '..');
const [base = 'HEAD'] = process.argv.slice(2);

/** Tests by the first pattern that matches a changed file. */
const AREAS = [
  [/^test\/(?:api|boundary|native|examples|e2e)\/.*\.test\.js$/, (file) =>
    [file]],
  [/^lib\/socket\/(?:send|connect|outgoing|send-many)/,
   ['api/send', 'api/connect', 'api/receive/batch.test.js']],
  [/^lib\/socket\/(?:bind|queue)/, ['api/bind', 'api/socket']],
  [/^lib\/socket\/(?:receive|block)/, ['api/receive', 'api/socket']],
  [/^lib\/socket\/(?:options|membership)/, ['api/network', 'api/socket']],
  [/^lib\/socket\//, ['api/socket', 'api/bind', 'api/connect', 'api/send',
                      'api/receive', 'api/network']],
  [/^lib\/batch\/(?:inbox|blocks|columns|sources)/,
   ['api/receive', 'boundary']],
  [/^lib\/batch\//, ['api/send', 'api/receive', 'boundary']],
  [/^lib\/handle\//, ['api/socket', 'api/names', 'api/send', 'boundary']],
  [/^lib\/errors\//, ['api/socket', 'api/send', 'api/bind']],
  [/^lib\/(?:node|load|fallback)\//, ['api/node', 'native/settings.test.js']],
  [/^lib\//, ['api/node/loading.test.js', 'api/node/register.test.js']],
  [/^src\/addon\//, ['native', 'boundary', 'api/socket']],
  [/^src\//, ['native', 'boundary', 'api/send', 'api/receive']],
  [/^test\/native\//, ['native']],
  [/^test\/support\//, ['api/socket', 'api/send']],
  [/^examples\//, ['examples']],
];

/** With -z, names are not quoted. */
const git = (...args) => execFileSync('git', [...args, '-z'], {
  cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'],
}).split('\0').filter(Boolean);

/** Deleted files, and the old names of renamed ones, are included. */
function changedFiles() {
  const files = [
    ...git('diff', '--name-only', '--no-renames', '--relative', base),
    ...git('ls-files', '--others', '--exclude-standard'),
  ];
  return [...new Set(files)].sort();
}

function changedFilesOrExit() {
  try {
    return changedFiles();
  } catch {
    console.error(`git cannot compare this folder with ${base}. Run it in a ` +
                  'clone, with a revision: npm run check -- main');
    process.exit(2);
  }
}

const exists = (file) => fs.existsSync(path.join(root, file));

function testsOf(file) {
  const tests = AREAS.find(([pattern]) => pattern.test(file))?.[1] ?? [];
  return typeof tests === 'function' ?
    tests(file).filter(exists) :
    tests.map((name) => path.join('test', name));
}

const changed = changedFilesOrExit();
const files = changed.filter(exists);
const matching = (pattern) => files.filter((file) => pattern.test(file));

const scripts = matching(/\.[cm]?js$/);
const sources = matching(/^(?:src|test|bench)\/.*\.[ch]$/);
const native = changed.filter((file) =>
  /^(?:src\/|binding\.gyp$)/.test(file));
const tests = [...new Set(changed.flatMap(testsOf))];

const run = promisify(execFile);
let failed = false;

/** Rejects with the output of the command. */
async function command(file, args) {
  try {
    await run(file, args, { cwd: root, maxBuffer: 1 << 26 });
  } catch (error) {
    failed = true;
    const output = `${error.stdout}${error.stderr}`.trim();
    throw new Error(output || error.message, { cause: error });
  }
}

const npm = (script) => command('npm', ['run', '--silent', script]);
const node = (...args) => command(process.execPath, args);
const modulePath = (name) => path.join(root, 'node_modules', name);

/** Tests require both addons; a new clone has neither. */
function isMissing(folder, name) {
  return tests.length > 0 && !exists(`${folder}/Release/${name}.node`);
}

const build = {
  title: 'build',
  task: async () => {
    const isOld = native.length > 0;
    if (isOld || isMissing('build', 'dgram_native')) await npm('build:addon');
    if (isOld || matching(/^test\/native\//).length > 0 ||
        isMissing('test/native/build', 'dgram_test')) {
      await npm('build:test');
    }
    await npm('build:dist');
  },
};

const lint = {
  title: 'lint',
  task: (_, task) => task.newListr([
    {
      title: `eslint: ${scripts.length} files`,
      skip: scripts.length === 0,
      task: () => node(modulePath('eslint/bin/eslint.js'),
        '--max-warnings', '0', '--no-warn-ignored', ...scripts),
    },
    {
      title: `clang-format, clang-tidy, cppcheck: ${sources.length} files`,
      skip: sources.length === 0,
      task: () => node('scripts/lint-c.js', ...sources),
    },
  ]),
};

const types = {
  title: 'types',
  skip: matching(/\.[cm]?ts$/).length === 0,
  task: () => npm('test:types'),
};

const unit = {
  title: `unit tests: ${tests.join(' ') || 'none'}`,
  skip: tests.length === 0,
  task: () => node(modulePath('mocha/bin/mocha.js'), '--recursive',
    '--extension', 'test.js', '--reporter', 'dot', ...tests),
};

const beside = {
  title: 'checks',
  task: (_, task) => task.newListr([lint, types, unit], {
    concurrent: true, exitOnError: false, rendererOptions: {
      collapseErrors: false, collapseSubtasks: false,
    },
  }),
};

if (changed.length === 0) {
  console.log(`No changes since ${base}. ` +
              'Name a revision: npm run check -- main');
} else {
  const list = new Listr([build, beside], {
    exitOnError: true, rendererOptions: {
      collapseErrors: false, collapseSubtasks: false,
    },
  });
  // The renderer has printed the errors.
  list.run().catch(() => {}).then(() => { process.exitCode = failed ? 1 : 0; });
}
