'use strict';

// The headers that the prebuilt binaries are compiled with: those of the
// oldest Node that we support, so that they ask for nothing newer.

const fs = require('node:fs');
const path = require('node:path');

const { unpackNode } = require('../node-package');

// There are no Nodes before 20 for Windows on arm64.
const OLDEST = process.platform === 'win32' && process.arch === 'arm64' ?
  '20.5.0' : '18.20.8';

/** @returns {string} what node-gyp calls a nodedir, for Linux */
function headersOf(version) {
  const directory = path.join(__dirname, '..', '..', '.cache', 'headers',
                              version);
  if (!fs.existsSync(directory)) {
    unpackNode(version, directory, ['include/node']);
  }
  return directory;
}

module.exports = { OLDEST, headersOf };
