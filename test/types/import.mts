// An ES module: names, the default, and that both are one.
import dgram, { createSocket, Socket, transport } from 'dgram-native';
import * as everything from 'dgram-native';
import type { Batch, SocketOptions } from 'dgram-native';
import 'dgram-native/register';
import promises, * as allPromises from 'dgram-native/promises';

const options: SocketOptions = { type: 'udp6', reusePort: true };
const socket: Socket = dgram.createSocket(options);
const same: typeof createSocket = dgram.createSocket;
const path: 'linux' | 'uv' | 'node' = everything.transport;
socket.once('batch', ({ count }: Batch) => console.log(count, path));

const promised: allPromises.Socket = promises.createSocket('udp4');
for await (const [msg, { port }] of promised) {
  const bytes: number = await promised.send(msg, port);
  console.log(bytes);
}

// @ts-expect-error -- a name that is not there
import { createSockets } from 'dgram-native';
// @ts-expect-error -- nor by the default
dgram.createSockets();
// @ts-expect-error -- not exported by package.json
import 'dgram-native/lib/socket/socket.js';

console.log(same, transport, createSockets);
