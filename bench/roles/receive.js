'use strict';

/** Receives on one socket or on many. */

const { config, measure, say } = require('./role');
const { openReceiver } = require('./receiver');

async function main() {
  const tally = { datagrams: 0, bytes: 0 };
  const ports = [];
  for (let i = 0; i < (config.sockets ?? 1); i++) {
    ports.push(await openReceiver(tally));
  }
  say({ ready: true, ports });
  measure(tally);
}

main();
