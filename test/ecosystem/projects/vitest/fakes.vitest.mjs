import { createRequire } from 'node:module';
import process from 'node:process';
import { afterEach, expect, test, vi } from 'vitest';

const { connected, delay, receiver, sender, until } =
  createRequire(import.meta.url)('../../programs/kit.js');

afterEach(() => vi.useRealTimers());

async function sendsAfter(options) {
  const { socket: server, got, port } = await receiver();
  const free = await sender();
  const bound = await connected(port);
  vi.useFakeTimers(options);
  free.send('under the clock', port, '127.0.0.1', () => {});
  bound.send('under the clock', () => {});
  bound.send('under the clock');
  vi.useRealTimers();
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
  for (const socket of [server, free, bound]) socket.close();
  return { seen: seen().length, called };
}

test('sends leave after the fake timers', async () => {
  expect(await sendsAfter()).toEqual({ seen: 10, called: 10 });
});

test('sends leave after a fake clock with nextTick', async ({ skip }) => {
  // vitest cannot fake nextTick in a pool of processes.
  if (/forks/i.test(process.env.ECOSYSTEM_POOL)) skip();
  expect(await sendsAfter({ toFake: ['nextTick'] }))
    .toEqual({ seen: 10, called: 10 });
});
