'use strict';

/**
 * Files that need no evidence, because they test Node's internals, which a
 * redirect of the public module does not change. They still have to pass. This
 * is not a list of files that merely fail.
 */
module.exports = {
  'parallel/test-dgram-create-socket-handle.js':
    "calls internal/dgram's _createSocketHandle() only and needs instances " +
    "of Node's own UDP class; it creates no dgram.Socket",
  'parallel/test-dgram-create-socket-handle-fd.js':
    "calls _createSocketHandle() only and needs instances of Node's own " +
    'UDP class, which dgram-native passes through; it creates no dgram.Socket',
};
