'use strict';

// `npm run test:memory`: mocha's part of the suite with the C core built under
// AddressSanitizer and LeakSanitizer. Fails on a memory error anywhere and on
// memory that the C core lost. The canary, an addon full of mistakes, shows
// first that mistakes are found.
//
//   node test/memory/run.js [MOCHA ARGUMENT...]    instead of the whole suite

const fs = require('node:fs');
const path = require('node:path');

const { build, copy, findings, prepare, run } = require('./sanitizer');

const CANARY = {
  nothing: null,
  leak: /Direct leak of 64 byte.*canary_leak/s,
  overflow: /heap-buffer-overflow.*canary_overflow/s,
  useAfterFree: /heap-use-after-free.*canary_use_after_free/s,
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
    run(['-e', `require(${JSON.stringify(addon)}).${name}()`]);
    const found = findings();
    const right = expected === null ?
      found.length === 0 :
      found.length === 1 && expected.test(found[0]);
    if (right) console.log(`canary: ${name} ${expected ? '' : 'not '}reported`);
    else fail(`canary: ${name} went wrong: ${found.join('\n') || 'no report'}`);
  }
}

/** Each data path has a source of its own. */
function transports() {
  return fs.readdirSync(path.join(copy, 'src'))
    .map((name) => /^transport_(\w+)\.c$/.exec(name)?.[1])
    .filter(Boolean);
}

function checkSuite(env) {
  // The runner's own test starts processes without an environment, so without
  // the sanitizer's runtime, in which the addon cannot be loaded.
  const wanted = process.argv.length > 2 ?
    process.argv.slice(2) :
    ['--config', 'test/unit.mocharc.cjs', '--ignore', 'test/upstream/**'];
  // The sanitizer makes everything slower.
  const { status, signal } = run(
    [mocha, ...wanted, '--timeout', '60000', '--reporter', 'dot'], env);
  if (status !== 0) fail(`mocha ended with ${signal ?? status}`);
  const found = findings();
  for (const report of found) fail(report);
  console.log(`${found.length} reports of memory errors or leaks`);
}

prepare();
build('test/memory/canary');
checkCanary();
build('.');
if (fs.existsSync(path.join(copy, 'test/native/binding.gyp')))
  build('test/native');
for (const transport of transports()) {
  console.log(`\ntransport ${transport}`);
  checkSuite({ DGRAM_NATIVE_TRANSPORT: transport });
}
process.exitCode = failures > 0 ? 1 : 0;
