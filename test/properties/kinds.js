'use strict';

/**
 * The kinds of programs. Each has:
 *
 *   transports      on which it runs
 *   programs(transport), failingCalls(transport)   see programs.js
 *   Actor           the class of its sockets
 *   judge           see model.js
 *   places()        destinations for the actors
 *   visits(kernel, library)   of kinds whose sockets move to another process
 *   outcomes(transport)   counts of judge() that many programs must have
 */

const builtin = require('node:dgram');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { Visits } = require('./visits');

const TRANSPORTS = ['linux', 'uv'];

/** A closed port. */
async function findDeadPort() {
  const socket = builtin.createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

/** A directory for the files, with one that no socket is bound to. */
function unixPlaces(dgram) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'dgram-names-'));
  process.on('exit', () =>
    fs.rmSync(directory, { recursive: true, force: true }));
  const stale = path.join(directory, 'stale');
  const socket = dgram.createSocket({ type: 'unix_dgram', unlink: false });
  socket.bindSync(stale);
  socket.close();
  return {
    nobody: path.join(directory, 'nobody'),
    stale,
    nameOf: ({ number }, kind, index) => kind === 'file' ?
      path.join(directory, `${number}-${index}`) :
      `@${path.basename(directory)}-${number}-${index}`,
  };
}

const KINDS = {
  udp: () => ({
    ...require('./programs'),
    ...require('./model'),
    ...require('./moving-actor'),
    visits: (kernel, library) => new Visits(kernel, library),
    places: async () => ({ deadPort: await findDeadPort() }),
    // GSO sends and GRO receives, of Linux 5.12 and newer.
    outcomes: (transport) => [
      'moved', 'lost', 'visits', 'carried',
      ...(transport === 'linux' ? ['gso', 'gro'] : []),
    ],
  }),
  unix: () => ({
    ...require('./unix-programs'),
    ...require('./unix-model'),
    ...require('./unix-actor'),
    places: unixPlaces,
    outcomes: () => ['congestions', 'reconnected'],
  }),
};

/** The transports of each kind. */
const RUNS = [
  ...TRANSPORTS.map((transport) => ({ kind: 'udp', transport })),
  { kind: 'unix', transport: 'linux' },
];

module.exports = { KINDS, RUNS };
