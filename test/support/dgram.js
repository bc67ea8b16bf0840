'use strict';

/**
 * Fixtures of the tests in test/api/: the module under test, version gates,
 * sockets that are closed after each test, child processes and workers.
 *
 * The module under test is this package, or Node's own with
 * DGRAM_UNDER_TEST=node: the same files test both.
 */

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { getSystemErrorMap } = require('node:util');
const { Worker } = require('node:worker_threads');

const packed = require('./package');
const { scaled } = require('./time');

const isNative = process.env.DGRAM_UNDER_TEST !== 'node';
const root = path.join(__dirname, '..', '..');
const modulePath = isNative ? packed.main : 'node:dgram';
const dgram = require(modulePath);
const isLinux = process.platform === 'linux';
const isWindows = process.platform === 'win32';

/** Time limit of every event, in milliseconds. */
const LIMIT = scaled(10000);

// ---------------------------------------------------------------------------
// Versions

const running = process.versions.node.split('.').map(Number);

/**
 * Whether the running Node has a feature of these releases, one for each
 * release line that got it: nodeAtLeast('24.19.0', '26.4.0').
 */
function nodeAtLeast(...releases) {
  const wanted = releases.map((release) => release.split('.').map(Number));
  const line = wanted.find(([major]) => major === running[0]);
  if (line === undefined)
    return running[0] > Math.max(...wanted.map(([major]) => major));
  return running[1] > line[1] ||
    (running[1] === line[1] && running[2] >= line[2]);
}

const gate = (define, open) => (title, body) =>
  (open ? define : define.skip)(title, body);

/** A test of the package only, not of the built-in. */
const itNative = (title, body) => gate(it, isNative)(title, body);

/** A test that needs several datagrams per batch; on Windows each has one. */
const itBatched = (title, body) =>
  gate(it, isNative && !isWindows)(title, body);

/** Whether received datagrams of one host are merged: GSO and GRO. */
function merges() {
  if (!isNative || dgram.transport !== 'linux') return false;
  const { gso, gro } = packed.binding().features();
  return gso && gro;
}

/** A test of datagrams that arrive merged. */
const itMerged = (title, body) => gate(it, merges())(title, body);

/** A test of the package on every Node, of the built-in since `releases`. */
const itSince = (releases, title, body) =>
  gate(it, isNative || nodeAtLeast(...[releases].flat()))(title, body);

const describeSince = (releases, title, body) =>
  gate(describe, isNative || nodeAtLeast(...[releases].flat()))(title, body);

const describeNative = (title, body) => gate(describe, isNative)(title, body);

// ---------------------------------------------------------------------------
// Sockets

const hasIPv6 = Object.values(os.networkInterfaces()).flat()
  .some(({ address }) => address === '::1');

const sockets = [];
let opened = 0;
let currentTest;

/**
 * createSocket() whose socket is closed after the test. A test that needs IPv6
 * is skipped if it is missing.
 */
function open(...args) {
  if (!hasIPv6 && (args[0]?.type ?? args[0]) === 'udp6')
    currentTest.skip();
  const socket = dgram.createSocket(...args);
  sockets.push(socket);
  opened++;
  return socket;
}

/**
 * Sets the receive buffer size for a burst. The test is skipped if the kernel
 * grants less (net.core.rmem_max): it would drop some, with node:dgram too.
 */
function makeRoom(socket, bytes) {
  socket.setRecvBufferSize(bytes);
  if (socket.getRecvBufferSize() < bytes)
    currentTest.skip();
}

/** Closes a socket after the test that created it. */
function closeLater(socket) {
  sockets.push(socket);
  return socket;
}

/** @returns a bound socket; on the loopback address by default */
async function bound(options = 'udp4', port = 0, address = undefined) {
  const socket = open(options);
  const type = options.type ?? options;
  const listening = once(socket, 'listening');
  socket.bind(port, address ?? (type === 'udp4' ? '127.0.0.1' : '::1'));
  await listening;
  return socket;
}

/** @returns a socket connected to `peer`, which is bound to loopback */
async function connectedTo(peer, options = peer.type) {
  const socket = open(options);
  socket.connect(peer.address().port, peer.address().address);
  await once(socket, 'connect');
  return socket;
}

/** The state object that Node stores under a symbol. */
function stateOf(socket) {
  const symbol = Object.getOwnPropertySymbols(socket)
    .find(({ description }) => description === 'state symbol');
  return socket[symbol];
}

function isOpen(socket) {
  return stateOf(socket).handle !== null;
}

/**
 * The arguments of the next `event`; rejects at the first 'error' and after a
 * timeout.
 */
function once(emitter, event) {
  return limited(`'${event}'`, (resolve, reject) => {
    const onEvent = (...args) => done(resolve, args);
    const onError = (error) => done(reject, error);
    const done = (settle, value) => {
      emitter.removeListener(event, onEvent);
      emitter.removeListener('error', onError);
      settle(value);
    };
    emitter.on(event, onEvent);
    if (event !== 'error')
      emitter.on('error', onError);
  });
}

/** The next `count` messages, as { msg, rinfo }. */
function receive(socket, count) {
  const messages = [];
  return limited(() => `${count} messages (${messages.length} received)`,
    (resolve) => {
      if (count === 0)
        return resolve(messages);
      socket.on('message', function onMessage(msg, rinfo) {
        messages.push({ msg, rinfo });
        if (messages.length === count) {
          socket.removeListener('message', onMessage);
          resolve(messages);
        }
      });
    });
}

/** The next `count` messages, as text. */
async function receiveText(socket, count) {
  return (await receive(socket, count)).map(({ msg }) => String(msg));
}

/** Sends with a callback; resolves to the size that it receives. */
function send(socket, ...args) {
  return limited('a send callback', (resolve, reject) => {
    socket.send(...args, (error, bytes) => {
      if (error)
        reject(error);
      else
        resolve(bytes);
    });
  });
}

/** Calls close() and waits for the event. */
async function close(socket) {
  const closed = once(socket, 'close');
  socket.close();
  await closed;
}

/** A closed port of 127.0.0.1. */
async function freePort(type = 'udp4') {
  const socket = await bound(type);
  const { port } = socket.address();
  await close(socket);
  return port;
}

/**
 * A loopback address that only this process uses, if the system has a loopback
 * network, so that concurrent tests do not share fixed ports.
 */
const ownAddress = isLinux ?
  `127.${64 + (process.pid >> 16 & 63)}.${process.pid >> 8 & 255}.` +
    `${1 + process.pid % 254}` :
  '127.0.0.1';

// ---------------------------------------------------------------------------
// Time

function limited(what, executor) {
  let timer;
  const late = new Promise((resolve, reject) => {
    const error = new Error();
    timer = setTimeout(() => {
      error.message =
        `timed out waiting for ${typeof what === 'function' ? what() : what}`;
      reject(error);
    }, LIMIT);
  });
  return Promise.race([new Promise(executor), late])
    .finally(() => clearTimeout(timer));
}

/** Resolves in the next event loop iteration, after pending immediates. */
function nextIteration() {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * Runs `body(log)` as a separate macrotask outside of any promise, so that
 * ticks precede microtasks as in an event listener. Resolves to the log once it
 * has `count` steps.
 */
function steps(count, body) {
  const log = [];
  return limited(() => `${count} steps (so far: ${log.join(', ')})`,
    (resolve, reject) => {
      setImmediate(() => {
        try {
          body((step) => {
            log.push(step);
            if (log.length === count)
              setImmediate(resolve, log);
          });
        } catch (error) {
          reject(error);
        }
      });
    });
}

// ---------------------------------------------------------------------------
// Errors

const errnos = new Map(Array.from(getSystemErrorMap(),
  ([errno, [code]]) => [code, errno]));

/** libuv's number of an error, which is not that of the system on Windows. */
function errnoOf(code) {
  return errnos.get(code);
}

/** The exception of `body`; fails if there is none. */
function thrownBy(body, expected = 'an error') {
  try {
    body();
  } catch (error) {
    return error;
  }
  return assert.fail(`missing exception, expected ${expected}`);
}

/**
 * Checks that `body` throws Node's own kind of error: class, code, message, the
 * code in the stack, and `code` as the only enumerable key.
 */
function throwsCode(body, Class, code, message) {
  isCode(thrownBy(body, code), Class, code, message);
}

function isCode(error, Class, code, message) {
  assert.strictEqual(error.code, code, error.stack);
  assert.strictEqual(error.message, message);
  assert.ok(error instanceof Class);
  assert.strictEqual(error.name, Class.name);
  assert.deepStrictEqual(Object.keys(error), ['code']);
  assert.strictEqual(error.toString(),
    `${Class.name} [${code}]: ${message}`);
  assert.ok(error.stack.startsWith(`${Class.name} [${code}]: ${message}\n`),
    error.stack);
}

/**
 * Checks that `error` is a system call's error with exactly these values, in
 * order. `where`: the address, even if undefined, and the port unless falsy.
 */
function isSystemError(error, code, syscall, ...where) {
  const expected = { errno: errnoOf(code), code, syscall };
  if (where.length > 0)
    expected.address = where[0];
  if (where[1])
    expected.port = where[1];
  // An addition, on connected sockets.
  if (isNative && code === 'EMSGSIZE' && error.mtu > 0)
    expected.mtu = error.mtu;
  assert.deepStrictEqual({ ...error }, expected);
  assert.deepStrictEqual(Object.keys(error), Object.keys(expected));
  let text = `${syscall} ${code}`;
  if (where[1])
    text += ` ${where[0]}:${where[1]}`;
  else if (where[0])
    text += ` ${where[0]}`;
  assert.strictEqual(error.message, text);
  assert.strictEqual(error.name, 'Error');
  assert.strictEqual(error.constructor, Error);
  assert.ok(error instanceof Error);
  assert.ok(error.stack.startsWith(`Error: ${text}\n`), error.stack);
}

function throwsSystemError(body, code, syscall, ...where) {
  isSystemError(thrownBy(body, `${syscall} ${code}`), code, syscall, ...where);
}

// ---------------------------------------------------------------------------
// Other processes and threads

let directory;
let files = 0;

/** Writes a file into this process's temporary directory; returns its path. */
function temporary(name, text) {
  directory ??= fs.mkdtempSync(path.join(os.tmpdir(), 'dgram-test-'));
  const file = path.join(directory, `${++files}-${name}`);
  fs.writeFileSync(file, text);
  return file;
}

const prelude = `'use strict';
const dgram = require(${JSON.stringify(modulePath)});
if (${isNative} && !['linux', 'uv'].includes(dgram.transport))
  throw new Error('not the native implementation');
`;

const children = new Set();

/**
 * Runs `body(dgram, report, ...args)` in a child process. Only the source of
 * the function is used, so it sees nothing but its parameters and Node's
 * globals.
 *
 * @returns {Promise<{ code, signal, reports: any[], stderr: string }>}
 *   with `child` as a property; `reports` are the arguments of report()
 */
function inChild(body, options = {}) {
  const { args = [] } = options;
  const file = temporary('child.js', `${prelude}
function report(value) {
  require('node:fs').writeSync(1, JSON.stringify(value) + '\\n');
}
(${body})(dgram, report, ...JSON.parse(process.argv[2]));
`);
  return run([file, JSON.stringify(args)], options);
}

/** Runs this Node with `argv`. See inChild(). */
function run(argv, { execArgv = [], env = {}, stdio = ['ignore'] } = {}) {
  const child = spawn(process.execPath, [...execArgv, ...argv], {
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    stdio: [stdio[0], 'pipe', 'pipe', ...stdio.slice(3)],
  });
  children.add(child);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (data) => stdout += data);
  child.stderr.setEncoding('utf8').on('data', (data) => stderr += data);
  const ended = limited(() => `a child's end (stdout: ${stdout}, ` +
    `stderr: ${stderr})`, (resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const lines = stdout.split('\n').filter((line) => line !== '');
      const reports = lines.map((line) => {
        try {
          return JSON.parse(line);
        } catch {
          return line;
        }
      });
      resolve({ code, signal, reports, stderr });
    });
  }).finally(() => {
    children.delete(child);
    if (child.exitCode === null && child.signalCode === null)
      child.kill('SIGKILL');
  });
  return Object.assign(ended, { child });
}

/** The reports of a child that exited normally. */
async function reportsOf(body, options) {
  const { code, signal, reports, stderr } = await inChild(body, options);
  assert.deepStrictEqual({ code, signal, stderr },
    { code: 0, signal: null, stderr: '' });
  return reports;
}

/**
 * Starts a worker that runs `body(dgram, parentPort, workerData)`.
 */
function inWorker(body, workerData, options = {}) {
  const file = temporary('worker.js', `${prelude}
const { parentPort, workerData } = require('node:worker_threads');
(${body})(dgram, parentPort, workerData);
`);
  return new Worker(file, { workerData, ...options });
}

// ---------------------------------------------------------------------------
// Around the tests

let socketsBefore;

function created() {
  return packed.binding().stats().sockets;
}

before('use the intended implementation', () => {
  if (!isNative) {
    assert.strictEqual(dgram, require('dgram'));
    return;
  }
  assert.notStrictEqual(dgram, require('dgram'));
  const { DGRAM_NATIVE_TRANSPORT: wanted } = process.env;
  if (wanted !== undefined)
    assert.strictEqual(dgram.transport, wanted);
  assert.ok(['linux', 'uv'].includes(dgram.transport), dgram.transport);
  socketsBefore = created();
});

beforeEach(function() {
  ({ currentTest } = this);
  currentTest.timeout(2 * LIMIT);
});

afterEach('close open sockets', () => {
  for (const socket of sockets.splice(0)) {
    socket.removeAllListeners();
    socket.on('error', () => {});
    if (isOpen(socket))
      socket.close();
  }
  for (const child of children)
    child.kill('SIGKILL');
});

after('check that the implementation made every socket', () => {
  if (directory !== undefined)
    fs.rmSync(directory, { recursive: true, force: true });
  if (isNative)
    assert.ok(created() - socketsBefore >= opened, 'foreign sockets');
});

module.exports = {
  bound,
  close,
  closeLater,
  connectedTo,
  describeNative,
  describeSince,
  dgram,
  errnoOf,
  freePort,
  hasIPv6,
  inChild,
  inWorker,
  isCode,
  isLinux,
  isNative,
  isOpen,
  isSystemError,
  isWindows,
  itBatched,
  itMerged,
  itNative,
  itSince,
  makeRoom,
  merges,
  modulePath,
  nodeAtLeast,
  once,
  open,
  ownAddress,
  packed,
  receive,
  receiveText,
  reportsOf,
  root,
  run,
  send,
  stateOf,
  steps,
  temporary,
  thrownBy,
  throwsCode,
  throwsSystemError,
  nextIteration,
};
