// Compiled by tsc, never run: dgram-native/promises.
import { once } from 'node:events';
import { AddressInfo } from 'node:net';
import * as dgram from 'dgram-native';
import { createSocket, Socket, UnixSocket } from 'dgram-native/promises';

async function main(): Promise<void> {
  const socket: Socket = createSocket({
    type: 'udp4', sendHighWaterMark: 65536, signal: new AbortController().signal,
  });
  const where: AddressInfo = await socket.bind({ port: 0 });
  await socket.bind(0, '127.0.0.1');
  const nothing: void = await socket.connect(where.port, where.address);
  const bytes: number[] = [
    await socket.send('x', 1, '127.0.0.1'),
    await socket.send(Buffer.alloc(5), 1, 2),
    await socket.send(['a', Buffer.alloc(1)], { port: 1, tos: 4 }),
    await socket.send('abc', 0, 1, { ttl: 3 }),
    await socket.sendto('abc', 0, 1, 1, '127.0.0.1'),
  ];
  const sent: number[] = [
    await socket.sendMany(['x']),
    await socket.sendMany(['x', 1, '127.0.0.1'], { tos: 4 }),
    await socket.sendMany(['x', { port: 1 }]),
  ];
  socket.on('batch', (batch) => socket.sendMany(batch));
  socket.setTTL(64);
  for await (const [msg, rinfo] of socket.iterator({ highWaterMark: 5 })) {
    const text: string = msg.toString();
    const port: number = rinfo.port;
    console.log(text, port);
  }
  if (socket.writableNeedDrain) await once(socket, 'drain');
  const other = new Socket('udp6', (msg, { address }) => {
    console.log(msg.length, address);
  });
  await other.close();
  createSocket('udp', (msg, { family }) => console.log(msg.length, family));
  createSocket({ type: 'udp', lookupCache: {} });
  createSocket({ from: dgram.createSocket('udp4').detach() });
  const moving = dgram.createSocket('udp4').detach({ process: true });
  createSocket({ from: moving.ticket, handle: moving.handle });
  console.log(new Socket({ type: 'udp' }), new Socket('udp'));

  // @ts-expect-error -- 5 is not a message
  await socket.send(5);
  // @ts-expect-error -- there is no callback
  await socket.close(() => {});
  // @ts-expect-error -- its methods return promises
  const plain: dgram.Socket = socket;

  console.log(nothing, bytes, sent, plain);
}

// Every type of socket, also behind methods that return the socket.
async function types(ticket: dgram.Ticket): Promise<void> {
  const dual: Socket = createSocket({ type: 'udp', receiveInfo: ['ttl'] });
  const { port } = await createSocket('udp').pause().unref()
    .on('message', (msg, { ttl }) => { console.log(msg.length, ttl); })
    .once('error', (error: Error) => { console.log(error.message); })
    .setTypeOfService(8).bind();
  const sent: number = await createSocket({ from: ticket }).send('x', port);
  new Socket({ type: dual.type });

  const unix: UnixSocket = createSocket('unix_dgram', (msg, { path }) => {
    console.log(msg.length, path);
  });
  const { path } = await unix.resume().bind({ path: '@name' });
  const bytes: number = await unix.send('x', path) + sent +
    await unix.sendMany(['x', path]);
  await unix.on('batch', ({ paths }) => { console.log(paths); }).connect(path);
  for await (const [, { family }] of unix) console.log(family, bytes);
  const native: string = createSocket({ type: 'unix_dgram' }).address().path;
  console.log(native);
  // @ts-expect-error -- a path, not a port
  await unix.bind(53);
}

// Back-pressure of a socket of dgram-native.
async function flow(socket: dgram.Socket): Promise<void> {
  const paused: boolean = socket.pause().resume().isPaused();
  socket.on('drain', () => {}).once('drain', () => {});
  for await (const [msg, { address }] of socket) {
    const text: string = msg.toString();
    console.log(text, address, paused);
  }
  const options: dgram.IteratorOptions = { highWaterMark: 1 };
  const { value, done } = await socket.iterator(options).next();
  if (!done) console.log(value[0].length, value[1].size);
  const known: boolean[] =
    [dgram.features.pause, dgram.features.sendHighWaterMark];
  // @ts-expect-error -- read-only
  socket.writableNeedDrain = true;
  // @ts-expect-error -- a number
  socket.iterator({ highWaterMark: '1' });
  console.log(known);
}

export { flow, main, types };
