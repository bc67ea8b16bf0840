import { once } from 'node:events';
import dgram, { createSocket, Socket } from 'dgram-native';

async function main() {
  const server = createSocket('udp4');
  const client = dgram.createSocket('udp4');
  server.on('message', (message, { port, address }) =>
    server.send(`echo of ${message}`, port, address));
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  client.send('hello', server.address().port, '127.0.0.1');
  const [message] = await once(client, 'message');
  console.log(JSON.stringify([
    String(message), client.constructor.name, client instanceof Socket,
  ]));
  server.close();
  client.close();
}

main();
