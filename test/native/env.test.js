'use strict';

const assert = require('node:assert');

const { codes, inner, until } = require('./kit');

const layout = inner.layout();
const { EBADF, EINVAL, EPERM } = codes;

describe('dgram_env', () => {
  let env;

  beforeEach(() => { env = new inner.Env(); });

  afterEach(() => { env.end(); });

  describe('ids', () => {
    it('are small integers, each for one socket', () => {
      const ids = Array.from({ length: 3000 }, () => env.add());

      assert.strictEqual(new Set(ids).size, ids.length);
      assert.ok(ids.every((id) => id >= 0 && id < 2 ** 31));
      assert.deepStrictEqual(env.state().open, 3000);
    });

    it('are not those of a closed socket, though its place is used', () => {
      const first = env.add();
      env.remove(first);
      const second = env.add();

      assert.notStrictEqual(second, first);
      assert.strictEqual(second & 0xfffff, first & 0xfffff);
      assert.deepStrictEqual(flush([first, 0, 'a'], [second, 0, 'b']), {
        queued: 0, calls: [[second, 'b@0 ']], statuses: [EBADF, 1],
      });
    });

    it('fill gaps first', () => {
      const ids = Array.from({ length: 100 }, () => env.add());
      const gaps = [7, 50, 3].map((i) => ids[i]);
      for (const id of gaps) env.remove(id);
      const places = gaps.map(() => env.add() & 0xfffff);

      assert.deepStrictEqual(places, [3, 7, 50]);
      assert.strictEqual(env.add() & 0xfffff, 100);
    });
  });

  /** flush([socket, peer, text or {offset, length}, ticket]...) */
  function flush(...entries) {
    const arena = new Uint8Array(64);
    const sends = new Uint32Array(entries.length * layout.SEND_WORDS);
    const statuses = new Int32Array(sends.buffer);
    let end = 0;

    entries.forEach(([socket, peer, what, ticket = 0], i) => {
      let { offset, length } = what;
      if (typeof what === 'string') {
        offset = end;
        length = Buffer.from(arena.buffer).write(what, end);
        end += length;
      }
      sends.set([socket, peer, offset, length, ticket, 4711],
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
      assert.strictEqual(env.setPeer(1, 4, '127.0.0.1', 9), 0);
    });

    it('gives neighbours of one socket to its transport together', () => {
      const { calls, statuses } = flush(
        [a, 1, 'one'], [a, 0, 'two'], [b, 1, 'three'], [a, 1, '']);

      assert.deepStrictEqual(calls,
        [[a, 'one@1 two@0 '], [b, 'three@1 '], [a, '@1 ']]);
      assert.deepStrictEqual(statuses, [3, 3, 5, 0]);
    });

    it('does nothing for nothing', () => {
      assert.deepStrictEqual(flush(), { queued: 0, calls: [], statuses: [] });
    });

    it('answers EBADF for what is no open socket', () => {
      env.close(b);
      const { calls, statuses } = flush(
        [0xffffffff, 1, 'x'], [a, 1, 'y'], [b, 1, 'z'], [12345, 1, 'x'],
        [a, 1, 'y']);

      assert.deepStrictEqual(statuses, [EBADF, 1, EBADF, EBADF, 1]);
      assert.deepStrictEqual(calls, [[a, 'y@1 '], [a, 'y@1 ']]);
    });

    it('answers EINVAL for a peer that nobody set', () => {
      assert.ok(env.setPeer(2, 4, 'nonsense', 9) < 0);
      const { calls, statuses } = flush(
        [a, 2, 'x'], [a, 3, 'x'], [a, layout.PEERS_MAX - 1, 'x'],
        [a, layout.PEERS_MAX, 'x'], [a, 0xffffffff, 'x'], [a, 1, 'y']);

      assert.deepStrictEqual(statuses, [...Array(5).fill(EINVAL), 1]);
      assert.deepStrictEqual(calls, [[a, 'y@1 ']]);
    });

    it('answers EINVAL for bytes outside the arena', () => {
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

    it('checks each entry, also behind a good one', () => {
      const { calls, statuses } = flush(
        [a, 1, 'x'], [a, 99, 'x'], [a, 1, 'y']);

      assert.deepStrictEqual(statuses, [1, EINVAL, 1]);
      assert.deepStrictEqual(calls, [[a, 'x@1 '], [a, 'y@1 ']]);
    });

    it('counts what was queued, and what was sent', () => {
      const { queued, statuses } = flush(
        [a, 1, 'x'], [a, 1, 'q', 77], [a, 1, 'e', 13], [b, 1, 'q', 77]);

      assert.strictEqual(queued, 2);
      assert.deepStrictEqual(statuses,
        [1, layout.QUEUED, EPERM, layout.QUEUED]);
      assert.strictEqual(env.state().sent, 1);
    });
  });

  describe('setPeer', () => {
    it('wants a slot, a family and an address that fit', () => {
      for (const args of [
        [0, 4, '1.1.1.1', 1], [layout.PEERS_MAX, 4, '1.1.1.1', 1],
        [0xffffffff, 4, '1.1.1.1', 1], [1, 5, '1.1.1.1', 1],
        [1, 6, '1.1.1.1', 1], [1, 4, '', 1],
      ])
        assert.strictEqual(env.setPeer(...args), EINVAL, `${args}`);
      assert.strictEqual(env.setPeer(layout.PEERS_MAX - 1, 6, '::1', 1), 0);
    });
  });

  describe('inbox', () => {
    const from = (i, rest = {}) => ({
      family: 4, text: `10.0.0.${i}`, port: i, length: 10, segment: 10,
      status: 0, ...rest,
    });
    let id;

    beforeEach(() => { id = env.add(); });

    function deliver(runs, listener = () => true) {
      let seen;
      env.deliver(id, runs, (batch) => {
        seen = batch;
        return listener(batch);
      });
      return seen;
    }

    it('holds one run per datagram, with a text where it is new', () => {
      const runs = deliver([from(1), from(2), from(1)]);
      const [one, two, again] = runs;

      assert.deepStrictEqual(one, {
        offset: 0, length: 10, segment: 10, peer: one.peer, fresh: 1,
        status: 0, text: '10.0.0.1', port: 1,
      });
      assert.strictEqual(two.fresh, 2);
      assert.strictEqual(two.text, '10.0.0.2');
      assert.strictEqual(two.offset, 65536);
      assert.deepStrictEqual([again.peer, again.fresh], [one.peer, 0]);
      assert.strictEqual(deliver([from(2)])[0].fresh, 0, 'the batch after');
    });

    it('holds an error without a source', () => {
      const error = { length: 0, segment: 0, status: -111 };
      assert.deepStrictEqual(deliver([error]),
        [{ offset: 0, peer: 0, fresh: 0, ...error }]);
      assert.strictEqual(env.state().received, 0);
    });

    it('counts the datagrams of merged runs', () => {
      deliver([
        from(1, { length: 100, segment: 10 }),
        from(1, { length: 101, segment: 10 }),
        from(1, { length: 0, segment: 0 }),
        from(1, { length: 7, segment: 7 }),
      ]);
      assert.strictEqual(env.state().received, 10 + 11 + 1 + 1);
    });

    it('is used while JavaScript reads, empty afterwards', () => {
      deliver([from(1)], () => {
        const { used, count, fresh } = env.state();
        assert.deepStrictEqual({ used, count, fresh },
          { used: 1, count: 1, fresh: 1 });
        return true;
      });
      const { used, count, fresh } = env.state();
      assert.deepStrictEqual({ used, count, fresh },
        { used: 0, count: 0, fresh: 0 });
    });

    it('is not delivered empty', () => {
      assert.strictEqual(deliver([]), undefined);
    });

    it('is another one for who asks while JavaScript reads', () => {
      const other = env.add();
      let seen;
      deliver([from(1)], () => {
        env.deliver(other, [from(2)], (batch) => { seen = batch; });
        return true;
      });
      assert.strictEqual(seen[0].text, '10.0.0.2');
      assert.strictEqual(env.state().readDeferred, false);
    });

    it('is not lent while a batch is not done; who asked starts again',
       async () => {
         const closing = env.add();
         const asked = [];
         env.start(id);
         env.start(closing);
         env.close(closing);

         deliver([from(1), from(2)], (batch) => {
           asked.push(env.acquire(id));
           return batch.length;
         });
         assert.deepStrictEqual(asked, [false]);
         assert.strictEqual(env.state().readDeferred, true);
         assert.deepStrictEqual(env.state().started, []);
         await until(() => env.state().started.length > 0);
         assert.deepStrictEqual(env.state().started, [id]);
         assert.strictEqual(env.state().readDeferred, false);
         assert.strictEqual(env.acquire(id), true);
       });

    it('goes on in the next iteration where it was paused', async () => {
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

    it('waits with a socket that stopped, and ends with one that closed',
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

    it('cuts long runs, with a source for each piece', () => {
      const runs = deliver([from(1, { length: 699, segment: 10 }), from(2)]);
      assert.deepStrictEqual(
        runs.map(({ offset, length, segment, port }) =>
          [offset, length, segment, port]),
        [[0, 320, 10, 1], [320, 320, 10, 1], [640, 59, 10, 1],
          [65536, 10, 10, 2]]);
      assert.strictEqual(env.state().received, 71);
    });

    // JavaScript drops the rest of the batch then, and texts with it.
    it('repeats texts after the socket was closed by a listener', () => {
      deliver([from(1)]);
      deliver([from(1), from(2)], () => {
        env.close(id);
        return true;
      });
      id = env.add();
      assert.deepStrictEqual(
        deliver([from(1), from(2)]).map(({ fresh }) => fresh), [1, 2]);
    });

    it('repeats texts after JavaScript gave up', () => {
      deliver([from(1)], () => false);
      assert.strictEqual(deliver([from(1)])[0].fresh, 1);
      assert.strictEqual(deliver([from(1)])[0].fresh, 0);
    });
  });
});
