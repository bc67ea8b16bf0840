'use strict';

/** Takes the socket of moving-process.js, and returns it on request. */

const { setTimeout: sleep } = require('node:timers/promises');

const packed = require('../../support/package');
const { descriptors } = require('../../support/kernel');
const { randomSize } = require('../datagram');
const { Outgoing } = require('../flow');
const { sendTo } = require('./sockets');

const dgram = require(packed.main);

let received = [];
let isLeaving = false;
let outgoing;
let send; // sends some datagrams from the socket

const methods = {
  /** Uses a ticket, and sends datagrams of the flow from place `first` on. */
  take({ ticket, flow, first, count, port }, handle) {
    const socket = dgram.createSocket({ from: ticket, handle });
    outgoing = new Outgoing(flow);
    outgoing.requested = first;
    send = () => {
      for (let i = 0; i < count; i++)
        sendTo(socket, port, outgoing.next(randomSize(1000)));
    };
    socket.on('message', (bytes) => {
      received.push(bytes);
      if (isLeaving) leave(socket);
    });
    send();
  },

  /** The next datagram takes the socket back. */
  back() {
    isLeaving = true;
    process.send('leaving');
  },

  /** The counters of the flow. @param {{first: number}} message */
  async settle({ first }) {
    const { requested } = outgoing;
    while (outgoing.sent + outgoing.failed < requested - first) await sleep(1);
    const { sent, failed, bytes, faults } = outgoing;
    process.send({ requested, sent, failed, bytes, faults });
  },

  /** Does not use a ticket. */
  drop(message, handle) {
    handle.close();
    process.send('dropped');
  },

  async measure() {
    for (let i = 0; i < 4; i++) {
      globalThis.gc();
      await sleep(25);
    }
    const { rss, heapUsed, external } = process.memoryUsage();
    process.send({
      childRss: rss, childHeap: heapUsed + external,
      childDescriptors: descriptors(),
    });
  },
};

function leave(socket) {
  isLeaving = false;
  send(); // these leave before the socket
  const { ticket, handle } = socket.detach({ process: true });
  process.send({ ticket, received }, handle);
  received = [];
}

process.on('message', (message, handle) =>
  methods[message.do](message, handle));
