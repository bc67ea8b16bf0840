'use strict';

/**
 * The additions, each with the work that shows its cost. `prepare` returns the
 * work without the addition and with it; each call of either is one round, and
 * returns the number of operations, as `unit` names them.
 */

const events = require('node:events');
const {
  DATAGRAMS, HOST, counter, dgram, open, packed, payload, rounds, sender,
  toListener,
} = require('./traffic');

/** Every kind of information. */
const RECEIVE_INFO = [
  'localAddress', 'interface', 'interfaceIndex', 'tos', 'ttl', 'timestamp',
];

/** Operations of a round that are dearer than a datagram. */
const FEW = 50;

/** Receives with an option of createSocket(). */
function receiving(name, title, options, type = 'udp4') {
  return {
    name, unit: 'datagram', without: 'message', with: title,
    async prepare() {
      const from = await open();
      return {
        without: await toListener(from, {}),
        with: await toListener(from, { type, ...options },
                               type === 'udp' ? '::' : HOST),
      };
    },
  };
}

/** Receives in another way than with listeners of 'message'. */
function reading(name, title, read) {
  return {
    name, unit: 'datagram', without: 'message', with: title,
    async prepare() {
      const from = await open();
      const socket = await open();
      const receiver = counter();
      read(socket, receiver.arrived);
      return {
        without: await toListener(from, {}),
        with: rounds(sender(from, socket.address().port, HOST), receiver),
      };
    },
  };
}

/** Sends with something that send() accepts beside port and address. */
function sending(name, without, withIt, prepareSides) {
  return {
    name, unit: 'datagram', without, with: withIt,
    async prepare() {
      const socket = await open();
      const receiver = counter();
      socket.on('message', receiver.arrived);
      const sides = await prepareSides(socket.address().port);
      return {
        without: rounds(sides.without, receiver),
        with: rounds(sides.with, receiver),
      };
    },
  };
}

/** Each operation is the whole of `work`. */
function operation(name, unit, without, withIt, prepareSides) {
  const repeat = (work) => async () => {
    for (let i = 0; i < FEW; i++) await work();
    return FEW;
  };
  return {
    name, unit, without, with: withIt,
    async prepare() {
      const sides = await prepareSides();
      return { without: repeat(sides.without), with: repeat(sides.with) };
    },
  };
}

async function unixPair(options) {
  const name = `\0dgram-additions-${process.pid}-${Math.random()}`;
  const socket = dgram.createSocket({ type: 'unix_dgram', ...options });
  const receiver = counter();
  socket.on('message', receiver.arrived);
  socket.bind(name);
  await events.once(socket, 'listening');
  const from = dgram.createSocket('unix_dgram');
  return rounds((count) => {
    for (let i = 0; i < count; i++) from.send(payload, name);
  }, receiver);
}

/** Two sockets of one port. */
async function group(options) {
  const receiver = counter();
  const first = await open({ reusePort: true, ...options });
  const { port } = first.address();
  const second =
    dgram.createSocket({ type: 'udp4', reusePort: true, ...options });
  second.bind(port, HOST);
  await events.once(second, 'listening');
  for (const socket of [first, second]) socket.on('message', receiver.arrived);
  return rounds(sender(await open(), port, HOST), receiver);
}

/** Creates a socket, binds it, and closes it. */
async function live(options) {
  const socket = await open(options);
  socket.close();
  await events.once(socket, 'close');
}

/** @yields a socket that was detached and taken over, again and again */
async function moves() {
  let socket = await open();
  return {
    without: () => live({}),
    async with() {
      socket = dgram.createSocket({ from: socket.detach() });
      await events.once(socket, 'listening');
    },
  };
}

const cases = [
  receiving('receiveInfo', 'all names', { receiveInfo: RECEIVE_INFO }),
  receiving('icmpErrors', 'true', { icmpErrors: true }),
  receiving("createSocket('udp')", 'IPv4 peers', {}, 'udp'),
  reading('for await', 'for await', async (socket, arrived) => {
    for await (const unused of socket) arrived(unused);
  }),
  reading('events.on()', 'events.on()', async (socket, arrived) => {
    const messages = events.on(socket, 'message', { highWaterMark: 64 });
    for await (const unused of messages) arrived(unused);
  }),
  sending('send settings', 'port, address', '{ port, address, tos, ttl }',
          async (port) => {
            const from = await open();
            return {
              without: sender(from, port, HOST),
              with: sender(from, { port, address: HOST, tos: 8, ttl: 9 }),
            };
          }),
  sending('sendTime', 'port, address', '{ port, address, sendTime }',
          async (port) => {
            const from = await open({ txtime: 'monotonic' });
            return {
              without: sender(await open(), port, HOST),
              with: (count) => {
                for (let i = 0; i < count; i++) {
                  const sendTime = process.hrtime.bigint();
                  from.send(payload, { port, address: HOST, sendTime });
                }
              },
            };
          }),
  sending('lookupCache', 'a literal address', 'a name',
          async (port) => {
            const from = await open({ lookupCache: { ttl: 600000 } });
            return {
              without: sender(await open(), port, HOST),
              with: sender(from, port, 'localhost'),
            };
          }),
  sending('lookupCache, saved', 'a name, node:dns', 'a name, lookupCache',
          async (port) => {
            const from = await open({ lookupCache: { ttl: 600000 } });
            return {
              without: sender(await open(), port, 'localhost'),
              with: sender(from, port, 'localhost'),
            };
          }),
  {
    name: 'promises', unit: 'datagram', without: 'send(…, callback)',
    with: 'await send(…)',
    async prepare() {
      const sink = await open();
      const { port } = sink.address();
      sink.on('message', () => {});
      const socket = await open();
      const { createSocket } = require(`${packed.directory}/dist/promises.js`);
      const promising = createSocket('udp4');
      await promising.bind(0, HOST);
      return {
        async without() {
          for (let i = 0; i < DATAGRAMS; i++) {
            await new Promise((resolve) => {
              socket.send(payload, port, HOST, resolve);
            });
          }
          return DATAGRAMS;
        },
        async with() {
          for (let i = 0; i < DATAGRAMS; i++) {
            await promising.send(payload, port, HOST);
          }
          return DATAGRAMS;
        },
      };
    },
  },
  {
    name: 'unix_dgram', unit: 'datagram', without: 'udp4', with: 'unix_dgram',
    async prepare() {
      return {
        without: await toListener(await open(), {}),
        with: await unixPair({}),
      };
    },
  },
  {
    name: 'credentials', unit: 'datagram', without: 'unix_dgram',
    with: "receiveInfo: ['credentials']",
    async prepare() {
      return {
        without: await unixPair({}),
        with: await unixPair({ receiveInfo: ['credentials'] }),
      };
    },
  },
  {
    name: 'steering', unit: 'datagram', without: 'reusePort',
    with: 'steering by 8 bytes',
    async prepare() {
      return {
        without: await group({}),
        with: await group({ steering: { offset: 0, length: 8 }, workers: 2 }),
      };
    },
  },
  {
    name: 'pause()', unit: 'call of pause() and resume()',
    without: 'nothing', with: 'pause(), resume()',
    async prepare() {
      const socket = await open();
      const calls = (work) => async () => {
        for (let i = 0; i < DATAGRAMS; i++) work();
        return DATAGRAMS;
      };
      return {
        without: calls(() => socket.isPaused()),
        with: calls(() => {
          socket.pause();
          socket.resume();
        }),
      };
    },
  },
  operation('closeWhenCollected', 'socket', 'open, bind, close',
            'closeWhenCollected', () => ({
              without: () => live({}),
              with: () => live({ closeWhenCollected: true }),
            })),
  operation('detach()', 'move', 'open, bind, close',
            'detach(), createSocket({ from })', moves),
];

module.exports = { cases };
