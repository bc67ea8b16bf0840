'use strict';

/**
 * Selects the files of Node's suite, and how they run: the `// Flags:` line,
 * the environment, and whether a file may run in parallel, as in Node's own
 * tools/test.py and test/<folder>/testcfg.py.
 */

const fs = require('node:fs');
const path = require('node:path');

/** Folders that are searched; true where Node runs the files in parallel. */
const FOLDERS = {
  'parallel': true,
  'async-hooks': true,
  'report': true,
  'sequential': false,
  'known_issues': false,
  'internet': false,
  'benchmark': false,
};

/** Files that mostly wait, and need little CPU time. */
const IDLE = ['parallel/test-dns-channel-timeout.js'];

const TEST_FILE = /^test-.*\.m?js$/;
const NAMED_AFTER = /dgram|udp/i;
const FLAGS = /\/\/\s+Flags:(.*)/;
const ENV = /\/\/\s+Env:(.*)/;

/** `require('x')`, `import ... from 'x'`, `import 'x'` and `import('x')`. */
function loads(name) {
  return new RegExp(
    `(?:require\\s*\\(|from|import\\s*\\(?)\\s*['"](?:${name})['"]`);
}

/** Helpers of the suite that load dgram on behalf of tests. */
function helpersThatUseDgram(testDir) {
  const common = path.join(testDir, 'common');
  if (!fs.existsSync(common)) return [];
  return fs.readdirSync(common)
    .filter((name) => /\.m?js$/.test(name))
    .filter((name) => loads('(?:node:)?dgram')
      .test(fs.readFileSync(path.join(common, name), 'utf8')))
    .map((name) => `\\.\\./common/${path.parse(name).name}(?:\\.m?js)?`);
}

function words(match) {
  return match ? match[1].trim().split(/\s+/).filter(Boolean) : [];
}

/**
 * @typedef {object} Case
 * @property {string} file  path below test/, with forward slashes
 * @property {string} folder
 * @property {boolean} parallel  whether it may run in parallel
 * @property {boolean} idle  whether it mostly waits
 * @property {string[]} flags  of its `// Flags:` line
 * @property {Record<string, string>} env  of its `// Env:` line (Node 22 on)
 */

/**
 * Selects every test that uses dgram or is named after it.
 * @param {string} testDir  the suite's test/ directory
 * @param {string} [filter]  only files whose path contains this text
 * @returns {Case[]} in the order of execution
 */
function selectCases(testDir, filter = '') {
  const modules = ['(?:node:)?dgram', ...helpersThatUseDgram(testDir)];
  const uses = loads(modules.join('|'));
  const cases = [];

  for (const [folder, parallel] of Object.entries(FOLDERS)) {
    const directory = path.join(testDir, folder);
    if (!fs.existsSync(directory)) continue;
    for (const name of fs.readdirSync(directory).sort()) {
      const file = `${folder}/${name}`;
      if (!TEST_FILE.test(name) || !file.includes(filter)) continue;
      const source = fs.readFileSync(path.join(directory, name), 'utf8');
      if (!NAMED_AFTER.test(name) && !uses.test(source)) continue;
      cases.push({
        file,
        folder,
        parallel,
        idle: IDLE.includes(file),
        flags: words(FLAGS.exec(source)),
        env: Object.fromEntries(words(ENV.exec(source)).map((pair) => {
          const [key, ...value] = pair.split('=');
          return [key, value.join('=')];
        })),
      });
    }
  }
  return cases;
}

module.exports = { selectCases };
