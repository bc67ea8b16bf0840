'use strict';

/**
 * Child processes with an IPC channel to this one. They are killed after the
 * test.
 */

const childProcess = require('node:child_process');
const { modulePath, temporary } = require('./dgram');

const children = new Set();

const prelude = `'use strict';
const dgram = require(${JSON.stringify(modulePath)});
if (!['linux', 'uv'].includes(dgram.transport))
  throw new Error('not the native implementation');
`;

/**
 * Starts a process that runs `body(dgram, data)`. Only the source of the
 * function is used.
 * @param {Function} body
 * @param {object} [options] of fork(); `data`: a JSON value
 * @returns {ChildProcess}
 */
function fork(body, { data = null, env, ...options } = {}) {
  const file = temporary('fork.js',
    `${prelude}(${body})(dgram, ${JSON.stringify(data)});\n`);
  const child = childProcess.fork(file, {
    execArgv: [], ...options,
    env: { ...process.env, NODE_OPTIONS: '', ...env },
  });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

/** The next message of a child, as { message, handle }. */
function receiveFrom(child) {
  return new Promise((resolve, reject) => {
    const onExit = (code, signal) =>
      reject(new Error(`the child ended: ${code ?? signal}`));
    child.once('exit', onExit);
    child.once('message', (message, handle) => {
      child.off('exit', onExit);
      resolve({ message, handle });
    });
  });
}

afterEach('end child processes', () => {
  for (const child of children) child.kill('SIGKILL');
});

module.exports = { fork, receiveFrom };
