'use strict';

// Frozen `process` and intrinsics, as in hardened programs: the Socket class,
// without traffic.

const assert = require('node:assert');
const { describeNative, inChild, reportsOf } = require('../../support/dgram');

function calls(dgram, report) {
  const { BlockList } = require('node:net');
  Object.freeze(process);
  const socket = dgram.createSocket({
    type: 'udp4',
    receiveBlockList: new BlockList(),
    signal: new AbortController().signal,
  });
  for (const body of [() => socket.address(), () => socket.connect(0),
    () => socket.getRecvBufferSize()]) {
    try {
      body();
    } catch ({ code, stack }) {
      report([code, /\[as|at Socket\.(\w+)/.exec(stack)[1]]);
    }
  }
  socket.on('error', ({ code }) => {
    report(code);
    socket.close(() => report('close'));
  });
  socket.send('x', 9, '127.0.0.1', ({ code }) => report(`send ${code}`));
  socket.emit('error', Object.assign(new Error('own'), { code: 'OWN' }));
}

const REPORTS = [['EBADF', 'address'], ['ERR_SOCKET_BAD_PORT', 'connect'],
  ['ERR_SOCKET_BUFFER_SIZE', 'getRecvBufferSize'], 'OWN', 'send OWN', 'close'];

describeNative('errors and callbacks', () => {
  it('are the same with a frozen process', async () => {
    assert.deepStrictEqual(await reportsOf(calls), REPORTS);
  });

  it('are the same with --frozen-intrinsics', async () => {
    const { code, reports } = await inChild(calls,
      { execArgv: ['--frozen-intrinsics', '--no-warnings'] });
    assert.strictEqual(code, 0);
    assert.deepStrictEqual(reports, REPORTS);
  });
});
