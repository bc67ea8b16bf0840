'use strict';

// Lists the routers on the way to a host: it sends probes with a growing TTL,
// and each router that drops one answers with an ICMP error. The probes go to
// ports that are likely closed, so the host answers with an ICMP error as well.
//
//   node examples/traceroute.js 192.0.2.1
//
// Needs no privilege. Linux only: see dgram.features.icmpErrors.

const dgram = require('dgram-native');

const address = process.argv[2] ?? '127.0.0.1';
const type = address.includes(':') ? 'udp6' : 'udp4';

/** Port of the first probe, as in traceroute(8). */
const FIRST_PORT = 33434;
const HOPS_MAX = 30;

/** Probes per hop; routers limit how many errors they send. */
const TRIES = 3;
const TIMEOUT = 1000; // milliseconds

const socket = dgram.createSocket({ type, icmpErrors: true });

/** The functions that wait for an answer, by the port of their probe. */
const waiting = new Map();

socket.on('icmp', ({ code }, { port, offender }) => {
  // A late answer to an earlier probe has another port.
  waiting.get(port)?.({ code, offender });
});

/** Sends a probe; resolves to the answer, or to undefined without one. */
function probe(port) {
  return new Promise((resolve, reject) => {
    const started = process.hrtime.bigint();
    const finish = (answer) => {
      clearTimeout(timer);
      waiting.delete(port);
      const time = Number(process.hrtime.bigint() - started) / 1e6;
      resolve(answer && { ...answer, time });
    };
    const timer = setTimeout(finish, TIMEOUT);
    waiting.set(port, finish);
    socket.send('', port, address, (error) => {
      if (error) reject(error);
    });
  });
}

async function trace() {
  let port = FIRST_PORT;
  for (let ttl = 1; ttl <= HOPS_MAX; ttl++) {
    socket.setTTL(ttl);
    let answer;
    for (let i = 0; i < TRIES && answer === undefined; i++) {
      answer = await probe(port++);
    }
    console.log(answer === undefined ?
      `${ttl}  *` :
      `${ttl}  ${answer.offender}  ${answer.time.toFixed(2)} ms`);
    // Not EHOSTUNREACH, into which Linux translates "time exceeded".
    if (answer?.code === 'ECONNREFUSED') return;
  }
}

socket.bindSync();
trace().catch(({ message }) => {
  console.error(message);
  process.exitCode = 1;
}).finally(() => socket.close());
