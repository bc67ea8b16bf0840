'use strict';

/**
 * Lighting control over sACN (ANSI E1.31): frames of eight universes, each a
 * packet of 512 channels. A frame follows when the last one has arrived.
 */

const { HOST, freePort, packageRequire, serve } = require('../../program');

const { Receiver, Sender } = packageRequire('sacn');

const UNIVERSES = [1, 2, 3, 4, 5, 6, 7, 8];

const payload = Object.fromEntries(Array.from({ length: 512 }, (unused, i) =>
  [i + 1, i % 101]));

async function main() {
  const port = await freePort();
  const receiver = new Receiver({ universes: UNIVERSES, port, iface: HOST });
  const senders = UNIVERSES.map((universe) => new Sender({
    universe, port, useUnicastDestination: HOST,
    defaultPacketOptions: { sourceName: 'bench', priority: 100 },
  }));
  let received = 0;
  function sendFrame() {
    for (const sender of senders) sender.send({ payload });
  }
  function raise(error) {
    throw error;
  }
  receiver.on('error', raise);
  receiver.on('PacketCorruption', raise);
  receiver.on('packet', () => {
    if (++received % UNIVERSES.length === 0) sendFrame();
  });
  receiver.socket.once('listening', () => {
    serve([], () => received);
    sendFrame();
  });
}

main();
