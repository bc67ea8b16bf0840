'use strict';

// binding.sendColumns() with any arguments: rows outside of their columns or of
// the data get a status, and nothing is read out of bounds.

const assert = require('node:assert');

const { codes } = require('../native/kit');
const { succeed } = require('./kit');

const { EBADF, EINVAL, EISCONN, EMSGSIZE } = codes;

describe('binding.sendColumns()', () => {
  it('rejects rows that are out of bounds, each with a status', async () => {
    const [statuses] = await succeed(({ report, native }) => {
      const core = native.open();
      const { binding } = core;
      const { handle, port } = core.bound();
      binding.setDestination(1, 4, '127.0.0.1', port);
      const batch = binding.openSendBatch();
      const words = new Int32Array(batch.sends);
      const send = (id, destination, first, count, ...columns) => {
        binding.sendColumns(batch.id, id, destination, 0, 0, first, count,
                            ...columns);
        const statuses =
          Array.from({ length: count }, (_, i) => words[i * 7 + 6]);
        words[512 * 7] = 0;
        return statuses;
      };
      const data = new Uint8Array(64);
      const rows = (...numbers) => Uint32Array.from(numbers);
      const last = 2 ** 32 - 1;
      const detached = new Uint8Array(64);
      structuredClone(detached, { transfer: [detached.buffer] });
      const id = handle.id;
      report([
        send(id, 1, 0, 4, data, rows(0, 64, 65, last), rows(64, 0, 0, 1)),
        send(id, 1, 0, 3, data, rows(1, 63, 0), rows(64, 2, last)),
        send(id, 1, 1, 2, data, rows(9, 0), rows(9, 1)),
        send(id, 1, last, 2, data, rows(0), rows(0)),
        send(id, 1, 0, 2, data, rows(0, 0), rows(1)),
        send(id, 1, 0, 1, detached, rows(0), rows(1)),
        send(id, 1, 0, 1, new Uint8Array(70000), rows(0), rows(65536)),
        send(id, 9, 0, 1, data, rows(0), rows(1)),
        send(id, 32768, 0, 1, data, rows(0), rows(1)),
        send(id + 1, 1, 0, 1, data, rows(0), rows(1)),
      ]);
      core.closeAll();
    });
    assert.deepStrictEqual(statuses, [
      [64, 0, EINVAL, EINVAL], [EINVAL, EINVAL, EINVAL], [1, EINVAL],
      [EINVAL, EINVAL], [1, EINVAL], [EINVAL], [EMSGSIZE], [EINVAL], [EINVAL],
      [EBADF],
    ]);
  });

  it('checks each destination of a call', async () => {
    const [unconnected, connected] = await succeed(({ report, native }) => {
      const core = native.open();
      const { binding } = core;
      const { handle, port } = core.bound();
      const other = core.bound();
      binding.setDestination(1, 4, '127.0.0.1', port);
      binding.setDestination(2, 4, '127.0.0.1', other.port);
      const batch = binding.openSendBatch();
      const words = new Int32Array(batch.sends);
      const columns = [new Uint8Array(8), new Uint32Array(8),
                       new Uint32Array(8).fill(8)];
      const send = (...destinations) => {
        destinations.forEach((slot, i) => { words[i * 7 + 1] = slot; });
        binding.sendColumns(batch.id, handle.id, -1, 0, 0, 0,
                            destinations.length, ...columns);
        words[512 * 7] = 0;
        return destinations.map((_, i) => words[i * 7 + 6]);
      };
      report(send(1, 1, 9, 9, 2, 2 ** 31 - 1, 1, 1));
      handle.connect('127.0.0.1', port);
      report(send(0, 0, 1, 1, 9, 0, 2, 0));
      core.closeAll();
    });
    assert.deepStrictEqual(unconnected,
      [8, 8, EINVAL, EINVAL, 8, EINVAL, 8, 8]);
    assert.deepStrictEqual(connected,
      [8, 8, EISCONN, EISCONN, EINVAL, 8, EISCONN, 8]);
  });

  it('throws if an argument has the wrong type', async () => {
    const [messages] = await succeed(({ report, native }) => {
      const core = native.open();
      const { binding } = core;
      const { handle } = core.bound();
      const batch = binding.openSendBatch();
      const bytes = new Uint8Array(4);
      const rows = new Uint32Array(1);
      const message = (...args) => {
        try {
          return binding.sendColumns(...args);
        } catch (error) {
          return error.message;
        }
      };
      const call = (...columns) =>
        message(batch.id, handle.id, 0, 0, 0, 0, 1, ...columns);
      const words = new Uint32Array(batch.sends);
      report([
        call(), call(rows, rows, rows), call(bytes, bytes, rows),
        call(bytes, rows, new Int32Array(1)), call(bytes, rows, [1]),
        call(new DataView(bytes.buffer), rows, rows),
        call(bytes.buffer, rows, rows),
        message(99, handle.id, 0, 0, 0, 0, 1, bytes, rows, rows),
        message(batch.id, handle.id, 0, 0, 0, 0, 513, bytes, rows, rows),
        words[512 * 7],
        (words[512 * 7] = 1, call(bytes, rows, rows)),
      ]);
      core.closeAll();
    });
    const wrong = 'sendColumns(): expected a Uint8Array and two Uint32Arrays';
    assert.deepStrictEqual(messages, [
      ...new Array(7).fill(wrong),
      'sendColumns(): send batch 99 does not exist or is detached',
      'sendColumns(): count is 513, expected at most 512',
      0,
      'sendColumns(): the send batch is not empty',
    ]);
  });
});
