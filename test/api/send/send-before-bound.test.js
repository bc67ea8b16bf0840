'use strict';

// send() on a socket that is not bound yet: the call is queued, and repeated
// through the socket's `send` when the socket is bound.

const assert = require('node:assert');
const {
  bound, closeLater, dgram, isNative, itNative, open, receiveText, reportsOf,
  nextIteration,
} = require('../../support/dgram');

const AT = '127.0.0.1';

/** Records the arguments of each `send` call of this socket. */
function spyOn(socket) {
  const calls = [];
  const { send } = socket;
  socket.send = function(...args) {
    assert.strictEqual(this, socket);
    calls.push(args);
    return send.apply(this, args);
  };
  return calls;
}

describe('socket.send() before the socket is bound', () => {
  it('calls send again with a list once bound', async () => {
    const receiver = await bound();
    const { port } = receiver.address();
    const texts = receiveText(receiver, 4);
    const socket = open('udp4');
    const calls = spyOn(socket);
    const callback = () => {};
    socket.send('abc', port, AT, callback);
    socket.send(new Uint16Array([0x6161]), port);
    socket.send(['d', Buffer.from('e')], port, AT);
    socket.send([], port, callback);
    const first = calls.splice(0);
    assert.strictEqual(first.length, 4);
    assert.deepStrictEqual(await texts, ['abc', 'aa', 'de', '']);
    assert.strictEqual(calls.length, 4);
    for (const [list] of calls) {
      assert.ok(Array.isArray(list));
      assert.ok(list.every(ArrayBuffer.isView));
    }
    assert.deepStrictEqual(
      calls.map(([list, ...rest]) => [list.map((part) =>
        String(Buffer.from(part.buffer, part.byteOffset, part.byteLength))),
      ...rest]),
      [[['abc'], port, AT, callback], [['aa'], port, undefined, undefined],
        [['d', 'e'], port, AT, undefined],
        [[''], port, undefined, callback]]);
  });

  it('calls the send method that the socket had at first', async () => {
    const receiver = await bound();
    const texts = receiveText(receiver, 1);
    const socket = open('udp4');
    socket.send('x', receiver.address().port, AT);
    socket.send = assert.fail;
    assert.deepStrictEqual(await texts, ['x']);
  });

  it('calls send and close of a subclass twice', async () => {
    const receiver = await bound();
    const calls = [];
    class Counting extends dgram.Socket {
      send(...args) {
        calls.push('send');
        super.send(...args);
      }

      close(...args) {
        calls.push('close');
        return super.close(...args);
      }
    }
    const socket = closeLater(new Counting('udp4'));
    socket.send('x', receiver.address().port, AT);
    const closed = new Promise((resolve) => socket.close(resolve));
    socket.close = assert.fail;
    await closed;
    delete socket.close;
    assert.deepStrictEqual(calls, ['send', 'close', 'send', 'close']);
  });

  itNative('sends the bytes of the first call', async () => {
    const receiver = await bound();
    const texts = receiveText(receiver, 2);
    const socket = open('udp4');
    const bytes = Buffer.from('abc');
    socket.send(bytes, receiver.address().port, AT);
    socket.send([bytes, bytes], receiver.address().port, AT);
    bytes.fill('x');
    assert.deepStrictEqual(await texts, ['abc', 'abcabc']);
  });

  it('sends nothing when bind fails', async () => {
    const taken = await bound();
    const socket = open('udp4');
    const failed = new Promise((resolve) => socket.on('error', resolve));
    socket.bind(taken.address().port, AT);
    const calls = spyOn(socket);
    const errors = [];
    socket.send('x', taken.address().port, AT, (error) => errors.push(error));
    const error = await failed;
    assert.strictEqual(error.code, 'EADDRINUSE');
    await nextIteration();
    assert.strictEqual(calls.length, 1);
    assert.deepStrictEqual(errors, isNative ? [error] : []);
  });

  it('throws from \'listening\' if it has an address and the socket has ' +
    'been connected', async () => {
    const reports = await reportsOf((dgram, report) => {
      // Calls back in a tick for bind(), synchronously for connect().
      const lookup = (name, family, callback) => {
        if (name === '0.0.0.0')
          process.nextTick(callback, null, name, family);
        else
          callback(null, '127.0.0.1', 4);
      };
      const peer = dgram.createSocket('udp4');
      peer.on('message', (msg) => {
        report(String(msg));
        peer.close();
        socket.close();
      });
      const socket = dgram.createSocket({ type: 'udp4', lookup });
      process.once('uncaughtException', (error) => {
        report(error.code);
        socket.send('d');
      });
      peer.bind(0, '127.0.0.1', () => {
        const { port } = peer.address();
        socket.bind();
        socket.connect(port);
        socket.send('q', port, '127.0.0.1', () => report('called back'));
        socket.send('lost with the queue', port, '127.0.0.1');
      });
    });
    assert.deepStrictEqual(reports, ['ERR_SOCKET_DGRAM_IS_CONNECTED', 'd']);
  });
});
