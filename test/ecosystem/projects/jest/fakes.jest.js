'use strict';

const { connected, delay, receiver, sender, until } =
  require('../../programs/kit');

async function sockets() {
  const { socket: server, got, port } = await receiver();
  const free = await sender();
  const bound = await connected(port);
  return { server, got, port, free, bound };
}

function sendUnderIt({ free, bound, port }) {
  free.send('under the clock', port, '127.0.0.1', () => {});
  bound.send('under the clock', () => {});
  bound.send('under the clock');
}

async function sendFive({ free, bound, port, got, server }) {
  await delay(50);
  got.length = 0;
  let called = 0;
  for (let i = 0; i < 5; i++) {
    free.send('free', port, '127.0.0.1', () => called++);
    bound.send('bound', () => called++);
    await delay(5);
  }
  const seen = () => got.filter((text) => !text.startsWith('under'));
  await until(() => seen().length === 10 && called === 10);
  expect(seen().length).toBe(10);
  expect(called).toBe(10);
  for (const socket of [server, free, bound]) socket.close();
}

test('sends leave after the fake timers', async () => {
  const all = await sockets();
  jest.useFakeTimers();
  sendUnderIt(all);
  jest.useRealTimers();
  await sendFive(all);
});

test('sends leave after legacy fake timers', async () => {
  const all = await sockets();
  jest.useFakeTimers({ legacyFakeTimers: true });
  sendUnderIt(all);
  jest.useRealTimers();
  await sendFive(all);
});

// The next file in this process starts with them.
test('a send under fake timers that stay', async () => {
  const { server, free, bound, port } = await sockets();
  jest.useFakeTimers();
  sendUnderIt({ free, bound, port });
  for (const socket of [server, free, bound]) socket.close();
});
