// Compiled by tsc, never run: the additions as a TypeScript program uses them.
import { fork } from 'node:child_process';
import * as nodeDgram from 'node:dgram';
import { AddressInfo } from 'node:net';
import {
  createSocket, features, stats, transport, Batch, DropsMessage, Features,
  DualStackSocketOptions, IcmpError, IcmpInfo, LookupCacheOptions,
  ProcessTicket, ReceiveInfoName, RemoteInfo, SendSettings, SendTarget, Socket, Stats, Ticket,
  UnixAddress, UnixBatch, UnixCredentials, UnixRemoteInfo, UnixSocket,
  UnixSocketOptions,
} from 'dgram-native';

const socket: Socket = createSocket({ type: 'udp4', sharedBuffers: true });

// Assignable to the Socket of node:dgram.
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

const onBatch = (batch: Batch): void => { console.log(batch.count); };
socket.addListener('batch', onBatch).prependListener('batch', onBatch)
  .prependOnceListener('batch', onBatch).once('batch', onBatch)
  .removeListener('batch', onBatch).off('batch', onBatch);
socket.prependListener('message', (msg, rinfo) => {
  console.log(msg.length, rinfo.port);
});
socket.prependOnceListener('error', (error) => { console.log(error.message); });
for (const method of ['off', 'removeListener', 'prependListener',
                      'prependOnceListener', 'addListener'] as const) {
  socket[method]('batch', onBatch);
}
// @ts-expect-error -- a batch is no Buffer
socket.prependListener('batch', (batch: Buffer) => {}).off('batch', 1);
// @ts-expect-error -- a listener is required
socket.removeListener('batch');

socket.sendto('abc', 0, 3, 53, '127.0.0.1');
socket.sendto(new Uint8Array(3), 0, 3, 53, '::1', (error, bytes: number) => {});
// @ts-expect-error -- an address is required
socket.sendto('abc', 0, 3, 53);

const handed: number = socket.sendMany(['a', Buffer.from('b')]);
socket.sendMany(['a', 53, '127.0.0.1', new Uint8Array(2), 53, null],
                (error: Error | null, sent: number) => {});


// Lists whose length is not known at compile time.
const built: (string | number)[] = [];
socket.sendMany(built);
const tuple = ['a', 53, '::1'] as const;
socket.sendMany(tuple);
socket.sendMany([]);
socket.sendMany([['a', 'b'], 53, '127.0.0.1']);
socket.sendMany(['a', 53, undefined, 'b', 53, 'localhost']);

// Settings of single datagrams.
const target: SendTarget = { port: 53, address: '10.0.0.1', tos: 8, ttl: 1 };
const settings: SendSettings = { localAddress: '10.0.0.2', interface: 'eth0' };
socket.send('a', target);
socket.send(['a', Buffer.from('b')], { ...target, ...settings }, () => {});
socket.send(Buffer.from('abc'), 1, 2, { port: 53, interface: 2 }, (error) => {});
socket.send('a', { tos: 1 });
socket.send('a', 53, '10.0.0.1', (error, bytes) => {});
socket.send('a', 53, () => {});
socket.send('a', 0, 1, 53);
socket.send('a', () => {});
socket.sendMany(['a', target, 'b', { port: 53 }], (error, count) => {});
socket.sendMany(['a', { tos: 1 }, Buffer.from('b'), {}]);
socket.sendMany(['a', 53, '10.0.0.1'], { ttl: 5 }, (error, count) => {});
socket.sendMany(['a', 'b'], { tos: [1, undefined], interface: 'eth0' });
socket.on('batch', (batch) => socket.sendMany(batch, {
  tos: Uint8Array.of(1), localAddress: ['10.0.0.2', undefined],
}));
// @ts-expect-error -- a number
socket.send('a', { port: 53, tos: '1' });
// @ts-expect-error -- no such setting
socket.send('a', { port: 53, hopLimit: 1 });
// @ts-expect-error -- no column
socket.send('a', { port: 53, tos: [1] });
// @ts-expect-error -- a message without its object
socket.sendMany(['a', target, 'b', 'c', target]);

// Columns: a received batch, typed arrays and arrays, one destination for all.
socket.on('batch', (batch) => socket.sendMany(batch));
socket.on('batch', (batch) => {
  const sent: number = socket.sendMany(
    { ...batch, ports: 53, addresses: '10.0.0.1' },
    (error: Error | null, count: number) => {});
});
const columns = { count: 1, data: new Uint8Array(1), offsets: [0], sizes: [1] };
socket.sendMany(columns);
socket.sendMany({ ...columns, ports: [53], addresses: [null] });
// @ts-expect-error -- no sizes
socket.sendMany({ count: 1, data: new Uint8Array(1), offsets: [0], ports: 53 });
// @ts-expect-error -- an offset is a number
socket.sendMany({ ...columns, offsets: ['0'] });
// @ts-expect-error -- an address is a string
socket.sendMany({ ...columns, ports: 53, addresses: 5 });

// Options before bind, socket options, memberships, counters.
createSocket({
  type: 'udp6', device: 'eth0', multicastAll: false, freebind: true,
  transparent: true, priority: 6, mark: 1, icmpErrors: features.icmpErrors,
});
createSocket({
  type: 'udp4', reusePort: true, steering: { offset: 0, length: 8 }, workers: 4,
});
createSocket({ type: 'udp6', reusePort: true, steering: 'cpu', workers: 2 });
// @ts-expect-error -- no length
createSocket({ type: 'udp4', reusePort: true, steering: { offset: 0 } });
// @ts-expect-error -- not a rule
createSocket({ type: 'udp4', steering: 'random', workers: 2 });
const ticket: Ticket = socket.detach({ timeout: 1000 });
const taken: Socket = createSocket({ from: socket.detach() }, () => {});
createSocket({ from: ticket, type: 'udp4', sharedBuffers: true });
createSocket({ from: { token: ticket.token }, signal: AbortSignal.abort() });
// @ts-expect-error -- the descriptor is bound already
createSocket({ from: ticket, reuseAddr: true });
// @ts-expect-error -- an object
createSocket({ from: ticket.token });
const { ticket: moving, handle } = socket.detach({ process: true });
fork('server.js').send(moving, handle, () => {
  const isClosed: boolean = handle.fd < 0;
  console.log(isClosed);
});
handle.close();
process.on('message', (message, received) => {
  const from = message as ProcessTicket;
  createSocket({ from, handle: received, sharedBuffers: true }).close();
  createSocket({ from, handle }, (msg) => console.log(msg.length, from.port));
});
// @ts-expect-error -- for another process
createSocket({ from: moving });
// @ts-expect-error -- the two are sent apart
createSocket({ from: socket.detach({ process: true }) });
taken.close();
socket.on('icmp', ({ code, syscall, mtu: ofPath }, info) => {
  const { address, port, offender, mtu = ofPath } = info;
  const text: string = `${code} ${syscall} ${address ?? ''} ${offender ?? ''}`;
  console.log(text, port + (mtu ?? 0));
}).once('icmp', (error: IcmpError, info: IcmpInfo) => {
  const text: string = `${error.address ?? ''}:${error.port ?? ''}`;
  console.log(text, error.errno, info.type, info.code, info.family === 'IPv4');
});
// @ts-expect-error -- it may be unknown
socket.once('icmp', (error, info) => { console.log(info.offender.length); });
// @ts-expect-error -- a boolean
createSocket({ type: 'udp4', icmpErrors: 'yes' });
const same: Socket = socket.setTypeOfService(0xb8).setDontFragment('probe')
  .setDontFragment(true);
const tos: number = socket.getTypeOfService() + socket.getPathMTU();
socket.addMembership('239.1.1.1', { interface: 'eth0' });
socket.dropMembership('239.1.1.1', { interface: 2 });
socket.addMembership('239.1.1.1', '*');
socket.addMembership('239.1.1.1');
socket.addSourceSpecificMembership('10.0.0.1', '232.1.1.1', { interface: 2 });
socket.dropSourceSpecificMembership('10.0.0.1', '232.1.1.1', '10.0.0.2');
const counters: Stats = socket.stats();
const total: number = stats().received + counters.queuedBytes;
const drops: number = features.kernelDrops ? counters.kernelDrops ?? 0 : 0;
const list: Features = features;
const onDrops = ({ socket: which, dropped }: DropsMessage): void => {
  which.setRecvBufferSize(dropped);
};
console.log(same, tos, total, drops, list, onDrops);
// @ts-expect-error -- it may be unknown
const known: number = counters.kernelDrops;
// @ts-expect-error -- read-only
features.stats = false;
// @ts-expect-error -- no such mode
socket.setDontFragment('always');
// @ts-expect-error -- a number
socket.setTypeOfService('1');
// @ts-expect-error -- the name of the property is interface
socket.addMembership('239.1.1.1', { name: 'eth0' });
// @ts-expect-error -- a number
createSocket({ type: 'udp4', mark: '1' });

// What came with a datagram.
const names: ReceiveInfoName[] = ['localAddress', 'timestamp'];
const informed = createSocket({ type: 'udp4', receiveInfo: names },
  (msg, rinfo: RemoteInfo) => {
    const at: bigint | undefined = rinfo.timestamp;
    const hops: number = 64 - (rinfo.ttl ?? 0) + (rinfo.tos ?? 0) +
      (rinfo.interfaceIndex ?? 0) + rinfo.size;
    console.log(msg.length, at, hops, rinfo.localAddress, rinfo.interface);
  });
informed.on('message', (msg, { localAddress }) => {
  const local: string | undefined = localAddress;
  console.log(local);
});
informed.on('message', (msg, rinfo: nodeDgram.RemoteInfo) => {});
informed.on('batch', ({ count, timestamp, ttl, localAddress }) => {
  const last: bigint | undefined = timestamp?.[count - 1];
  console.log(last, ttl?.[0], localAddress?.[0]);
});
createSocket({ type: 'udp4', receiveInfo: ['tos', 'ttl', 'interface'] as const });
// @ts-expect-error -- no such name
createSocket({ type: 'udp4', receiveInfo: ['hoplimit'] });
// @ts-expect-error -- an array
createSocket({ type: 'udp4', receiveInfo: 'ttl' });

const path: 'linux' | 'uv' | 'node' = transport;
// @ts-expect-error -- there may be no addon
const native: 'linux' | 'uv' = transport;

// @ts-expect-error -- a boolean
createSocket({ type: 'udp4', sharedBuffers: 1 });
// @ts-expect-error -- a number is no message
socket.sendMany([1, 2, 3, null]);
// @ts-expect-error -- the address is missing
socket.sendMany(['a', 53]);
// @ts-expect-error -- a port is a number
socket.sendMany(['a', 53, '127.0.0.1', 'b', '53', '127.0.0.1']);
// @ts-expect-error -- no list
socket.sendMany('abc');
// @ts-expect-error -- no such type of socket
createSocket('udp5');

console.log(handed, path, native);

// Unix datagram sockets.
const unix: UnixSocket = createSocket('unix_dgram', (msg: Buffer, rinfo) => {
  const from: string = rinfo.path;
  unix.send(msg, from, (error, bytes: number) => {});
});
const unixOptions: UnixSocketOptions = {
  type: 'unix_dgram', receiveInfo: ['credentials', 'timestamp'], unlink: false,
};
const named: UnixAddress = createSocket(unixOptions).bindSync('/run/x.sock');
unix.bind('@name', () => {}).bind({ path: named.path }).bind().bind(() => {});
unix.connect('/dev/log', (error?: Error) => {});
unix.connectSync('/dev/log');
unix.send('x');
unix.send('x', (error) => {});
unix.send('abc', 1, 2, '/dev/log');
unix.send(['a', 'b'], '/dev/log');
unix.sendMany(['a', '/dev/log', Buffer.from('b'), '/dev/log'], () => {});
unix.on('congestion', () => {}).once('writable', () => {})
  .off('drain', () => {})
  .on('message', (msg, { credentials, timestamp }: UnixRemoteInfo) => {
    const who: UnixCredentials | undefined = credentials;
    const when: bigint | undefined = timestamp;
    console.log(msg.length, who?.uid, when);
  })
  .on('batch', (batch: UnixBatch) => unix.sendMany(batch));
const hasUnix: boolean = features.unixDgram;
console.log(hasUnix, unix.stats().sent, unix.remoteAddress().path);
async function readUnix(): Promise<void> {
  for await (const [msg, { path }] of unix.pause().resume()) {
    console.log(msg.length, path.length);
  }
  for await (const [, { credentials }] of unix.iterator({ highWaterMark: 4 })) {
    console.log(credentials?.pid, unix.isPaused());
  }
}
const bytesWait: boolean =
  createSocket({ type: 'unix_dgram', sendHighWaterMark: 0 }).writableNeedDrain;
console.log(readUnix, bytesWait);
// @ts-expect-error -- a path, not a port
unix.send('x', 53);
// @ts-expect-error -- of UDP
createSocket({ type: 'unix_dgram', receiveInfo: ['ttl'] });
createSocket({
  type: 'unix_dgram', closeWhenCollected: true, sendHighWaterMark: 1,
  reuseBatch: true,
});
// @ts-expect-error -- of Unix sockets
createSocket({ type: 'udp4', unlink: false });
// Names, both families, garbage collection, pacing.
const cache: LookupCacheOptions = { ttl: 1000 };
const dual: DualStackSocketOptions = { type: 'udp', lookupCache: cache };
createSocket(dual, (msg, rinfo) => { console.log(msg.length, rinfo.family); });
createSocket('udp').connectSync(53, '::1');
createSocket({
  type: 'udp4', closeWhenCollected: features.closeWhenCollected,
  reuseBatch: features.reuseBatch,
  lookupCache: { max: 5 }, txtime: 'monotonic',
});
// The type is known at run time only.
const family: Socket['type'] = createSocket('udp').type;
createSocket(family);
createSocket({ type: family, lookupCache: cache });
function bindAny(socket: Socket | UnixSocket): void {
  if (socket.type === 'unix_dgram') socket.bind('@name');
  else socket.bind(53);
}
console.log(bindAny);
// @ts-expect-error -- of both families
createSocket({ type: 'udp', ipv6Only: true });
// @ts-expect-error -- no such clock
createSocket({ type: 'udp4', txtime: 'realtime' });
const at: bigint = process.hrtime.bigint();
socket.setPacingRate(1e6).send('a', { port: 53, sendTime: at });
socket.sendMany(['a', 'b'], { sendTime: BigInt64Array.of(at, at) });
// @ts-expect-error -- nanoseconds are a bigint
socket.send('a', { port: 53, sendTime: 5 });
