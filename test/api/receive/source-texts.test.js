'use strict';

// The text of the address of a source crosses from C to JavaScript once, with
// the first datagram that JavaScript takes from it.

const assert = require('node:assert');
const { spawnSync } = require('node:child_process');
const { main } = require('../../support/package');

const REQUESTS = 20;

/** Runs a function in a child, with the path of dgram-native. */
function run(child, ...args) {
  const { stdout, stderr } = spawnSync(process.execPath, [
    '-e', `(${child})(${[main, ...args].map((arg) => JSON.stringify(arg))})`,
  ], { encoding: 'utf8', timeout: 20000 });
  assert.strictEqual(stderr, '');
  return stdout.trim();
}

/** A client opens a socket for each request. */
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

/**
 * The last listener of a merged run is slow and throws, while a new source
 * sends to both receivers. Before the first receiver reads that, it is paused,
 * or the second one has its turn.
 */
function readAfterSlowListener(path, pauses) {
  const RUN = 40;
  const WARM_UPS = 5;
  const dgram = require(path);
  const { spawnSync } = require('node:child_process');
  const [first, second, sender] =
    Array.from({ length: 3 }, () => dgram.createSocket('udp4'));
  const received = [];
  let source;
  let runs = 0;

  function sendFromNewSource() {
    const ports = [first, second].map((socket) => socket.address().port);
    const { stdout } = spawnSync(process.execPath, ['-e', `
      const socket = require('dgram').createSocket('udp4');
      socket.send('new', ${ports[0]}, '127.0.0.1', () =>
        socket.send('new', ${ports[1]}, '127.0.0.1', () => {
          console.log(socket.address().port);
          socket.close();
        }));
    `], { encoding: 'utf8' });
    source = Number(stdout);
  }

  function onNew(message, rinfo) {
    received.push(rinfo.port === source);
    if (received.length < 2) return;
    console.log(`${received}`);
    for (const socket of [first, second, sender]) socket.close();
  }

  process.on('uncaughtException', ({ message }) => {
    if (message !== 'thrown') received.push(message);
  });
  second.on('message', (message, rinfo) => {
    if (`${message}` === 'new') onNew(message, rinfo);
  });
  first.on('message', (message, rinfo) => {
    if (`${message}` === 'new') return onNew(message, rinfo);
    if (++runs < RUN) return;
    sendFromNewSource();
    if (pauses) {
      process.nextTick(() => {
        first.pause();
        setTimeout(() => first.resume(), 20);
      });
    }
    throw new Error('thrown');
  });

  const bind = (socket) =>
    new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const send = (count) => {
    for (let i = 0; i < count; i++) sender.send('run', first.address().port);
  };
  Promise.all([first, second, sender].map(bind)).then(() => {
    // The second read sets GRO, so that the run is merged.
    let left = WARM_UPS;
    const timer = setInterval(() => {
      runs = 0;
      if (left-- > 0) return send(RUN / 4);
      clearInterval(timer);
      send(RUN);
      // The second receiver is readable when the first one is.
      sender.send('wake up', second.address().port);
    }, 20);
  });
}

describe('the text of the address of a source', () => {
  it('is read once by sockets that are closed by their listener', () => {
    assert.strictEqual(run(countTexts, REQUESTS), `1 ${REQUESTS}`);
  });

  for (const pauses of [true, false]) {
    it(`is not lost after a slow listener that throws${
      pauses ? ', if a tick pauses the socket' : ''}`, () => {
      assert.strictEqual(run(readAfterSlowListener, pauses), 'true,true');
    });
  }
});
