'use strict';

// Finds others on the network: each instance tells the group its name once a
// second, and prints whom it hears. Start it twice, with different names.
//
//   node examples/multicast.js NAME [INTERFACE [PORT]]
//
// INTERFACE is the address of one of this machine's interfaces, by default
// 127.0.0.1: then only instances on this machine are heard.

const dgram = require('dgram-native');

/** Of the addresses that a site may use as it likes (RFC 2365). */
const GROUP = '239.255.42.99';

const [name = `node-${process.pid}`, local = '127.0.0.1', port = '41299'] =
  process.argv.slice(2);
const known = new Set();

// Every instance on this machine binds the same port.
const socket = dgram.createSocket({ type: 'udp4', reuseAddr: true });

function announce() {
  socket.send(JSON.stringify({ name }), Number(port), GROUP);
}

socket.on('message', (msg, rinfo) => {
  let other;
  try {
    ({ name: other } = JSON.parse(msg));
  } catch {
    return; // Anybody can send to the group.
  }
  if (typeof other !== 'string' || other === name || known.has(other)) return;
  known.add(other);
  console.log(`${name} hears ${other} at ${rinfo.address}:${rinfo.port}`);
});

socket.bind(Number(port), () => {
  socket.addMembership(GROUP, local); // receive from this interface,
  socket.setMulticastInterface(local); // send to it,
  socket.setMulticastTTL(1); // and no further than the next router
  console.log(`${name} in ${GROUP}:${port}, transport ${dgram.transport}`);
  announce();
});

const timer = setInterval(announce, 1000);

function end() {
  clearInterval(timer);
  socket.close();
}

process.once('SIGINT', end);
process.once('SIGTERM', end);
