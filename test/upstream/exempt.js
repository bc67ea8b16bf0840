'use strict';

/**
 * Files that need no proof, because what they test is Node's own internals,
 * which a redirect of the public module leaves as they are. They still have to
 * pass. Nothing else belongs here: a file that merely fails is a failure.
 */
module.exports = {
  'parallel/test-dgram-create-socket-handle.js':
    "calls internal/dgram's _createSocketHandle() only and wants instances " +
    "of Node's own UDP class; it makes no dgram.Socket",
  'parallel/test-dgram-create-socket-handle-fd.js':
    "calls _createSocketHandle() only and wants instances of Node's own UDP " +
    'class, which dgram-native hands through; it makes no dgram.Socket',
};
