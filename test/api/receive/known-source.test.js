'use strict';

// The text of an address crosses from C to JavaScript once, also if the
// listener closes the socket: clients open a socket for each request.

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const { main } = require('../../support/package');

const REQUESTS = 20;

/** Runs in a child, which loads dgram-native after replacing latin1Slice(). */
function countTexts(path, requests) {
  const { latin1Slice } = Buffer.prototype;
  let texts = 0;
  Buffer.prototype.latin1Slice = function(...args) {
    const text = latin1Slice.apply(this, args);
    if (text === '127.0.0.1') texts++;
    return text;
  };
  const dgram = require(path);
  const server = require('node:dgram').createSocket('udp4');
  server.on('message', (message, { address, port }) =>
    server.send(message, port, address));
  server.bind(0, '127.0.0.1', () => {
    const { port } = server.address();
    let left = requests;
    (function request() {
      const socket = dgram.createSocket('udp4');
      socket.on('message', (message, rinfo) => {
        if (rinfo.port !== port || rinfo.address !== '127.0.0.1') texts = NaN;
        socket.close();
        if (--left > 0) request();
        else server.close(() => console.log(texts, dgram.stats().received));
      });
      socket.send('x', port, '127.0.0.1');
    })();
  });
}

describe('the text of the address of a source', () => {
  it('is read once by sockets that are closed by their listener', () => {
    const { stdout, stderr } = spawnSync(process.execPath, [
      '-e', `(${countTexts})(${JSON.stringify(main)}, ${REQUESTS})`,
    ], { encoding: 'utf8', timeout: 20000 });
    assert.deepStrictEqual({ stdout, stderr },
                           { stdout: `1 ${REQUESTS}\n`, stderr: '' });
  });
});
