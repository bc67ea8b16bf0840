'use strict';

// Finds the largest datagram that reaches a host without fragments (RFC 8899):
// it sends probes of different sizes, and the host sends them back. This also
// works if routers send no ICMP errors.
//
//   node examples/dual-stack-echo.js 41234         on one host
//   node examples/path-mtu.js 41234 192.0.2.1      on another one

const { once } = require('node:events');
const dgram = require('dgram-native');

const port = Number(process.argv[2] ?? 41234);
const address = process.argv[3] ?? '127.0.0.1';

/** IP and UDP headers. */
const headers = address.includes(':') ? 48 : 28;

/** Every path should carry this payload, in bytes (RFC 8899, section 5.1.2). */
const BASE = 1200;
const LARGEST = 65535 - 28;

/** A probe can be lost for other reasons. */
const TRIES = 3;
const TIMEOUT = 300; // milliseconds

const socket = dgram.createSocket(address.includes(':') ? 'udp6' : 'udp4');

/** Sends a probe, and resolves to whether it was answered. */
function probe(size) {
  return new Promise((resolve, reject) => {
    const finish = (settle, value) => {
      clearTimeout(timer);
      socket.off('message', onMessage);
      settle(value);
    };
    const timer = setTimeout(finish, TIMEOUT, resolve, false);
    const onMessage = ({ length }) => {
      if (length === size) finish(resolve, true);
    };
    socket.on('message', onMessage);
    socket.send(Buffer.alloc(size), (error) => {
      // Longer than the MTU of the interface; or a router has just told that an
      // earlier probe was too long, and this one was not sent.
      if (error?.code === 'EMSGSIZE') finish(resolve, false);
      else if (error) finish(reject, error);
    });
  });
}

/** Whether a payload of this size reaches the host. */
async function reaches(size) {
  for (let i = 0; i < TRIES; i++) {
    if (await probe(size)) return true;
  }
  return false;
}

async function main() {
  socket.on('error', ({ code, message }) => {
    // A router's answer to a probe that was too long.
    if (code !== 'EMSGSIZE') console.error(message);
  });
  socket.connect(port, address);
  await once(socket, 'connect');
  // DF is set. The kernel sends probes that exceed the path MTU it knows.
  socket.setDontFragment('probe');

  if (!await reaches(BASE)) throw new Error(`no answer from ${address}`);
  let fits = BASE;
  let tooLong = LARGEST + 1;
  while (tooLong - fits > 1) {
    const size = fits + tooLong >> 1;
    if (await reaches(size)) fits = size;
    else tooLong = size;
  }
  console.log(`path MTU to ${address}: ${fits + headers} bytes, ` +
    `payload ${fits} bytes; the kernel knows ${socket.getPathMTU()}`);
}

main().catch(({ message }) => {
  console.error(message);
  process.exitCode = 1;
}).finally(() => socket.close());
