'use strict';

/**
 * Open Sound Control: a controller sends 16 messages at a time to a
 * synthesizer, the next ones when these have arrived.
 */

const { HOST, packageRequire, serve } = require('../../program');

const osc = packageRequire('osc');

const MESSAGES = 16;

let received = 0;

const synthesizer = new osc.UDPPort({ localAddress: HOST, localPort: 0 });
const controller = new osc.UDPPort({ localAddress: HOST, localPort: 0 });

function sendControls() {
  const { port } = synthesizer.socket.address();
  for (let i = 0; i < MESSAGES; i++) {
    controller.send({
      address: `/voice/${i}/frequency`,
      args: [{ type: 'f', value: 440 + i }, { type: 'i', value: received }],
    }, HOST, port);
  }
}

synthesizer.on('error', (error) => {
  throw error;
});
synthesizer.on('message', ({ args }) => {
  if (args.length !== 2) throw new Error('an argument is missing');
  if (++received % MESSAGES === 0) sendControls();
});
synthesizer.once('ready', () => controller.open());
controller.once('ready', () => {
  serve([], () => received);
  sendControls();
});
synthesizer.open();
