'use strict';

// Steering, and descriptors that move: createSocket({ steering }), detach() and
// createSocket({ from }), with sound arguments and with any.

const fc = require('fast-check');

const packed = require('../../support/package');
const { any } = require('./values');

const dgram = require(packed.main);

const anything = fc.constantFrom(...any);

/** A drawn value, or a sound one. */
const nearly = (...sound) => fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...sound.map((thing) => ({
    name: String(thing), make: () => thing,
  }))) }, anything);

const steered = fc.record({
  reusePort: nearly(true, 1),
  workers: nearly(1, 2, 65535),
  steering: fc.oneof(nearly('cpu'), fc.record({
    offset: nearly(0, 1, 65535), length: nearly(1, 4, 8, 19, 20),
  }).map(({ offset, length }) => ({
    name: `{ offset: ${offset.name}, length: ${length.name} }`,
    make: (context) => ({
      offset: offset.make(context), length: length.make(context),
    }),
  }))),
});

const moved = fc.record({
  options: fc.option(fc.oneof(anything, nearly(1, 1000).map((timeout) => ({
    name: `{ timeout: ${timeout.name} }`,
    make: (context) => ({ timeout: timeout.make(context) }),
  })))),
  token: fc.option(anything),
  name: fc.constantFrom('type', 'reuseAddr', 'sharedBuffers', 'lookup',
    'receiveInfo', 'recvBufferSize', 'signal', 'x'),
  value: anything,
});

/** For the program of additions.js. */
const moves = fc.array(fc.oneof(
  steered.map((drawn) => ({ act: useSteering, drawn })),
  moved.map((drawn) => ({ act: useMove, drawn }))), { maxLength: 3 });

const make = (context, drawn) => Object.fromEntries(
  Object.entries(drawn).map(([name, thing]) => [name, thing.make(context)]));

const loopback = (type) => type === 'udp4' ? '127.0.0.1' : '::1';

function useSteering(type, context, drawn, check) {
  let socket;
  check('setsockopt', drawn, () => {
    socket = dgram.createSocket({ type, ...make(context, drawn) });
    socket.bindSync({ address: loopback(type) });
  });
  socket?.close();
}

function useMove(type, context, { options, token, name, value }, check) {
  const sockets = [];
  const add = (socket) => {
    sockets.push(socket);
    return socket;
  };
  const first = add(dgram.createSocket(type));
  first.bindSync({ address: loopback(type) });
  let ticket;
  check('detach', options, () => {
    ticket = first.detach(...options === null ? [] : [options.make(context)]);
  });
  check('open', token, () => {
    if (token !== null)
      add(dgram.createSocket({ from: { token: token.make(context) } }));
  });
  // The second succeeds unless the first has; the third never does.
  if (ticket !== undefined) {
    check('open', value, () => {
      add(dgram.createSocket({ from: ticket, [name]: value.make(context) }));
    });
    check('open', name, () => add(dgram.createSocket({ from: ticket })));
    check('open', name, () => {
      add(dgram.createSocket({ from: ticket }));
      throw new TypeError('a ticket was used twice');
    });
  }
  for (const socket of sockets) {
    try {
      socket.close();
    } catch (error) {
      if (error.code !== 'ERR_SOCKET_DGRAM_NOT_RUNNING') throw error;
    }
  }
}

module.exports = { moves };
