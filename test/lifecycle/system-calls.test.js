'use strict';

// The system calls of a socket's life, counted by strace: no more than with
// node:dgram, apart from those that keep libuv from aborting.

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const { main } = require('../support/package');

const LIVES = 200;

/** Calls that do not belong to a socket: the process itself. */
const SLACK = 30;

const CALLS =
  ['socket', 'bind', 'epoll_ctl', 'ioctl', 'fcntl', 'setsockopt', 'close'];

/** Sockets that are closed at once, one after the other. */
const openAndClose = (dgram) => `
  const dgram = require(${JSON.stringify(dgram)});
  let left = ${LIVES};
  (function next() {
    if (left-- === 0) return;
    const socket = dgram.createSocket('udp4');
    socket.on('close', next);
    socket.bind(0, '127.0.0.1', () => socket.close());
  })();
`;

/** Sockets that send a request and wait for the answer. */
const request = (dgram) => `
  const dgram = require(${JSON.stringify(dgram)});
  const server = require('node:dgram').createSocket('udp4', (message, rinfo) => {
    server.send(message, rinfo.port, rinfo.address);
  });
  let left = ${LIVES};
  server.bind(0, '127.0.0.1', function next() {
    if (left-- === 0) return server.close();
    const socket = dgram.createSocket('udp4', () => socket.close());
    socket.on('close', next);
    socket.send('request', server.address().port, '127.0.0.1');
  });
`;

function trace(...args) {
  return spawnSync('strace', args, { encoding: 'utf8' });
}

/** @returns {object} how often the program made each call */
function count(program) {
  const { status, stderr } = trace(
    '-f', '-qq', '-e', `trace=${CALLS}`, process.execPath, '-e', program);
  assert.strictEqual(status, 0, stderr.slice(-1000));
  return Object.fromEntries(CALLS.map((name) =>
    [name, stderr.split(`${name}(`).length - 1]));
}

describe('system calls of a socket', function() {
  this.timeout(60000);

  before(function() {
    if (process.platform !== 'linux' || trace('-f', 'true').status !== 0)
      this.skip();
  });

  function compare(program, more) {
    const builtin = count(program('node:dgram'));
    const native = count(program(main));
    assert.ok(native.socket >= LIVES && native.close >= LIVES);
    for (const name of CALLS) {
      const limit = builtin[name] + (more[name] ?? 0) * LIVES + SLACK;
      assert.ok(native[name] <= limit,
                `${name}(): ${native[name]} calls, not ${limit}`);
    }
  }

  it('to open, bind and close it: those of node:dgram', () => {
    compare(openAndClose, {});
  });

  // The descriptor is added to epoll before libuv does it, see poll.c. libuv
  // fails to add it again, and updates it.
  it('for a request: two more of epoll_ctl()', () => {
    compare(request, { epoll_ctl: 2 });
  });
});
