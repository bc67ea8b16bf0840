'use strict';

/** Unix sockets for the tests of this folder, and a directory for files. */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { describeNative, dgram, once, open } = require('../../support/dgram');

let directory;
let names = 0;

/** Tests that need Unix sockets. They are skipped where there are none. */
function describeUnix(title, body) {
  describeNative(title, () => {
    before(function() {
      if (!dgram.features.unixDgram) this.skip();
    });
    beforeEach(() => {
      directory = fs.mkdtempSync(path.join(os.tmpdir(), 'dgram-unix-'));
    });
    afterEach(() => {
      fs.rmSync(directory, { recursive: true, force: true });
    });
    body();
  });
}

/** A path in the directory of the test that no other call returns. */
function freshPath(name = `${++names}.sock`) {
  return path.join(directory, name);
}

/** An abstract name that no other call returns. */
function freshName() {
  return `\0dgram-native-${process.pid}-${++names}`;
}

/** A path of exactly that many bytes. */
function pathOfLength(length) {
  const prefix = freshPath('');
  return prefix + 'x'.repeat(length - Buffer.byteLength(prefix));
}

/** A socket bound to a path of its own. */
async function boundUnix(options = {}, at = freshPath()) {
  const socket = open({ type: 'unix_dgram', ...options });
  const listening = once(socket, 'listening');
  socket.bind(at);
  await listening;
  return socket;
}

const openUnix = (options = {}) => open({ type: 'unix_dgram', ...options });

const pathOf = (socket) => socket.address().path;

module.exports = {
  boundUnix, describeUnix, freshName, freshPath, openUnix, pathOf, pathOfLength,
};
