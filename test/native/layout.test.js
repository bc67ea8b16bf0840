'use strict';

const assert = require('node:assert');

const { inner, load } = require('./kit');
const { BITS } = require('../../lib/socket/receive-info');

describe('layout of the shared memory', () => {
  const { layout, flags } = load();

  it('matches the structs of batch.h', () => {
    assert.deepStrictEqual({ ...layout }, { ...inner.layout() });
  });

  it('consists of 32-bit words', () => {
    for (const [name, value] of Object.entries(layout))
      assert.ok(Number.isInteger(value), `${name} is ${value}`);
  });

  it('has no gaps between fields', () => {
    const fields = (prefix) => Object.keys(layout)
      .filter((name) => name.startsWith(prefix) &&
        !/WORDS|BYTES|TEXT_TEXT|SLOTS|BUFFER_SIZE|RECV_BUFFER$|GRO_BUFFERS/.test(name))
      .map((name) => layout[name]);
    const upTo = (n) => Array.from({ length: n }, (_, i) => i);

    assert.deepStrictEqual(fields('SEND_'), upTo(layout.SEND_WORDS));
    assert.deepStrictEqual(fields('RECV_'), upTo(layout.RECV_WORDS));
    // The last one has two words.
    assert.deepStrictEqual(fields('INFO_'), upTo(layout.INFO_WORDS - 1));
    assert.deepStrictEqual(fields('CURSOR_'), upTo(layout.CURSOR_WORDS));
    assert.deepStrictEqual(fields('TEXT_'), upTo(layout.TEXT_TEXT / 4));
  });

  it('has timestamps that can be read as BigInt64Array', () => {
    assert.strictEqual(layout.INBOX_INFOS % 8, 0);
    assert.strictEqual(layout.INFO_WORDS % 2, 0);
    assert.strictEqual(layout.INFO_TIMESTAMP % 2, 0);
  });

  it('has the bits of the option receiveInfo', () => {
    const { LOCAL_ADDRESS, INTERFACE, TOS, TTL, TIMESTAMP } = BITS;
    assert.deepStrictEqual([LOCAL_ADDRESS, INTERFACE, TOS, TTL, TIMESTAMP],
      [layout.HAS_LOCAL_ADDRESS, layout.HAS_INTERFACE, layout.HAS_TOS,
       layout.HAS_TTL, layout.HAS_TIMESTAMP]);
  });

  it('has flags with the values of libuv', () => {
    assert.deepStrictEqual(flags,
      { IPV6ONLY: 1, REUSEADDR: 4, REUSEPORT: 64 });
  });
});
