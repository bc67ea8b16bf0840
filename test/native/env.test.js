'use strict';

const assert = require('node:assert');

const { codes, inner, until } = require('./kit');

const layout = inner.layout();
const { EBADF, EINVAL, ENODEV, EPERM } = codes;

describe('dgram_env', () => {
  let env;

  beforeEach(() => { env = new inner.Env(); });

  afterEach(() => { env.end(); });

  describe('ids', () => {
    it('are unique small integers', () => {
      const ids = Array.from({ length: 3000 }, () => env.add());

      assert.strictEqual(new Set(ids).size, ids.length);
      assert.ok(ids.every((id) => id >= 0 && id < 2 ** 31));
      assert.deepStrictEqual(env.state().open, 3000);
    });

    it('differ from that of a closed socket with the same index', () => {
      const first = env.add();
      env.remove(first);
      const second = env.add();

      assert.notStrictEqual(second, first);
      assert.strictEqual(second & 0xfffff, first & 0xfffff);
      assert.deepStrictEqual(flush([first, 0, 'a'], [second, 0, 'b']), {
        queued: 0, calls: [[second, 'b@0 ']], statuses: [EBADF, 1],
      });
    });

    it('reuse the lowest free index', () => {
      const ids = Array.from({ length: 100 }, () => env.add());
      const gaps = [7, 50, 3].map((i) => ids[i]);
      for (const id of gaps) env.remove(id);
      const indexes = gaps.map(() => env.add() & 0xfffff);

      assert.deepStrictEqual(indexes, [3, 7, 50]);
      assert.strictEqual(env.add() & 0xfffff, 100);
    });
  });

  /**
   * flush([socket, destination, text or {offset, length}, ticket,
   *   settings]...)
   */
  function flush(...entries) {
    const arena = new Uint8Array(64);
    const sends = new Uint32Array(entries.length * layout.SEND_WORDS);
    const statuses = new Int32Array(sends.buffer);
    let end = 0;

    entries.forEach(([socket, peer, payload, ticket = 0, settings = 0], i) => {
      let { offset, length } = payload;
      if (typeof payload === 'string') {
        offset = end;
        length = Buffer.from(arena.buffer).write(payload, end);
        end += length;
      }
      sends.set([socket, peer, settings, offset, length, ticket, 4711],
                i * layout.SEND_WORDS);
    });
    const { queued, calls } = env.flush(sends, entries.length, arena);
    return {
      queued,
      calls,
      statuses: entries.map(
        (_, i) => statuses[i * layout.SEND_WORDS + layout.SEND_STATUS]),
    };
  }

  describe('flush', () => {
    let a;
    let b;

    beforeEach(() => {
      a = env.add();
      b = env.add();
      assert.strictEqual(env.setDestination(1, 4, '127.0.0.1', 9), 0);
    });

    it('passes consecutive datagrams of a socket together', () => {
      const { calls, statuses } = flush(
        [a, 1, 'one'], [a, 0, 'two'], [b, 1, 'three'], [a, 1, '']);

      assert.deepStrictEqual(calls,
        [[a, 'one@1 two@0 '], [b, 'three@1 '], [a, '@1 ']]);
      assert.deepStrictEqual(statuses, [3, 3, 5, 0]);
    });

    it('accepts an empty list', () => {
      assert.deepStrictEqual(flush(), { queued: 0, calls: [], statuses: [] });
    });

    it('returns EBADF if the socket is not open', () => {
      env.close(b);
      const { calls, statuses } = flush(
        [0xffffffff, 1, 'x'], [a, 1, 'y'], [b, 1, 'z'], [12345, 1, 'x'],
        [a, 1, 'y']);

      assert.deepStrictEqual(statuses, [EBADF, 1, EBADF, EBADF, 1]);
      assert.deepStrictEqual(calls, [[a, 'y@1 '], [a, 'y@1 ']]);
    });

    it('returns EINVAL if the destination is not set', () => {
      assert.ok(env.setDestination(2, 4, 'nonsense', 9) < 0);
      const { calls, statuses } = flush(
        [a, 2, 'x'], [a, 3, 'x'], [a, layout.DESTINATIONS_MAX - 1, 'x'],
        [a, layout.DESTINATIONS_MAX, 'x'], [a, 0xffffffff, 'x'], [a, 1, 'y']);

      assert.deepStrictEqual(statuses, [...Array(5).fill(EINVAL), 1]);
      assert.deepStrictEqual(calls, [[a, 'y@1 ']]);
    });

    it('returns EINVAL if the settings are not set', () => {
      const MAX = layout.SETTINGS_MAX;
      assert.strictEqual(env.setSettings(1, 4, '127.0.0.1', ''), 0);
      assert.strictEqual(env.setSettings(MAX - 1, 6, '::1', ''), 0);
      for (const [slot, family, text] of [
        [0, 4, '127.0.0.1'], [MAX, 4, '127.0.0.1'], [2, 4, 'nonsense'],
        [2, 6, '127.0.0.1'], [2, 5, '127.0.0.1'],
      ]) {
        assert.strictEqual(env.setSettings(slot, family, text, ''), EINVAL);
      }
      const having = (settings, text) => [a, 1, text, 0, settings];
      const { calls, statuses } = flush(
        having(1, 'a'), having(1, 'b'), having(2, 'x'), having(MAX, 'x'),
        having(0xffffffff, 'x'), having(MAX - 1, 'c'), having(0, 'd'));

      assert.deepStrictEqual(statuses, [1, 1, EINVAL, EINVAL, EINVAL, 1, 1]);
      assert.deepStrictEqual(calls, [[a, 'a@1 b@1 '], [a, 'c@1 d@1 ']]);
    });

    it('returns ENODEV if the interface of the settings does not exist', () => {
      if (process.platform !== 'linux') return;
      assert.strictEqual(env.setSettings(1, 4, '127.0.0.1', 'no-device'), 0);
      assert.strictEqual(env.setSettings(2, 4, '127.0.0.1', 'lo'), 0);
      const { calls, statuses } =
        flush([a, 1, 'x', 0, 1], [a, 1, 'y', 0, 2], [a, 1, 'z', 0, 1]);

      assert.deepStrictEqual(statuses, [ENODEV, 1, ENODEV]);
      assert.deepStrictEqual(calls, [[a, 'y@1 ']]);
    });

    it('returns EINVAL if the payload is outside the arena', () => {
      const { statuses } = flush(
        [a, 1, { offset: 0, length: 64 }],
        [a, 1, { offset: 64, length: 0 }],
        [a, 1, { offset: 1, length: 64 }],
        [a, 1, { offset: 65, length: 0 }],
        [a, 1, { offset: 0, length: 0xffffffff }],
        [a, 1, { offset: 0xffffffff, length: 0xffffffff }],
        [a, 1, { offset: 0xfffffff0, length: 16 }],
        [a, 1, { offset: 8, length: 0xfffffffc }]);

      assert.deepStrictEqual(statuses,
        [64, 0, ...Array(6).fill(EINVAL)]);
    });

    it('checks each descriptor, also after a valid one', () => {
      const { calls, statuses } = flush(
        [a, 1, 'x'], [a, 99, 'x'], [a, 1, 'y']);

      assert.deepStrictEqual(statuses, [1, EINVAL, 1]);
      assert.deepStrictEqual(calls, [[a, 'x@1 '], [a, 'y@1 ']]);
    });

    it('counts queued and sent datagrams', () => {
      const { queued, statuses } = flush(
        [a, 1, 'x'], [a, 1, 'q', 77], [a, 1, 'e', 13], [b, 1, 'q', 77]);

      assert.strictEqual(queued, 2);
      assert.deepStrictEqual(statuses,
        [1, layout.QUEUED, EPERM, layout.QUEUED]);
      assert.strictEqual(env.state().sent, 1);
    });
  });

  describe('setDestination', () => {
    it('requires a valid slot, family and address', () => {
      for (const args of [
        [0, 4, '1.1.1.1', 1], [layout.DESTINATIONS_MAX, 4, '1.1.1.1', 1],
        [0xffffffff, 4, '1.1.1.1', 1], [1, 5, '1.1.1.1', 1],
        [1, 6, '1.1.1.1', 1], [1, 4, '', 1],
      ])
        assert.strictEqual(env.setDestination(...args), EINVAL, `${args}`);
      assert.strictEqual(
        env.setDestination(layout.DESTINATIONS_MAX - 1, 6, '::1', 1), 0);
    });
  });

  describe('inbox', () => {
    const from = (i, rest = {}) => ({
      family: 4, text: `10.0.0.${i}`, port: i, length: 10, segment: 10,
      status: 0, ...rest,
    });
    let id;

    beforeEach(() => { id = env.add(); });

    function deliver(buffers, listener = () => true) {
      let seen;
      env.deliver(id, buffers, (batch) => {
        seen = batch;
        return listener(batch);
      });
      return seen;
    }

    it('holds one entry per datagram, with a text for a new source', () => {
      const buffers = deliver([from(1), from(2), from(1)]);
      const [one, two, again] = buffers;

      assert.deepStrictEqual(one, {
        offset: 0, length: 10, segment: 10, peer: one.peer, newText: 1,
        status: 0, text: '10.0.0.1', port: 1,
      });
      assert.strictEqual(two.newText, 2);
      assert.strictEqual(two.text, '10.0.0.2');
      assert.strictEqual(two.offset, 65536);
      assert.deepStrictEqual([again.peer, again.newText], [one.peer, 0]);
      assert.strictEqual(deliver([from(2)])[0].newText, 0, 'in the next batch');
    });

    it('holds an error without a source', () => {
      const error = { length: 0, segment: 0, status: -111 };
      assert.deepStrictEqual(deliver([error]),
        [{ offset: 0, peer: 0, newText: 0, ...error }]);
      assert.strictEqual(env.state().received, 0);
    });

    it('counts the datagrams of GRO buffers', () => {
      deliver([
        from(1, { length: 100, segment: 10 }),
        from(1, { length: 101, segment: 10 }),
        from(1, { length: 0, segment: 0 }),
        from(1, { length: 7, segment: 7 }),
      ]);
      assert.strictEqual(env.state().received, 10 + 11 + 1 + 1);
    });

    it('is in use during delivery and empty afterwards', () => {
      deliver([from(1)], () => {
        const { used, count, texts } = env.state();
        assert.deepStrictEqual({ used, count, texts },
          { used: 1, count: 1, texts: 1 });
        return true;
      });
      const { used, count, texts } = env.state();
      assert.deepStrictEqual({ used, count, texts },
        { used: 0, count: 0, texts: 0 });
    });

    it('is not delivered if empty', () => {
      assert.strictEqual(deliver([]), undefined);
    });

    it('is a spare one for a read during delivery', () => {
      const other = env.add();
      let seen;
      deliver([from(1)], () => {
        env.deliver(other, [from(2)], (batch) => { seen = batch; });
        return true;
      });
      assert.strictEqual(seen[0].text, '10.0.0.2');
      assert.strictEqual(env.state().readDeferred, false);
    });

    it('is not acquired during a batch; the socket starts again later',
       async () => {
         const closing = env.add();
         const acquired = [];
         env.start(id);
         env.start(closing);
         env.close(closing);

         deliver([from(1), from(2)], (batch) => {
           acquired.push(env.acquire(id));
           return batch.length;
         });
         assert.deepStrictEqual(acquired, [false]);
         assert.strictEqual(env.state().readDeferred, true);
         assert.deepStrictEqual(env.state().started, []);
         await until(() => env.state().started.length > 0);
         assert.deepStrictEqual(env.state().started, [id]);
         assert.strictEqual(env.state().readDeferred, false);
         assert.strictEqual(env.acquire(id), true);
       });

    it('resumes a paused batch in the next iteration', async () => {
      const seen = [];
      env.start(id);
      env.deliver(id, [from(1), from(2), from(3)], (batch) => {
        seen.push(batch.map(({ port }) => port));
        return 1;
      });
      assert.deepStrictEqual(seen, [[1, 2, 3]]);
      await until(() => seen.length === 3);
      assert.deepStrictEqual(seen, [[1, 2, 3], [2, 3], [3]]);
      assert.strictEqual(env.state().used, 0);
    });

    it('stays paused if the socket stops, and is dropped if it closes',
       async () => {
         let calls = 0;
         env.deliver(id, [from(1), from(2)], () => {
           calls++;
           return 1;
         });
         for (let i = 0; i < 3; i++) await new Promise(setImmediate);
         assert.strictEqual(calls, 1);
         assert.strictEqual(env.state().used, 1);
         env.close(id);
         assert.strictEqual(env.state().used, 0);
       });

    describe('of a socket that stops', () => {
      const ports = (batch) => batch.map(({ port }) => port);
      const iterations = async () => {
        for (let i = 0; i < 3; i++) await new Promise(setImmediate);
      };

      it('is free for others, and the rest comes first later', async () => {
        const seen = [];
        env.start(id);
        env.deliver(id, [from(1), from(2), from(3)], (batch) => {
          seen.push(batch.map(({ peer }) => peer));
          if (seen.length === 1) env.stop(id, 1);
          return true;
        });
        assert.strictEqual(env.state().used, 0);
        assert.strictEqual(env.acquire(env.add()), true);
        assert.strictEqual(env.acquire(id), false);
        await iterations();
        assert.strictEqual(seen.length, 1);
        assert.deepStrictEqual(env.state().started, []);
        env.start(id);
        await until(() => seen.length === 2);
        assert.deepStrictEqual(seen[1], seen[0].slice(1));
        assert.deepStrictEqual(env.state().started, [id]);
        assert.strictEqual(env.state().received, 3, 'each is counted once');
      });

      it('is free after a pause between two iterations', async () => {
        const seen = [];
        env.start(id);
        env.deliver(id, [from(1), from(2)], (batch) => {
          seen.push(ports(batch));
          return seen.length === 1 ? 1 : true;
        });
        assert.strictEqual(env.state().used, 1);
        env.stop(id, 0);
        assert.strictEqual(env.state().used, 0);
        await iterations();
        assert.strictEqual(seen.length, 1);
        env.start(id);
        await until(() => seen.length === 2);
      });

      it('keeps errors, empty datagrams and GRO buffers', async () => {
        const entries = [
          from(1), { length: 0, segment: 0, status: -111 },
          from(1, { length: 0, segment: 0 }),
          from(1, { length: 95, segment: 10 }),
        ];
        const seen = [];
        const shape = (batch) => batch.map(({ length, segment, status }) =>
          [length, segment, status]);
        env.start(id);
        env.deliver(id, entries, (batch) => {
          seen.push(shape(batch));
          if (seen.length === 1) env.stop(id, 1);
          return true;
        });
        env.start(id);
        await until(() => seen.length === 2);
        assert.deepStrictEqual(seen[1], seen[0].slice(1));
      });

      it('comes in portions, and the transport starts after them', async () => {
        const seen = [];
        env.start(id);
        env.deliver(id, [from(1), from(1, { length: 900, segment: 9 })],
          (batch) => {
            seen.push(batch.map(({ length }) => length));
            assert.deepStrictEqual(env.state().started, []);
            if (seen.length === 1) env.stop(id, 1);
            return true;
          });
        env.start(id);
        await until(() => seen.slice(1).flat().length >= 4);
        assert.deepStrictEqual(seen.slice(1), [[288], [288], [288], [36]]);
        assert.deepStrictEqual(env.state().started, [id]);
      });

      it('is lost if the socket closes', async () => {
        let calls = 0;
        env.start(id);
        env.deliver(id, [from(1), from(2)], () => {
          calls++;
          env.stop(id, 1);
          return true;
        });
        env.close(id);
        await iterations();
        assert.strictEqual(calls, 1);
      });
    });

    it('splits long GRO buffers, with a source for each piece', () => {
      const buffers = deliver([from(1, { length: 699, segment: 10 }), from(2)]);
      assert.deepStrictEqual(
        buffers.map(({ offset, length, segment, port }) =>
          [offset, length, segment, port]),
        [[0, 320, 10, 1], [320, 320, 10, 1], [640, 59, 10, 1],
          [65536, 10, 10, 2]]);
      assert.strictEqual(env.state().received, 71);
    });

    // JavaScript then drops the rest of the batch, including its texts. It has
    // those of earlier batches.
    it('repeats texts after a listener closed the socket', () => {
      deliver([from(1)]);
      deliver([from(1), from(2)], () => {
        env.close(id);
        return true;
      });
      id = env.add();
      assert.deepStrictEqual(
        deliver([from(1), from(2)]).map(({ newText }) => newText), [0, 1]);
    });

    it('repeats texts after a batch was dropped', () => {
      deliver([from(1)], () => false);
      assert.strictEqual(deliver([from(1)])[0].newText, 1);
      assert.strictEqual(deliver([from(1)])[0].newText, 0);
    });
  });
});
