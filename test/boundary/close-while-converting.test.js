'use strict';

// Arguments are converted before the socket is looked up: valueOf() may close
// the socket and run the event loop until its memory is reused.

const assert = require('node:assert');

const { codes } = require('../native/kit');
const { succeed, succeedWithOurs } = require('./kit');

const { EBADF } = codes;

/** Calls of a method with a number; the number is an object that converts. */
const CALLS = {
  setTTL: (handle, number) => handle.setTTL(number),
  setMulticastTTL: (handle, number) => handle.setMulticastTTL(number),
  setMulticastLoopback: (handle, number) =>
    handle.setMulticastLoopback(number),
  setBroadcast: (handle, number) => handle.setBroadcast(number),
  'bind: port': (handle, number) => handle.bind('127.0.0.1', number, 0),
  'bind: flags': (handle, number) => handle.bind('127.0.0.1', 0, number),
  'bind6': (handle, number) => handle.bind6('::1', number, 0),
  'connect': (handle, number) => handle.connect('127.0.0.1', number),
  'connect6': (handle, number) => handle.connect6('::1', number),
  'open': (handle, number) => handle.open(number),
  'adopt': (handle, number) => handle.adopt(number),
  'bufferSize': (handle, number) => {
    const context = {};
    return handle.bufferSize(number, true, context) ?? context.errno;
  },
};

/** Calls with a receiver whose id is read by a getter, after the arguments. */
const RECEIVERS = {
  recvStop: (receiver, { recvStop }) => recvStop.call(receiver),
  disconnect: (receiver, { disconnect }) => disconnect.call(receiver),
  share: (receiver, { share }) => share.call(receiver),
  getsockname: (receiver, { getsockname }) => getsockname.call(receiver, {}),
  setTTL: (receiver, { setTTL }) => setTTL.call(receiver, 3),
  getSendQueueSize: (receiver, { getSendQueueSize }) =>
    getSendQueueSize.call(receiver),
  addMembership: (receiver, { addMembership }) =>
    addMembership.call(receiver, '224.0.0.114', '127.0.0.1'),
};

describe('a method whose socket is closed during argument conversion', () => {
  for (const [name, call] of Object.entries(CALLS)) {
    it(`returns EBADF: ${name}`, async () => {
      const answers = await succeed(`(({ report, native, runLoop, overwrite }) => {
        const call = ${call};
        const core = native.open();
        const { handle } = core.bound();
        report(call(handle, { valueOf() {
          handle.close();
          runLoop();
          overwrite();
          return 1;
        } }));
        core.closeAll();
      })`);
      assert.deepStrictEqual(answers, [EBADF]);
    });
  }

  for (const [name, call] of Object.entries(RECEIVERS)) {
    it(`returns EBADF if the getter of the id closes it: ${name}`, async () => {
      const answers = await succeed(`(({ report, native, runLoop, overwrite }) => {
        const call = ${call};
        const core = native.open();
        const { handle } = core.bound();
        report(call({ get id() {
          handle.close();
          runLoop();
          overwrite();
          return handle.id;
        } }, core.Handle.prototype));
        core.closeAll();
      })`);
      assert.deepStrictEqual(answers, [EBADF]);
    });
  }

  it('completes results that it has begun to write', async () => {
    const [names, context] = await succeed((
      { report, native, runLoop, overwrite }) => {
      const core = native.open();
      const end = (handle) => {
        handle.close();
        runLoop();
        overwrite();
      };
      // defineProperty is trapped for each property of the result.
      const first = core.bound();
      const names = [];
      const code = first.handle.getsockname(new Proxy({}, {
        defineProperty(target, name, { value }) {
          if (names.length === 0) end(first.handle);
          names.push([name, value === first.port ? 'port' : value]);
          return true;
        },
      }));
      report([code, ...names]);
      const second = core.bound();
      const context = new Proxy({}, {
        defineProperty(target, name, descriptor) {
          if (name === 'errno') end(second.handle);
          return Reflect.defineProperty(target, name, descriptor);
        },
      });
      second.handle.bufferSize(2 ** 31, true, context);
      report([context.code, context.syscall]);
      core.closeAll();
    });
    assert.deepStrictEqual(names, [
      0, ['address', '127.0.0.1'], ['family', 'IPv4'], ['port', 'port'],
    ]);
    assert.deepStrictEqual(context, ['EINVAL', 'uv_recv_buffer_size']);
  });

  it('returns EBADF in the package as well', async () => {
    const [answer] = await succeedWithOurs((
      { report, runLoop, load, overwrite }) => {
      const socket = load().createSocket('udp4');
      socket.bind(0, '127.0.0.1', () => {
        const [symbol] = Object.getOwnPropertySymbols(socket)
          .filter(({ description }) => description === 'state symbol');
        const { handle } = socket[symbol];
        report(handle.setTTL({ valueOf() {
          handle.close();
          runLoop();
          overwrite();
          return 3;
        } }));
      });
    });
    assert.strictEqual(answer, EBADF);
  });
});
