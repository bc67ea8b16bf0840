'use strict';

const { connected, receiver, sender, until } = require('../../programs/kit');

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

test('a message is a Buffer of the sandbox', async () => {
  const { socket: server, port } = await receiver();
  const client = await sender();
  let message;
  let rinfo;
  server.on('message', (...args) => ([message, rinfo] = args));
  client.send(new Uint8Array([1, 2, 3]), port, '127.0.0.1');
  await until(() => message !== undefined);
  expect(Buffer.isBuffer(message)).toBe(true);
  expect([...message]).toEqual([1, 2, 3]);
  expect(rinfo).toEqual({
    address: '127.0.0.1', family: 'IPv4', port: client.address().port, size: 3,
  });
  server.close();
  client.close();
});

test('an error is the caller\'s', async () => {
  const { socket: server } = await receiver();
  let thrown;
  try {
    server.send('x', 70000, '127.0.0.1');
  } catch (error) {
    thrown = error;
  }
  expect([thrown.name, thrown.code]).toEqual(
    ['RangeError', 'ERR_SOCKET_BAD_PORT']);
  server.close();
});
