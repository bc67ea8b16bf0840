// Compiled by tsc, never run: what a TypeScript program may write.
import * as nodeDgram from 'node:dgram';
import { AddressInfo } from 'node:net';
import { createSocket, transport, Batch, Socket } from 'dgram-native';

const socket: Socket = createSocket({ type: 'udp4', sharedBuffers: true });

// Where a program expects node's socket, ours will do.
const plain: nodeDgram.Socket = socket;
plain.on('message', (msg: Buffer, rinfo: nodeDgram.RemoteInfo) => {
  plain.send(msg, rinfo.port, rinfo.address, (error, bytes: number) => {});
});

const where: AddressInfo = socket.bindSync({ port: 0 });
socket.connectSync(where.port, '127.0.0.1');

socket.on('batch', (batch: Batch) => {
  for (let i = 0; i < batch.count; i++) {
    const end: number = batch.offsets[i] + batch.sizes[i];
    const bytes: Buffer = batch.data.subarray(batch.offsets[i], end);
    const from: string = batch.addresses[i];
    const port: number = batch.ports[i];
    console.log(bytes, from, port, batch.family);
  }
}).once('listening', () => {});

const handed: number = socket.sendMany(['a', Buffer.from('b')]);
socket.sendMany(['a', 53, '127.0.0.1', new Uint8Array(2), 53, null],
                (error: Error | null, sent: number) => {});

const path: 'linux' | 'uv' | 'node' = transport;
// @ts-expect-error -- there may be no addon
const native: 'linux' | 'uv' = transport;

// @ts-expect-error -- a boolean
createSocket({ type: 'udp4', sharedBuffers: 1 });
// @ts-expect-error -- not iterable for sendMany
socket.sendMany('abc');
// @ts-expect-error -- no such type of socket
createSocket('udp5');

console.log(handed, path, native);
