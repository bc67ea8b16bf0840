import { createRequire } from 'node:module';
import { expect, test } from 'vitest';

const { connected, receiver, sender, until } =
  createRequire(import.meta.url)('../../programs/kit.js');

const COUNT = 40;
const numbers = Array.from({ length: COUNT }, (_, i) => i);

test('a socket receives what a bound one sends', async () => {
  const { socket: server, got, port } = await receiver();
  const client = await sender();
  let called = 0;
  for (const i of numbers)
    client.send(String(i), port, '127.0.0.1', () => called++);
  await until(() => got.length === COUNT && called === COUNT);
  expect(got).toEqual(numbers.map(String));
  expect(called).toBe(COUNT);
  server.close();
  client.close();
});

test('a socket receives what a connected one sends', async () => {
  const { socket: server, got, port } = await receiver();
  const client = await connected(port);
  let called = 0;
  for (const i of numbers) client.send(String(i), () => called++);
  await until(() => got.length === COUNT && called === COUNT);
  expect(got).toEqual(numbers.map(String));
  expect(called).toBe(COUNT);
  server.close();
  client.close();
});
