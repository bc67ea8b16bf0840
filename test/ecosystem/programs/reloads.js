'use strict';

/**
 * Requires the module repeatedly, like a tool that reloads changed files, with
 * one echoed datagram each time. Prints whether memory or listeners grew.
 */

const { once } = require('node:events');

const ROUNDS = 150;
const FIRST = 20;

function forget() {
  for (const file of Object.keys(require.cache)) {
    if (file !== __filename) delete require.cache[file];
  }
}

async function echo(dgram) {
  const socket = dgram.createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const answer = once(socket, 'message');
  socket.send('hello', socket.address().port, '127.0.0.1');
  const [message] = await answer;
  socket.close();
  return String(message);
}

/** Listeners of the process, and memory in MiB. */
function measure() {
  globalThis.gc();
  return {
    listeners: process.eventNames()
      .reduce((sum, name) => sum + process.listenerCount(name), 0),
    memory: process.memoryUsage.rss() / 2 ** 20,
  };
}

async function main() {
  const warnings = [];
  process.on('warning', ({ message }) => warnings.push(message));
  let before;
  let echoed = 0;
  for (let i = 0; i < ROUNDS; i++) {
    if (i === FIRST) before = measure();
    forget();
    if (await echo(require(process.env.ECOSYSTEM_DGRAM)) === 'hello') echoed++;
  }
  const after = measure();
  console.log(JSON.stringify({
    echoed,
    warnings,
    listeners: after.listeners - before.listeners,
    // Before the fix it was one megabyte for each of 130 times.
    grew: after.memory - before.memory > 50,
  }));
}

main();
