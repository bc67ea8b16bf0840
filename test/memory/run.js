'use strict';

// `npm run test:memory`: mocha's part of the suite and Node's own tests of
// dgram, with the C core built under AddressSanitizer, LeakSanitizer and
// UndefinedBehaviorSanitizer. Fails on a memory error anywhere, on undefined
// behaviour and on memory that the C core lost. The canary, an addon full of
// mistakes, shows first that mistakes are found, in a process that was started
// without an environment, too.
//
//   node test/memory/run.js [FILE [ARGUMENT...]]   a program instead

const { execFileSync } = require('node:child_process');
const path = require('node:path');

const { build, copy, findings, prepare, run } = require('./sanitizer');

const CANARY = {
  nothing: null,
  leak: /Direct leak of 64 byte.*canary_leak/s,
  overflow: /heap-buffer-overflow.*canary_overflow/s,
  useAfterFree: /heap-use-after-free.*canary_use_after_free/s,
  undefined: /runtime error: signed integer overflow.*canary_undefined/s,
};
const mocha = require.resolve('mocha/bin/mocha.js');

let failures = 0;

function fail(text) {
  failures++;
  console.error(text);
}

function checkCanary() {
  const addon = path.join(copy, 'test/memory/canary/build/Release/canary.node');
  for (const [name, expected] of Object.entries(CANARY)) {
    const body = `require(${JSON.stringify(addon)}).${name}()`;
    run(['-e', `require('node:child_process').spawnSync(process.execPath, ` +
      `['-e', ${JSON.stringify(body)}], { env: {} })`]);
    const found = findings();
    const right = expected === null ?
      found.length === 0 :
      found.length === 1 && expected.test(found[0]);
    if (right) console.log(`canary: ${name} ${expected ? '' : 'not '}reported`);
    else fail(`canary: ${name} went wrong: ${found.join('\n') || 'no report'}`);
  }
}

/** Each goes through everything. */
const TRANSPORTS = ['linux', 'uv'];

/** The sanitizers make everything slower. */
const SUITES = [
  // The runner's own test gives its cases five seconds, which is not enough
  // here; the runner itself comes next. And this addon asks for the sanitizers'
  // symbols too.
  [mocha, '--config', 'test/unit.mocharc.cjs', '--ignore', 'test/upstream/**',
    '--ignore', 'test/native/abi.test.js',
    '--timeout', '60000', '--reporter', 'dot'],
  // Beside node:dgram, which fails some of it too where there is no network.
  // The reports of a run without sanitizers stay as they are.
  ['test/upstream/run.js', '--reports', 'build/reports'],
];

/** The packed package of the copy, which no sanitizer need look at. */
function stage() {
  execFileSync(process.execPath, ['-e', 'require("./test/support/package")'], {
    cwd: copy, env: { ...process.env, DGRAM_TEST_PACKAGE: undefined },
    stdio: 'inherit',
  });
}

function checkSuite(args, env) {
  const { status, signal } = run(args, env);
  if (status !== 0) fail(`${args[0]} ended with ${signal ?? status}`);
  const found = findings();
  for (const report of found) fail(report);
  console.log(`${found.length} reports of memory errors, undefined ` +
    'behaviour or leaks');
}

prepare();
build('test/memory/canary');
checkCanary();
build('.');
build('test/native');
stage();
const suites = process.argv.length > 2 ? [process.argv.slice(2)] : SUITES;
for (const transport of TRANSPORTS) {
  console.log(`\ntransport ${transport}`);
  for (const suite of suites)
    checkSuite(suite, { DGRAM_NATIVE_TRANSPORT: transport });
}
process.exitCode = failures > 0 ? 1 : 0;
