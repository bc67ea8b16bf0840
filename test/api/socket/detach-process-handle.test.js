'use strict';

// The handle of detach({ process: true }): it is closed once it was sent, or
// after its time.

const assert = require('node:assert');
const {
  bound, once, open, reportsOf, thrownBy,
} = require('../../support/dgram');
const { until } = require('../../e2e/support/limited');
const { fork, receiveFrom } = require('../../support/forks');
const { descriptors } = require('../../support/kernel');
const {
  INVALID, describeMoves, descriptorsReturn, detach, freed, itLinux, reported,
  sendTo, take, taker,
} = require('./detach-process-kit');

describeMoves('the handle of detach({ process })', () => {
  it('is closed after its time', async () => {
    const before = descriptors();
    const gone = [];
    const addresses = [];
    for (let i = 0; i < 10; i++) {
      const socket = await bound();
      addresses.push(socket.address());
      gone.push(detach(socket, { timeout: 1 + i }));
    }
    await descriptorsReturn(before);
    await freed(addresses[0]);
    for (const { ticket, handle } of gone) {
      const error = thrownBy(() => open({ from: ticket, handle }));
      assert.strictEqual(error.code, INVALID);
    }
    const child = fork(taker);
    assert.strictEqual(thrownBy(() => child.send({}, gone[0].handle)).code,
      'ERR_INVALID_HANDLE_TYPE');
    assert.strictEqual(child.connected, true);
  });

  it('is closed after its time, though a clock is fake', async () => {
    assert.deepStrictEqual(await reportsOf((inner, report) => {
      const timers = require('node:timers');
      const { setTimeout: real } = timers;
      const socket = inner.createSocket('udp4');
      socket.bind(0, () => {
        timers.setTimeout = () => ({ unref() { return this; } });
        const { handle } = socket.detach({ process: true, timeout: 10 });
        timers.setTimeout = real;
        real(() => report(handle.fd < 0), 100);
      });
    }), [true]);
  });

  itLinux('is not returned if Node rejects the descriptor', async () => {
    assert.deepStrictEqual(await reportsOf((inner, report) => {
      const fs = require('node:fs');
      const other = require('node:dgram').createSocket('udp4');
      const socket = inner.createSocket('udp4');
      const move = () => {
        const { handle } = Object.getOwnPropertySymbols(other)
          .map((symbol) => other[symbol]).find((value) => value?.handle);
        // The duplicate gets its number, which libuv still watches.
        fs.closeSync(handle.fd);
        const before = fs.readdirSync('/proc/self/fd').length;
        try {
          socket.detach({ process: true });
        } catch ({ message }) {
          report(message);
        }
        setTimeout(() => {
          report(fs.readdirSync('/proc/self/fd').length - before);
          process.exit();
        }, 20);
      };
      // Not before libuv polls the descriptor.
      other.bind(0, () => socket.bind(0, () => setTimeout(move, 20)));
    }), ['detach EBADF', -1]);
  });

  it('does not keep the process alive', async () => {
    assert.deepStrictEqual(await reportsOf((inner, report) => {
      const socket = inner.createSocket('udp4');
      socket.on('close', () => report('close'));
      socket.bind(0, () => report(typeof socket.detach({ process: true })));
    }), ['object', 'close']);
  });

  it('is sent once', async () => {
    const [one, two] = [fork(taker), fork(taker)];
    const socket = await bound();
    const address = socket.address();
    const { ticket, handle } = detach(socket);
    const answer = receiveFrom(one);
    const sent = sendTo(one, { ticket, handle });
    for (const child of [one, two]) {
      assert.strictEqual(thrownBy(() => child.send({ ticket }, handle)).code,
        'ERR_INVALID_HANDLE_TYPE');
    }
    assert.strictEqual(thrownBy(() => open({ from: ticket, handle })).code,
      INVALID);
    await sent;
    assert.deepStrictEqual((await answer).message.address, address);
    for (const child of [one, two]) {
      assert.strictEqual(thrownBy(() => child.send({ ticket }, handle)).code,
        'ERR_INVALID_HANDLE_TYPE');
    }
    const closed = receiveFrom(one);
    one.send('close');
    assert.strictEqual((await closed).message, 'closed');
    await freed(address);
  });

  it('can be sent again after an error', async () => {
    const ended = fork(taker);
    ended.disconnect();
    await once(ended, 'exit');
    const child = fork(taker);
    const socket = await bound();
    const address = socket.address();
    const departure = detach(socket);
    await assert.rejects(sendTo(ended, departure),
      { code: 'ERR_IPC_CHANNEL_CLOSED' });
    const circular = {};
    circular.self = circular;
    assert.throws(() => child.send(circular, departure.handle), TypeError);
    assert.ok(departure.handle.fd > 0);
    const answer = await take(child, departure);
    assert.deepStrictEqual(answer.address, address);
  });

  it('waits for others of its channel', async () => {
    const before = descriptors();
    const child = fork(taker);
    const sockets = [];
    for (let i = 0; i < 5; i++) sockets.push(await bound());
    const ports = sockets.map((socket) => socket.address().port);
    const answers = reported(child, 5);
    await Promise.all(sockets.map((socket) => sendTo(child, detach(socket))));
    assert.deepStrictEqual(
      (await answers).map(({ address }) => address.port), ports);
    child.kill();
    await once(child, 'exit');
    await descriptorsReturn(before);
  });

  it('may be closed while it waits', async () => {
    const child = fork(taker);
    await take(child, detach(await bound()));
    child.kill('SIGSTOP');
    const first = sendTo(child, detach(await bound()));
    const late = detach(await bound(), { timeout: 20 });
    const outcome = sendTo(child, late);
    await first;
    await until('the handle to be closed', () => late.handle.fd < 0);
    child.kill('SIGCONT');
    await assert.rejects(outcome,
      { code: 'EBADF', syscall: 'write', message: 'write EBADF' });
  });

  it('emits an error on the child without a callback', async () => {
    const child = fork(taker);
    await take(child, detach(await bound()));
    child.kill('SIGSTOP');
    await sendTo(child, detach(await bound()));
    const late = detach(await bound(), { timeout: 20 });
    child.send({ ticket: late.ticket }, late.handle);
    await until('the handle to be closed', () => late.handle.fd < 0);
    const error = new Promise((resolve) => child.once('error', resolve));
    child.kill('SIGCONT');
    assert.strictEqual((await error).code, 'EBADF');
  });

  it('is closed after its time if its channel has closed', async () => {
    const before = descriptors();
    const child = fork(taker);
    await take(child, detach(await bound()));
    child.kill('SIGSTOP');
    await sendTo(child, detach(await bound()));
    const socket = await bound();
    const address = socket.address();
    const { ticket, handle } = detach(socket, { timeout: 200 });
    child.send({ ticket }, handle, () => {}); // Node queues it
    assert.ok(handle.fd > 0);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await freed(address);
    await descriptorsReturn(before);
  });

  it('can be used again if its channel has closed before', async () => {
    const child = fork(taker);
    await take(child, detach(await bound()));
    child.kill('SIGSTOP');
    await sendTo(child, detach(await bound()));
    const moves = [];
    for (let i = 0; i < 2; i++) {
      const socket = await bound();
      moves.push({ address: socket.address(), ...detach(socket) });
      child.send({ ticket: moves[i].ticket }, moves[i].handle); // is queued
    }
    child.kill('SIGKILL');
    await once(child, 'exit');
    await until('the channel to be closed', () => child.channel === null);
    const [{ ticket: from, handle, address }, other] = moves;
    assert.deepStrictEqual(open({ from, handle }).address(), address);
    assert.deepStrictEqual((await take(fork(taker), other)).address,
      other.address);
    assert.ok(other.handle.fd < 0);
  });

  it('is freed with a child that is killed', async () => {
    const before = descriptors();
    for (const signal of ['SIGSTOP', undefined]) {
      const child = fork(taker);
      await take(child, detach(await bound()));
      const socket = await bound();
      const address = socket.address();
      if (signal) child.kill(signal);
      await sendTo(child, detach(socket));
      child.kill('SIGKILL');
      await once(child, 'exit');
      await freed(address);
    }
    await descriptorsReturn(before);
  });
});
