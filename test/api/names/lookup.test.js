'use strict';

const assert = require('node:assert');
const dns = require('node:dns');
const {
  bound, connectedTo, itNative, once, open, receive, receiveText, reportsOf,
  send, stateOf, turn,
} = require('../../support/dgram');

/** A lookup that writes down how it is called. */
function recording(calls, answer = (name) => [null, name, 4]) {
  return function(...args) {
    const callback = args[args.length - 1];
    calls.push(args.slice(0, -1));
    process.nextTick(callback, ...answer(args[0]));
  };
}

describe('option lookup', () => {
  it('is called for bind, with the default address too', async () => {
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

  it('is called for every unconnected send', async () => {
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

  it('is called for udp6 with ::1', async () => {
    const calls = [];
    const receiver = await bound('udp6');
    const socket = open({ type: 'udp6', lookup: recording(calls) });
    const texts = receiveText(receiver, 1);
    socket.send('x', receiver.address().port);
    assert.deepStrictEqual(await texts, ['x']);
    assert.deepStrictEqual(calls, [['::', 6], ['::1', 6]]);
  });

  it('is called for connect, and for no send after it', async () => {
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

  it('is called for connect without an address', async () => {
    const calls = [];
    const socket = open({ type: 'udp4', lookup: recording(calls) });
    socket.connect(1234);
    await once(socket, 'connect');
    assert.deepStrictEqual(calls, [['0.0.0.0', 4], ['127.0.0.1', 4]]);
  });

  it('is called inside of send, with a receiver of no value', async () => {
    let receivers = 0;
    const socket = await bound({
      type: 'udp4',
      lookup: (name, family, callback) => {
        receivers++;
        process.nextTick(callback, null, '127.0.0.1', 4);
      },
    });
    const before = receivers;
    socket.send('x', 1234, 'name');
    assert.strictEqual(receivers, before + 1);
  });

  it('may call back at once: the datagram is sent inside of send()',
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
      // Survives it as well.
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

  it('may fail at once: the callback still comes later', async () => {
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

  it('may throw: send throws', async () => {
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

  it('may answer late: a later send overtakes', async () => {
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

  it('may answer after close: nothing is sent or called', async () => {
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
    await turn();
  });

  it('may answer with an error after close: the callback gets it',
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

  it('may answer bind and connect with what is an address as text',
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

  it('may answer bind with nonsense: the error names it',
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

  it('may answer with what has no text: bind and connect throw', async () => {
    const failure = new Error('no text');
    const lookup = (name, family, callback) => callback(null,
      name === 'name' ? { toString() { throw failure; } } : name, 4);
    assert.throws(() => open({ type: 'udp4', lookup }).bind(0, 'name'),
      failure);
    const socket = open({ type: 'udp4', lookup });
    socket.bind();
    assert.throws(() => socket.connect(1234, 'name'), failure);
  });

  // node:dgram ends the process.
  itNative('may answer send() with no address: it fails, and goes nowhere',
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

  it('may answer with an address of the other family', async () => {
    const socket = await bound({
      type: 'udp4',
      lookup: (name, family, callback) =>
        callback(null, name === 'six' ? '::1' : name, 6),
    });
    await assert.rejects(send(socket, 'x', 1234, 'six'),
      { message: 'send EINVAL six:1234' });
  });
});

describe('names', () => {
  it('are looked up by dns.lookup as it is at the time', async () => {
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

  it('and literals keep their order among themselves', async () => {
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

  it('a send to a name gives its callback the bytes', async () => {
    const receiver = await bound();
    const texts = receiveText(receiver, 1);
    assert.strictEqual(
      await send(open('udp4'), 'abc', receiver.address().port, 'localhost'),
      3);
    assert.deepStrictEqual(await texts, ['abc']);
  });

  it('that cannot be resolved are an error of getaddrinfo', async () => {
    const socket = await bound();
    // Too long for any resolver, so that no network is asked.
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
