'use strict';

// The system calls of a socket's life, counted by strace.

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const path = require('node:path');

const LIVES = 200;

/** Calls that do not belong to a socket: the process itself. */
const SLACK = 30;

const program = `
  const dgram = require(${JSON.stringify(path.join(__dirname, '../../lib'))});
  let left = ${LIVES};
  (function next() {
    if (left-- === 0) return;
    const socket = dgram.createSocket('udp4');
    socket.on('close', next);
    socket.bind(0, '127.0.0.1', () => socket.close());
  })();
`;

function trace(...args) {
  return spawnSync('strace', args, { encoding: 'utf8' });
}

describe('system calls', () => {
  it('of open, bind and close are few', function() {
    if (process.platform !== 'linux' || trace('-f', 'true').status !== 0)
      this.skip();
    this.timeout(60000);
    const { status, stderr } = trace(
      '-f', '-qq', '-e', 'trace=epoll_ctl,ioctl,close',
      process.execPath, '-e', program);
    const count = (name) => stderr.split(`${name}(`).length - 1;

    assert.strictEqual(status, 0, stderr.slice(-1000));
    assert.ok(count('close') >= LIVES);
    assert.ok(count('epoll_ctl') <= 5 * LIVES + SLACK,
              `${count('epoll_ctl')} calls of epoll_ctl()`);
    assert.ok(count('ioctl') <= LIVES + SLACK,
              `${count('ioctl')} calls of ioctl()`);
  });
});
