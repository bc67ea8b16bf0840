'use strict';

// The prebuilt addon for Linux arm64, glibc, in every supported Node for arm64.
// On another processor each Node runs under qemu-user.

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');

const { unpackNode } = require('../../scripts/node-package');
const { supported } = require('../matrix/nodes');
const kit = require('./kit');

/** Debian's qemu-user-static; libc6-arm64-cross and libstdc++6-arm64-cross. */
const QEMU = '/usr/bin/qemu-aarch64-static';
const LIBRARIES = '/usr/aarch64-linux-gnu';

const isNeeded = process.platform === 'linux' && process.arch === 'x64';
const hasEmulator = [QEMU, path.join(LIBRARIES, 'lib', 'libstdc++.so.6')]
  .every((file) => fs.existsSync(file));

/** Node for arm64, downloaded if it is missing. */
function nodeOf(version) {
  const directory = path.join(kit.root, '.cache', 'nodes-arm64', version);
  const binary = path.join(directory, 'bin', 'node');
  if (!fs.existsSync(binary)) {
    unpackNode(version, directory, ['bin/node'], 'arm64');
  }
  return binary;
}

(isNeeded ? describe : describe.skip)('the addon for arm64', function() {
  this.timeout(600000);
  let directory;
  let env;

  before(function() {
    if (!hasEmulator) {
      assert.ok(!process.env.CI, `${QEMU} or its libraries are missing`);
      this.skip();
    }
    ({ directory, env } = kit.installed());
    kit.addConsumer(directory);
  });

  for (const version of supported) {
    it(`echoes a datagram on Node ${version}`, () => {
      const { status, stdout, stderr } = kit.run(
        QEMU, ['-L', LIBRARIES, nodeOf(version), 'require.cjs'],
        { cwd: directory, env });
      assert.deepStrictEqual({ status, stderr }, { status: 0, stderr: '' });
      const report = JSON.parse(stdout);
      assert.strictEqual(report.node, version);
      assert.strictEqual(report.transport, 'linux');
      assert.strictEqual(report.echoed, 'echo of hello');
      assert.strictEqual(report.stats.sockets, 2);
      assert.strictEqual(report.searched, false);
      assert.deepStrictEqual(report.addons, [path.join(
        directory, 'node_modules', 'dgram-native', 'prebuilds', 'linux-arm64',
        'dgram-native.glibc.node')]);
    });
  }
});
