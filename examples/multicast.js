'use strict';

// Discovery by multicast: each instance sends its name to the group once a
// second and prints the names it receives.
//
//   node examples/multicast.js NAME [INTERFACE [PORT]]
//
// To try it, start two instances with different names, in two terminals:
//
//   node examples/multicast.js one
//   node examples/multicast.js two
//
// INTERFACE is the address of an interface of this machine. The default,
// 127.0.0.1, finds only instances on this machine.

const dgram = require('dgram-native');

/** From the range for local use within an organisation (RFC 2365). */
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
    return; // Other programs may send to the group.
  }
  if (typeof other !== 'string' || other === name || known.has(other)) return;
  known.add(other);
  console.log(`${name} found ${other} at ${rinfo.address}:${rinfo.port}`);
});

socket.bind(Number(port), () => {
  socket.addMembership(GROUP, local); // receive through this interface
  socket.setMulticastInterface(local); // send through this interface
  socket.setMulticastTTL(1); // stay within the local network
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
