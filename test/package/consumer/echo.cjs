'use strict';

/**
 * Echoes one datagram through sockets of `dgram`.
 * @returns {Promise<string>} the answer
 */
module.exports = function echo(dgram) {
  return new Promise((resolve, reject) => {
    const server = dgram.createSocket('udp4');
    const client = dgram.createSocket('udp4');
    let asking;
    const close = () => {
      clearInterval(asking);
      server.close();
      client.close();
    };
    for (const socket of [server, client]) socket.on('error', reject);
    server.on('message', (msg, { port, address }) => {
      server.send(`echo of ${msg}`, port, address);
    });
    client.on('message', (msg) => {
      close();
      resolve(String(msg));
    });
    server.bind(0, '127.0.0.1', () => {
      const ask = () => client.send('hello', server.address().port,
                                    '127.0.0.1');
      // UDP may lose a datagram, even on loopback.
      asking = setInterval(ask, 500);
      ask();
    });
  });
};
