'use strict';

// Name resolution: the option `lookup` with every way to call back, and names
// resolved by dns.lookup().

const assert = require('node:assert');
const dns = require('node:dns');
const {
  bound, connectedTo, itNative, once, open, receive, receiveText, reportsOf,
  send, stateOf, nextIteration,
} = require('../../support/dgram');

/** A lookup that records its arguments. */
function recording(calls, answer = (name) => [null, name, 4]) {
  return function(...args) {
    const callback = args[args.length - 1];
    calls.push(args.slice(0, -1));
    process.nextTick(callback, ...answer(args[0]));
  };
}

describe('the option lookup', () => {
  it('is called by bind(), also with the default address', async () => {
    const calls = [];
    for (const [type, address] of [['udp4', '127.0.0.1'], ['udp6', '::1']]) {
      const lookup = recording(calls);
      open({ type, lookup }).bind();
      open({ type, lookup }).bind(0, '');
      const socket = open({ type, lookup });
      socket.bind(0, address);
      await once(socket, 'listening');
    }
    assert.deepStrictEqual(calls, [
      ['0.0.0.0', 4], ['0.0.0.0', 4], ['127.0.0.1', 4],
      ['::', 6], ['::', 6], ['::1', 6],
    ]);
  });

  it('is called by every unconnected send()', async () => {
    const calls = [];
    const receiver = await bound();
    const { port } = receiver.address();
    const socket = await bound({ type: 'udp4', lookup: recording(calls,
      () => [null, '127.0.0.1', 4]) });
    calls.splice(0);
    const texts = receiveText(receiver, 6);
    socket.send('1', port);
    socket.send('2', port, '');
    socket.send('3', port, null);
    socket.send('4', port, '127.0.0.1');
    socket.send('5', port, 'some.name');
    socket.send('6', port, 'some.name');
    assert.deepStrictEqual(calls, [
      ['127.0.0.1', 4], ['127.0.0.1', 4], ['127.0.0.1', 4], ['127.0.0.1', 4],
      ['some.name', 4], ['some.name', 4],
    ]);
    assert.deepStrictEqual(await texts, ['1', '2', '3', '4', '5', '6']);
  });

  it('is called with ::1 by default for udp6', async () => {
    const calls = [];
    const receiver = await bound('udp6');
    const socket = open({ type: 'udp6', lookup: recording(calls) });
    const texts = receiveText(receiver, 1);
    socket.send('x', receiver.address().port);
    assert.deepStrictEqual(await texts, ['x']);
    assert.deepStrictEqual(calls, [['::', 6], ['::1', 6]]);
  });

  it('is called by connect(), not by later sends', async () => {
    const calls = [];
    const receiver = await bound();
    const socket = await connectedTo(receiver,
      { type: 'udp4', lookup: recording(calls) });
    const texts = receiveText(receiver, 2);
    await send(socket, '1');
    await send(socket, '2');
    assert.deepStrictEqual(await texts, ['1', '2']);
    assert.deepStrictEqual(calls, [['0.0.0.0', 4], ['127.0.0.1', 4]]);
  });

  it('is called by connect() without an address', async () => {
    const calls = [];
    const socket = open({ type: 'udp4', lookup: recording(calls) });
    socket.connect(1234);
    await once(socket, 'connect');
    assert.deepStrictEqual(calls, [['0.0.0.0', 4], ['127.0.0.1', 4]]);
  });

  it('is called synchronously by send()', async () => {
    let calls = 0;
    const socket = await bound({
      type: 'udp4',
      lookup: (name, family, callback) => {
        calls++;
        process.nextTick(callback, null, '127.0.0.1', 4);
      },
    });
    const before = calls;
    socket.send('x', 1234, 'name');
    assert.strictEqual(calls, before + 1);
  });

  it('may call back synchronously: send() sends before it returns',
    async () => {
      const receiver = await bound();
      const socket = await bound({
        type: 'udp4',
        lookup: (name, family, callback) => callback(null, '127.0.0.1', 4),
      });
      const texts = receiveText(receiver, 2);
      const bytes = Buffer.from('abc');
      const closed = once(socket, 'close');
      const to = [receiver.address().port, 'any'];
      const sent = [];
      socket.send(bytes, ...to, (error, bytes) => sent.push(bytes));
      bytes.fill('x');
      socket.send(bytes, ...to, (error, bytes) => sent.push(bytes));
      assert.deepStrictEqual(sent, []);
      // The datagrams were sent, so close() does not drop them.
      socket.close();
      await closed;
      assert.deepStrictEqual(await texts, ['abc', 'xxx']);
      assert.deepStrictEqual(sent, [3, 3]);
    });

  it('may fail', async () => {
    const failure = new Error('no such name');
    const socket = await bound({
      type: 'udp4',
      lookup: recording([], (name) => name === 'bad' ?
        [failure] : [null, name, 4]),
    });
    await assert.rejects(send(socket, 'x', 1234, 'bad'), failure);
    const error = once(socket, 'error');
    socket.send('x', 1234, 'bad');
    assert.strictEqual((await error)[0], failure);
    assert.strictEqual(await send(socket, 'x', 1234, '127.0.0.1'), 1);
  });

  it('may fail synchronously: the callback is called later', async () => {
    const failure = new Error('no such name');
    const socket = await bound({
      type: 'udp4',
      lookup: (name, family, callback) => callback(
        ...(name === 'bad' ? [failure] : [null, name, 4])),
    });
    let returned = false;
    const later = new Promise((resolve) => {
      socket.send('x', 1234, 'bad', (error) => resolve([error, returned]));
    });
    returned = true;
    assert.deepStrictEqual(await later, [failure, true]);
  });

  it('may throw: send() throws the error', async () => {
    const failure = new Error('thrown by lookup');
    const socket = await bound({
      type: 'udp4',
      lookup: (name, family, callback) => {
        if (name === 'bad')
          throw failure;
        callback(null, name, 4);
      },
    });
    assert.throws(() => socket.send('x', 1234, 'bad'), failure);
    assert.strictEqual(await send(socket, 'x', 1234, '127.0.0.1'), 1);
  });

  it('may call back late: later sends overtake', async () => {
    const receiver = await bound();
    const pending = [];
    const socket = await bound({
      type: 'udp4',
      lookup: (name, family, callback) => name === 'slow' ?
        pending.push(() => callback(null, '127.0.0.1', 4)) :
        callback(null, '127.0.0.1', 4),
    });
    const texts = receiveText(receiver, 3);
    const to = receiver.address().port;
    const slow = send(socket, 'slow', to, 'slow');
    await send(socket, 'fast', to, 'fast');
    await send(socket, 'fast', to, 'fast');
    pending[0]();
    await slow;
    assert.deepStrictEqual(await texts, ['fast', 'fast', 'slow']);
  });

  it('may call back after close(): the datagram is dropped', async () => {
    let answer;
    const socket = await bound({
      type: 'udp4',
      lookup: (name, family, callback) => {
        if (name === 'slow')
          answer = () => callback(null, '127.0.0.1', 4);
        else
          callback(null, name, 4);
      },
    });
    socket.send('x', 1234, 'slow', () => assert.fail('called back'));
    socket.close();
    await once(socket, 'close');
    answer();
    await nextIteration();
  });

  it('may fail after close(): the callback receives the error',
    async () => {
      const failure = new Error('too late');
      let answer;
      const socket = await bound({
        type: 'udp4',
        lookup: (name, family, callback) => {
          if (name === 'slow')
            answer = () => callback(failure);
          else
            callback(null, name, 4);
        },
      });
      const error = new Promise((resolve) => {
        socket.send('x', 1234, 'slow', resolve);
      });
      socket.close();
      await once(socket, 'close');
      answer();
      assert.strictEqual(await error, failure);
    });

  it('may resolve to any value that converts to an address',
    async () => {
      const receiver = await bound();
      for (const answer of [['127.0.0.1'], new String('127.0.0.1'),
        { toString: () => '127.0.0.1' }]) {
        const socket = open({
          type: 'udp4',
          lookup: recording([], () => [null, answer, 4]),
        });
        socket.connect(receiver.address().port, 'name');
        await once(socket, 'connect');
        assert.strictEqual(socket.address().address, '127.0.0.1');
        assert.strictEqual(socket.remoteAddress().address, '127.0.0.1');
      }
    });

  it('may resolve to an invalid address: bind fails, the error contains it',
    async () => {
      for (const [answer, text] of [[undefined, ''], [5, ' 5'],
        [['::1', '::2'], ' ::1,::2']]) {
        const socket = open({
          type: 'udp4',
          lookup: recording([], () => [null, answer, 4]),
        });
        const [error] = await once(socket.bind(0, 'name'), 'error');
        assert.strictEqual(error.message, `bind EINVAL${text}`);
        assert.strictEqual(error.address, answer);
      }
    });

  it('may resolve to a value whose conversion throws: bind() throws',
    async () => {
      const failure = new Error('no conversion');
      const lookup = (name, family, callback) => callback(null,
        name === 'name' ? { toString() { throw failure; } } : name, 4);
      assert.throws(() => open({ type: 'udp4', lookup }).bind(0, 'name'),
        failure);
      const socket = open({ type: 'udp4', lookup });
      socket.bind();
      assert.throws(() => socket.connect(1234, 'name'), failure);
    });

  // node:dgram ends the process in this case.
  itNative('may resolve to no address: send() fails with EINVAL',
    async () => {
      const peer = await bound();
      const messages = receiveText(peer, 1);
      for (const answer of [null, undefined, 5, ['127.0.0.1']]) {
        let answerLater;
        const socket = await bound({
          type: 'udp4',
          lookup: (name, family, callback) => {
            if (name === 'name') answerLater = () => callback(null, answer, 4);
            else process.nextTick(callback, null, name, 4);
          },
        });
        const { port } = peer.address();
        const failure = assert.rejects(send(socket, 'lost', port, 'name'),
          { message: `send EINVAL name:${port}` });
        socket.connect(port, '127.0.0.1');
        await once(socket, 'connect');
        answerLater();
        await failure;
      }
      await send(await bound(), 'only this', peer.address().port, '127.0.0.1');
      assert.deepStrictEqual(await messages, ['only this']);
    });

  it('may resolve to the other family: send() fails', async () => {
    const socket = await bound({
      type: 'udp4',
      lookup: (name, family, callback) =>
        callback(null, name === 'six' ? '::1' : name, 6),
    });
    await assert.rejects(send(socket, 'x', 1234, 'six'),
      { message: 'send EINVAL six:1234' });
  });
});

describe('host names', () => {
  it('are resolved by the current dns.lookup', async () => {
    assert.deepStrictEqual(await reportsOf((dgram, report) => {
      const dns = require('node:dns');
      const { lookup } = dns;
      dns.lookup = (name, family, callback) => {
        report([name, family]);
        lookup(name, family, callback);
      };
      const socket = dgram.createSocket('udp4');
      socket.bind(0, 'localhost', () => {
        const { port } = socket.address();
        socket.send('x', port, 'localhost', () => socket.close());
      });
    }), [['localhost', 4], ['localhost', 4]]);
  });

  it('do not change the order of sends to literals', async () => {
    const receiver = await bound();
    const { port } = receiver.address();
    const socket = await bound();
    const messages = receive(receiver, 60);
    for (let i = 0; i < 60; i++)
      socket.send(`${i}`, port, i % 3 === 1 ? 'localhost' : '127.0.0.1');
    const got = (await messages).map(({ msg }) => Number(msg));
    assert.deepStrictEqual([...got].sort((a, b) => a - b),
      Array.from({ length: 60 }, (_, i) => i));
    const literals = got.filter((i) => i % 3 !== 1);
    assert.deepStrictEqual(literals, [...literals].sort((a, b) => a - b));
  });

  it('are accepted by send(), which calls back with the bytes', async () => {
    const receiver = await bound();
    const texts = receiveText(receiver, 1);
    assert.strictEqual(
      await send(open('udp4'), 'abc', receiver.address().port, 'localhost'),
      3);
    assert.deepStrictEqual(await texts, ['abc']);
  });

  it('that do not resolve fail with the error of getaddrinfo', async () => {
    const socket = await bound();
    // Too long for any resolver, so no query leaves this machine.
    const name = `${'x'.repeat(70)}.invalid`;
    const expected = await new Promise((resolve) =>
      dns.lookup(name, 4, resolve));
    await assert.rejects(send(socket, 'x', 1234, name), (error) => {
      assert.strictEqual(error.syscall, 'getaddrinfo');
      assert.strictEqual(error.hostname, name);
      assert.strictEqual(error.code, expected.code);
      return true;
    });
    assert.strictEqual(stateOf(socket).bindState, 2);
  });
});
