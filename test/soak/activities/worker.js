'use strict';

/** A worker with two sockets that exchange datagrams until a message. */

const { parentPort } = require('node:worker_threads');

const { randomSize } = require('../datagram');
const { Incoming, Outgoing, audit } = require('../flow');
const { dropsOf } = require('../../support/kernel');
const { bound, sendTo } = require('./sockets');

const FLOW = 1;
const WINDOW = 16;

/** Rounds before the parent is notified. */
const WARM = 3;

async function main() {
  const [sender, receiver] = [await bound(), await bound()];
  const { port } = receiver.address();
  const [outgoing, incoming] = [new Outgoing(FLOW), new Incoming(FLOW)];
  receiver.on('message', (message) => incoming.take(message));
  let finish = false;
  parentPort.once('message', () => { finish = true; });
  for (let round = 0; !finish; round++) {
    if (round === WARM) parentPort.postMessage('traffic');
    for (let i = 0; i < WINDOW; i++)
      sendTo(sender, port, outgoing.next(randomSize(1000)));
    await outgoing.settled();
    await incoming.until(outgoing.sent);
    await new Promise((resolve) => { setImmediate(resolve); });
  }
  parentPort.postMessage({ faults: audit(outgoing, incoming, dropsOf(port)) });
  sender.close();
  receiver.close();
}

main();
