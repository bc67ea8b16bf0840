'use strict';

// `npm run test:memory`: runs the mocha suites and Node's own dgram tests with
// the C core built under AddressSanitizer, LeakSanitizer and
// UndefinedBehaviorSanitizer. Fails on any memory error, on undefined
// behaviour, and on leaks of the C core. First a canary, an addon with
// deliberate errors, checks that errors are detected, also in a process with an
// empty environment.
//
//   node test/memory/run.js [FILE [ARGUMENT...]]   runs a program instead
//   node test/memory/run.js --quick   as CI: without programs around sockets;
//                                     with `uv` without Node's own tests and
//                                     those of plain-on-uv.js

const { execFileSync } = require('node:child_process');
const path = require('node:path');

const plain = require('./plain-on-uv');
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
    else fail(`canary: ${name}: reported ${found.join('\n') || 'nothing'}`);
  }
}

const TRANSPORTS = ['linux', 'uv'];

/** A process starts in 2 s, not 0.2 s, and beside other steps of CI in 6 s. */
const LIMITS = {
  DGRAM_TEST_TIME_FACTOR: process.env.DGRAM_TEST_TIME_FACTOR ?? '4',
};
const isQuick = process.argv[2] === '--quick';

/** The suites, with longer timeouts for the sanitizers. */
const SUITES = [
  // The tests of the runners allow five seconds a case, too few here; the
  // upstream runner itself is next. abi.test.js would reject the sanitizers'
  // symbols.
  [mocha, '--config', 'test/unit.mocharc.cjs',
    '--ignore', 'test/{platforms,upstream}/**',
    '--ignore', 'test/native/abi.test.js',
    '--timeout', '60000', '--reporter', 'dot'],
  // Compared with node:dgram, which fails some of it too without a network.
  // The reports of a run without sanitizers are not overwritten.
  ['test/upstream/run.js', '--reports', 'build/reports', '--tries', '3'],
];

/** Left out if it is quick: whole programs, in which C does little work. */
const PROGRAMS = ['test/{e2e,examples}/**/*.test.js'];

/** Each transport runs all of them, unless it is quick. */
function suitesOf(transport) {
  if (!isQuick) return SUITES;
  const [unit, ...others] = SUITES;
  const without = (all) =>
    [...unit, ...all.flatMap((files) => ['--ignore', files])];
  return transport === 'uv' ? [without(plain)] : [without(PROGRAMS), ...others];
}

/** Packs the package of the copy, without sanitizers. */
function stage() {
  execFileSync(process.execPath, ['-e', 'require("./test/support/package")'], {
    cwd: copy, env: { ...process.env, DGRAM_TEST_PACKAGE: undefined },
    stdio: 'inherit',
  });
}

function checkSuite(args, env) {
  const { status, signal } = run(args, env);
  if (status !== 0) fail(`${args[0]} exited with ${signal ?? status}`);
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
const program = isQuick ? [] : process.argv.slice(2);
for (const transport of TRANSPORTS) {
  console.log(`\ntransport ${transport}`);
  const suites = program.length > 0 ? [program] : suitesOf(transport);
  for (const suite of suites)
    checkSuite(suite, { ...LIMITS, DGRAM_NATIVE_TRANSPORT: transport });
}
process.exitCode = failures > 0 ? 1 : 0;
