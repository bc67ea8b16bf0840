'use strict';

// The headers for the prebuilt binaries: those of the oldest supported Node, so
// that the binaries require nothing newer.

const fs = require('node:fs');
const path = require('node:path');

const { unpackNode } = require('../node-package');

// Node for Windows on arm64 exists since version 20.
const OLDEST = process.platform === 'win32' && process.arch === 'arm64' ?
  '20.5.0' : '18.20.8';

/** @returns {string} the --nodedir of node-gyp, for Linux */
function headersOf(version) {
  const directory = path.join(__dirname, '..', '..', '.cache', 'headers',
                              version);
  if (!fs.existsSync(directory)) {
    unpackNode(version, directory, ['include/node']);
  }
  return directory;
}

module.exports = { OLDEST, headersOf };
