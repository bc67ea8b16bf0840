'use strict';

// A server on all addresses of a host that answers from the address that was
// asked. Otherwise the kernel selects the source of an answer by the route to
// the client, and a client that asked another address of the host does not
// recognize the answer.
//
//   node examples/answer-address.js [PORT [HOST]]
//
// HOST is '::' by default: IPv6 and IPv4. '0.0.0.0' is IPv4 alone. In another
// terminal, ask an address that is not the first one of the host:
//
//   node -e "
//     const client = require('dgram-native').createSocket('udp4');
//     client.connect(41234, '127.0.0.2', () => client.send('hello'));
//     client.on('message', (msg) => console.log(String(msg)));"

const dgram = require('dgram-native');

const [ownPort = '41234', host = '::'] = process.argv.slice(2);

/**
 * What send() reports if `localAddress` is not an address of this host: EINVAL,
 * or for IPv4 since Linux 6.14 ENETUNREACH.
 */
const NOT_OURS = ['EINVAL', 'ENETUNREACH'];

function serve() {
  const server = dgram.createSocket({
    type: host.includes(':') ? 'udp6' : 'udp4',
    receiveInfo: ['localAddress'],
  });

  server.on('message', (msg, { address, port, localAddress }) => {
    console.log(`${address} asked ${localAddress}`);
    server.send(msg, { port, address, localAddress }, (error) => {
      if (!error) return;
      // The destination of a multicast or broadcast datagram belongs to no
      // host. The kernel selects the source of the answer.
      if (NOT_OURS.includes(error.code)) server.send(msg, { port, address });
      else console.error(`${address}: ${error.message}`);
    });
  });

  server.bind(Number(ownPort), host, () => {
    console.log(`echo on ${host}, port ${server.address().port}, transport ` +
      `${dgram.transport}`);
  });
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, () => server.close());
}

if (dgram.features.receiveInfo && dgram.features.sendSettings) {
  serve();
} else {
  console.error(`transport ${dgram.transport} cannot tell which address was ` +
    'asked; the transport linux can');
  process.exitCode = 1;
}
