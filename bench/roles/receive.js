'use strict';

/** Receives on one or more sockets. */

const { config, measure, report } = require('./role');
const { openReceiver } = require('./receiver');

async function main() {
  const tally = { datagrams: 0, bytes: 0 };
  const ports = [];
  for (let i = 0; i < (config.sockets ?? 1); i++) {
    ports.push(await openReceiver(tally));
  }
  report({ ready: true, ports });
  measure(tally);
}

main();
