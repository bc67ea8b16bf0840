import process from 'node:process';
import { once } from 'node:events';
import { expect, test } from 'vitest';

// Loaded by vitest's own module loader.
const { createSocket, Socket } = await import(process.env.ECOSYSTEM_DGRAM);

test('an imported module echoes', async () => {
  const server = createSocket('udp4');
  const client = createSocket('udp4');
  server.on('message', (message, { port, address }) =>
    server.send(`echo of ${message}`, port, address));
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  const answer = once(client, 'message');
  client.send('hello', server.address().port, '127.0.0.1');
  const [message] = await answer;
  expect(String(message)).toBe('echo of hello');
  expect(client).toBeInstanceOf(Socket);
  server.close();
  client.close();
});
