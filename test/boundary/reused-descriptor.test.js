'use strict';

// Somebody closes a socket's descriptor behind libuv's back, and another handle
// of the loop gets its number: the socket cannot be watched any more. Whoever
// waits for it is told.

const assert = require('node:assert');

const { codes } = require('../native/kit');
const { itUnix, succeed } = require('./kit');

const { ECONNREFUSED, EEXIST } = codes;

describe('a descriptor that became another handle\'s', () => {
  itUnix('is an error of the socket, and of what has to wait', async () => {
    const [errors, statuses, other] = await succeed(({ report, native }) => {
      const core = native.open();
      const errors = [];
      let statuses;
      const gone = core.bound();
      gone.handle.close();
      const { handle } = core.bound();
      const got = [];
      handle.onError = (code) => {
        errors.push(code);
        if (errors.length > 1) return;
        // An error of the socket has ended the watching; it would start again.
        const { fd } = handle;
        core.binding.closeFd(fd);
        const heir = core.bound();
        heir.handle.onMessage = (text) => got.push(text);
        heir.handle.recvStart();
        if (heir.handle.fd !== fd) report('another number');
        core.binding.queueAlways(true);
        ({ statuses } = core.send([handle, 0, 'x', 1], [handle, 0, 'y', 2]));
        core.binding.queueAlways(false);
        core.binding.setPeer(2, 4, '127.0.0.1', heir.port);
        core.send([core.bound().handle, 2, 'the heir\'s']);
      };
      handle.connect('127.0.0.1', gone.port);
      handle.recvStart();
      core.send([handle, 0, 'ping']);
      const timer = setInterval(() => {
        if (got.length === 0) return;
        clearInterval(timer);
        report(errors);
        report(statuses);
        report(got);
        process.exit(0);
      }, 5);
    }, { env: { DGRAM_NATIVE_TRANSPORT: 'linux' } });
    assert.deepStrictEqual(errors, [ECONNREFUSED, EEXIST]);
    assert.deepStrictEqual(statuses, [EEXIST, EEXIST]);
    assert.deepStrictEqual(other, ['the heir\'s']);
  });
});
