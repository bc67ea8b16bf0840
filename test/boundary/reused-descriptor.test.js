'use strict';

// A socket's descriptor is closed behind libuv's back, and another handle of
// the loop gets its number. The socket can no longer be polled; the socket and
// its queued sends receive the error.

const assert = require('node:assert');

const { codes } = require('../native/kit');
const { itUnix, succeed } = require('./kit');

const { ECONNREFUSED, EEXIST } = codes;

describe('a descriptor that another handle of the loop has', () => {
  itUnix('fails the socket and its queued sends with EEXIST', async () => {
    const [errors, statuses, other] = await succeed(({ report, native }) => {
      const core = native.open();
      const errors = [];
      let statuses;
      const refused = core.bound();
      refused.handle.close();
      const { handle } = core.bound();
      const got = [];
      handle.onError = (code) => {
        errors.push(code);
        if (errors.length > 1) return;
        // The socket error has stopped polling; now it would start again.
        const { fd } = handle;
        core.binding.closeFd(fd);
        const other = core.bound();
        other.handle.onMessage = (text) => got.push(text);
        other.handle.recvStart();
        if (other.handle.fd !== fd) report('different descriptors');
        core.binding.queueAlways(true);
        ({ statuses } = core.send([handle, 0, 'x', 1], [handle, 0, 'y', 2]));
        core.binding.queueAlways(false);
        core.binding.setDestination(2, 4, '127.0.0.1', other.port);
        core.send([core.bound().handle, 2, 'received']);
      };
      handle.connect('127.0.0.1', refused.port);
      handle.recvStart();
      // A queued datagram makes the socket use a uv_poll_t.
      core.binding.queueAlways(true);
      core.send([handle, 0, 'ping', 3]);
      core.binding.queueAlways(false);
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
    assert.deepStrictEqual(other, ['received']);
  });
});
