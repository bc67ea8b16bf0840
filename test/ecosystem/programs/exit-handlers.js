'use strict';

/**
 * exit-handlers.js HOW: a logger sends its last lines in a handler of
 * signal-exit, on a connected socket. HOW is the way in which its process
 * exits.
 */

const { fork } = require('node:child_process');
const { once } = require('node:events');
const { delay, connected, print, receiver, until } = require('./kit');

const LINES = ['bye 0', 'bye 1', 'bye 2', 'bye 3', 'bye 4'];

async function logger(port, how) {
  const { onExit } = require('signal-exit');
  const socket = await connected(Number(port));
  onExit(() => {
    for (const line of LINES) socket.send(line);
  });
  const staying = setInterval(() => {}, 1000);
  process.send('ready');
  if (how === 'process.exit()') process.on('message', () => process.exit(3));
  if (how === 'no work left') {
    process.on('message', () => {
      clearInterval(staying);
      socket.unref();
      process.disconnect();
    });
  }
}

async function main(how) {
  const { socket, got, port } = await receiver();
  const child = fork(__filename, [String(port), how]);
  await once(child, 'message');
  if (how.startsWith('SIG')) child.kill(how);
  else child.send('end');
  const [code, signal] = await once(child, 'exit');
  await until(() => got.length === LINES.length);
  // Time for superfluous datagrams.
  await delay(20);
  print({ code, signal, got });
  socket.close();
}

const [first, second] = process.argv.slice(2);
if (second === undefined) main(first);
else logger(first, second);
