'use strict';

// createSocket({ from, handle }): tickets of another process, sound and not.

const assert = require('node:assert');
const { constants } = require('node:os');
const {
  bound, nextIteration, once, open, stateOf, thrownBy, throwsSystemError,
} = require('../../support/dgram');
const { fork, receiveFrom } = require('../../support/forks');
const { descriptors } = require('../../support/kernel');
const {
  INVALID, TYPE, describeMoves, descriptorsReturn, detach, itOwn, numbers, peer,
  sendTo, take, taker,
} = require('./detach-process-kit');

describeMoves('createSocket({ from, handle })', () => {
  const attempt = (options) =>
    thrownBy(() => open(options), JSON.stringify(options.from)).code;

  it('rejects anything but a ticket and its handle', async () => {
    const socket = await bound();
    const address = socket.address();
    const { ticket, handle } = detach(socket);
    const other = detach(await bound());
    const closed = detach(await bound());
    closed.handle.close();
    await nextIteration();
    const before = descriptors();
    for (const value of [undefined, null, 5, 'x', {}, socket,
      stateOf(open('udp4')).handle, { fd: handle.fd }]) {
      assert.strictEqual(attempt({ from: ticket, handle: value }), TYPE);
    }
    for (const [options, code] of [
      [{ from: ticket, handle: other.handle }, INVALID],
      [{ from: ticket, handle: closed.handle }, INVALID],
      [{ from: other.ticket, handle }, INVALID],
      [{ from: { token: 'x' }, handle }, INVALID],
      [{ from: {}, handle }, INVALID],
      [{ from: { ...ticket, version: 2 }, handle }, INVALID],
      [{ from: { ...ticket, version: '1' }, handle }, INVALID],
      [{ from: { ...ticket, port: '1' }, handle }, INVALID],
      [{ from: { ...ticket, data: 5 }, handle }, INVALID],
      [{ from: { ...ticket, data: '' }, handle }, INVALID],
      [{ from: { ...ticket, data: 'AAAA' }, handle }, INVALID],
      [{ from: { ...ticket, data: `${ticket.data}AAAA` }, handle }, INVALID],
      [{ from: { ...ticket, note: 5 }, handle }, INVALID],
      [{ from: ticket, handle, type: 'udp6' }, INVALID],
      [{ from: ticket, handle, reuseAddr: true }, INVALID],
      [{ from: ticket, handle, lookup: 5 }, TYPE],
      [{ from: ticket, handle, signal: 5 }, TYPE],
      [{ from: ticket, handle, lookupCache: 5 }, TYPE],
    ]) {
      assert.strictEqual(attempt(options), code);
    }
    const note = JSON.parse(ticket.note);
    for (const text of ['', '{', 'null', '5', '"udp4"', '[]', '{}',
      ...[{ type: 'udp5' }, { type: undefined }, { connectState: 1 },
        { connectState: '0' }, { reuseAddr: 1 }, { sharedBuffers: 'x' },
        { receiveInfo: 5 }, { receiveInfo: null }, { receiveInfo: ['x'] },
        { receiveInfo: ['ttl'] }]
        .map((change) => JSON.stringify({ ...note, ...change }))]) {
      assert.strictEqual(
        attempt({ from: { ...ticket, note: text }, handle }), INVALID, text);
    }
    await descriptorsReturn(before);
    // It is still valid.
    assert.deepStrictEqual(open({ from: ticket, handle }).address(), address);
    other.handle.close();
  });

  it('loses no ticket if getsockname() fails', async () => {
    const spare = detach(await bound()).handle;
    const { prototype } = spare.constructor;
    spare.close();
    const { getsockname } = prototype;
    const whileItFails = (callback) => {
      prototype.getsockname = () => -constants.errno.ENOBUFS;
      try {
        return callback();
      } finally {
        prototype.getsockname = getsockname;
      }
    };
    const unnamed = await bound();
    const named = await bound();
    const addresses = [unnamed.address(), named.address()];
    const { ticket, handle } = whileItFails(() => detach(unnamed));
    const next = open({ from: ticket, handle });
    const other = detach(named);
    const options = { from: other.ticket, handle: other.handle };
    throwsSystemError(
      () => whileItFails(() => open(options)), 'ENOBUFS', 'open');
    assert.deepStrictEqual(
      [next.address(), open(options).address()], addresses);
  });

  it('loses no ticket if the interface of its zone changes', async () => {
    const spare = detach(await bound()).handle;
    const { prototype } = spare.constructor;
    spare.close();
    const { getsockname } = prototype;
    /** Calls `callback` while the interface has that name, or none. */
    const whileZoneIs = (zone, callback) => {
      prototype.getsockname = function(out) {
        if (zone === undefined) throw new Error('ENXIO: if_indextoname');
        const code = getsockname.call(this, out);
        out.address += `%${zone}`;
        return code;
      };
      try {
        return callback();
      } finally {
        prototype.getsockname = getsockname;
      }
    };
    for (const [before, after] of [
      ['v0', 'v0'], ['v0', 'v1'], ['v0', undefined], [undefined, 'v0'],
      [undefined, undefined],
    ]) {
      const socket = await bound();
      const address = socket.address();
      const { ticket, handle } = whileZoneIs(before, () => detach(socket));
      const next =
        whileZoneIs(after, () => open({ from: ticket, handle }));
      assert.deepStrictEqual(next.address(), address);
    }
    const [one, other] = [await bound(), await bound()].map((socket) =>
      whileZoneIs('v0', () => detach(socket)));
    assert.throws(
      () => whileZoneIs('v0',
        () => open({ from: one.ticket, handle: other.handle })), INVALID);
    for (const { ticket, handle } of [one, other]) {
      open({ from: ticket, handle });
    }
  });

  it('opens the handle, also if the note names another ticket', async () => {
    const from = (await bound()).detach();
    const socket = await bound();
    const address = socket.address();
    const { ticket, handle } = detach(socket);
    const note = JSON.stringify({ ...JSON.parse(ticket.note), ...from });
    const next = open({ from: { ...ticket, note }, handle });
    assert.deepStrictEqual(next.address(), address);
    assert.ok(handle.fd < 0);
    open({ from }); // unused until now
  });

  it('rejects a ticket that was cut off; survives others', async () => {
    const socket = await bound({ type: 'udp4' });
    const { port } = socket.address();
    const sender = await peer();
    const first = once(socket, 'message').then(() => detach(socket));
    for (const text of numbers(5)) sender.send(text, port, '127.0.0.1');
    let { ticket, handle } = await first;
    const bytes = Buffer.from(ticket.data, 'base64');
    const before = descriptors();
    for (let n = 0; n < bytes.length; n++) {
      const data = bytes.subarray(0, n).toString('base64');
      assert.strictEqual(attempt({ from: { ...ticket, data }, handle }),
        INVALID, `${n} bytes`);
    }
    assert.ok(descriptors() <= before);
    const longer = Buffer.concat([bytes, bytes]).toString('base64');
    assert.strictEqual(attempt({ from: { ...ticket, data: longer }, handle }),
      INVALID);
    let taken = 0;
    for (let i = 0; i < bytes.length * 8; i++) {
      const changed = Buffer.from(bytes);
      changed[i >> 3] ^= 1 << (i & 7);
      const from = { ...ticket, data: changed.toString('base64') };
      let next;
      try {
        next = open({ from, handle });
      } catch (error) {
        assert.ok([INVALID, 'ENOTSUP'].includes(error.code), error.stack);
        continue;
      }
      taken++;
      next.on('error', () => {});
      next.on('message', () => {});
      await nextIteration();
      ({ ticket, handle } = detach(next));
    }
    assert.ok(taken > 10);
  });

  itOwn('rejects another transport; the ticket can go back', async () => {
    const child = fork(taker, { env: { DGRAM_NATIVE_TRANSPORT: 'uv' } });
    const socket = await bound();
    const address = socket.address();
    const answer = receiveFrom(child);
    await sendTo(child, detach(socket));
    const { message: { error, ticket }, handle } = await answer;
    assert.deepStrictEqual(error, ['ENOTSUP', 'open ENOTSUP']);
    const back = open({ from: ticket, handle });
    assert.deepStrictEqual(back.address(), address);
    assert.ok(handle.fd < 0);
  });

  it('accepts options that are not of the descriptor', async () => {
    const child = fork(taker);
    const address = await take(child, detach(await bound()),
      { sharedBuffers: true, type: 'udp4', sendHighWaterMark: 5 });
    assert.ok(address.address.port > 0);
  });
});
