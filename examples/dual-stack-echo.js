'use strict';

// Echo for IPv4 and IPv6 with one socket. IPv4 clients have an address like
// 192.0.2.1, as on a socket of IPv4 alone.
//
//   node examples/dual-stack-echo.js [PORT]
//
// In other terminals:
//
//   node examples/client.js 41234 hello
//   node -e "
//     const client = require('dgram-native').createSocket('udp');
//     client.connect(41234, '::1', () => client.send('hello'));
//     client.on('message', (msg) => { console.log(String(msg)); });"

const dgram = require('dgram-native');

const [ownPort = '41234'] = process.argv.slice(2);

function serve() {
  const server = dgram.createSocket('udp');

  server.on('message', (msg, { address, family, port }) => {
    console.log(`${family} ${address}: ${msg.length} bytes`);
    server.send(msg, port, address);
  });

  server.bind(Number(ownPort), () => {
    const { address, port } = server.address();
    console.log(`echo on ${address}, port ${port}, transport ` +
      `${dgram.transport}`);
  });
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, () => server.close());
}

if (dgram.features.dualStack) {
  serve();
} else {
  console.error(`transport ${dgram.transport} has no sockets of both families`);
  process.exitCode = 1;
}
