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
  options: fc.option(fc.oneof(anything, fc.record({
    timeout: nearly(1, 1000), process: nearly(true, false),
  }).map(({ timeout, process }) => ({
    name: `{ timeout: ${timeout.name}, process: ${process.name} }`,
    make: (context) => ({
      timeout: timeout.make(context), process: process.make(context),
    }),
  })))),
  token: fc.option(anything),
  /** Of a ticket for another process, or its handle: `value` replaces it. */
  field: fc.constantFrom('version', 'address', 'port', 'note', 'data',
    'handle'),
  /** A bit of its data that changes. */
  bit: fc.nat(),
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

/** The options of createSocket() for the result of detach(). */
function optionsFor(result) {
  const { ticket, handle } = result;
  return ticket === undefined ? { from: result } : { from: ticket, handle };
}

function withBit({ from, handle }, bit) {
  const data = Buffer.from(from.data, 'base64');
  data[(bit >> 3) % data.length] ^= 1 << (bit & 7);
  return { from: { ...from, data: data.toString('base64') }, handle };
}

function withField({ from, handle }, field, value) {
  return field === 'handle' ?
    { from, handle: value } :
    { from: { ...from, [field]: value }, handle };
}

function useMove(type, context, drawn, check) {
  const { options, token, name, value, field, bit } = drawn;
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
    const sound = optionsFor(ticket);
    check('open', value, () => {
      add(dgram.createSocket({ ...sound, [name]: value.make(context) }));
    });
    if (sound.handle !== undefined) {
      check('open', value, () => {
        const made = value.make(context);
        add(dgram.createSocket(withField(sound, field, made)));
      });
      check('open', value, () => add(dgram.createSocket(withBit(sound, bit))));
    }
    check('open', name, () => add(dgram.createSocket(sound)));
    check('open', name, () => {
      add(dgram.createSocket(sound));
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
