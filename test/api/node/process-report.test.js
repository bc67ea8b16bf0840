'use strict';

// process.report: the handles of sockets in the diagnostic report.

const assert = require('node:assert');
const { bound, isWindows, open, once } = require('../../support/dgram');

/** The entries of type udp in the diagnostic report. */
function udpHandles() {
  return process.report.getReport().libuv.filter(({ type }) => type === 'udp');
}

describe('process.report', () => {
  it('contains one handle per socket with its endpoints', async () => {
    const before = udpHandles().length;
    const socket = await bound();
    const peer = await bound();
    socket.connect(peer.address().port);
    await once(socket, 'connect');
    peer.unref();
    open('udp4');
    const handles = udpHandles();
    assert.strictEqual(handles.length, before + 3);
    const portOf = ({ localEndpoint }) => localEndpoint?.port;
    const own = handles.find((handle) =>
      portOf(handle) === socket.address().port);
    const other = handles.find((handle) =>
      portOf(handle) === peer.address().port);
    assert.strictEqual(own.remoteEndpoint.port, peer.address().port);
    assert.strictEqual(own.is_referenced, true);
    assert.strictEqual(own.writeQueueSize, 0);
    assert.strictEqual(own.writeQueueCount, 0);
    if (!isWindows) assert.strictEqual(own.fd > 2, true);
    assert.strictEqual(other.remoteEndpoint, null);
    assert.strictEqual(other.is_referenced, false);
    assert.ok(handles.some(({ localEndpoint }) => localEndpoint === null));
  });

  it('contains no handle of a closed socket', async () => {
    const before = udpHandles().length;
    const socket = await bound();
    assert.strictEqual(udpHandles().length, before + 1);
    socket.close();
    await once(socket, 'close');
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    assert.strictEqual(udpHandles().length, before);
  });
});
