'use strict';

// Sends of every kind while the sending files of lib/batch/ and the files that
// they use fail at one point after the other. After each failure the next
// datagrams must arrive, and their callbacks must be called. Prints failures
// and counts as JSON.
//
//   node sends-child.js first|later WAY...
//
// `later`: the points that the second round of sends reaches as well. `first`:
// the other points, each with a new evaluation of lib/.

const nodeDgram = require('node:dgram');
const path = require('node:path');

const { install } = require('../support/saboteur');

const FILES = [
  'batch/outbox', 'batch/answers', 'batch/send-batch', 'batch/completions',
  'batch/destinations', 'batch/message-writer', 'batch/untransferable',
  'socket/send-many-list', 'socket/send-many-columns',
  'socket/send-many-sender', 'node/ticks', 'node/endings', 'node/thread',
  'node/uncaught',
].map((name) => require.resolve(`../../lib/${name}`));

const saboteur = install(FILES);
let dgram;

/** Loop iterations after which a missing message counts as lost. */
const PATIENCE = 400;

/** So many connected datagrams are flushed before the end of their tick. */
const CONNECTED_MAX = 64;

/** Points that are expected to schedule a tick. */
const SCHEDULES = /^(schedule|nodeNextTick|process\.nextTick)\(/;

const nextIteration = () => new Promise(setImmediate);

const LIB = path.join(__dirname, '..', '..', 'lib', path.sep);

/** The record of the thread, see lib/node/thread.js. */
const record = () => nodeDgram[Symbol.for('dgram-native')];

/** Evaluates lib/ again with the same addon, which calls the newest copy. */
function evaluate() {
  for (const file of Object.keys(require.cache)) {
    if (file.startsWith(LIB) && file.endsWith('.js') &&
        file !== require.resolve('../../lib/load/binding'))
      delete require.cache[file];
  }
  if (record() !== undefined) record().beforeEnding = undefined;
  dgram = require('../../lib/socket/socket');
  require('../../lib/socket/send-many-list');
  require('../../lib/socket/send-many-sender');
}

const got = new Set();
const called = new Set();
const failures = [];
let errors = 0;
let rounds = 0;

process.on('uncaughtException', (error) => {
  saboteur.caught();
  if (error.point === undefined) throw error;
  errors++;
});

function attempt(send) {
  try {
    send();
  } catch (error) {
    saboteur.caught();
    if (error.point === undefined) throw error;
  }
}

function listening(socket) {
  return new Promise((resolve) => {
    socket.on('message', (msg) => {
      if (got.has(`${msg}`)) failures.push({ twice: `${msg}` });
      got.add(`${msg}`);
    });
    socket.bind(0, '127.0.0.1', resolve);
  });
}

const ports = new Set();

/** A socket with a new port: a new evaluation does not know old sources. */
async function newSource() {
  const socket = nodeDgram.createSocket('udp4');
  await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  if (!ports.has(port)) {
    ports.add(port);
    return socket;
  }
  const next = await newSource();
  socket.close();
  return next;
}

async function connected(socket, port) {
  await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve));
  await new Promise((resolve) => socket.connect(port, '127.0.0.1', resolve));
}

function columnsOf(...texts) {
  const data = Buffer.from(texts.join(''));
  const sizes = texts.map(({ length }) => length);
  let end = 0;
  const offsets = sizes.map((size) => (end += size) - size);
  return { count: texts.length, data, offsets, sizes };
}

class Sender {
  async open() {
    // node:dgram: a new evaluation does not know the sources of an old one.
    this.receiver = nodeDgram.createSocket('udp4');
    await listening(this.receiver);
    this.port = this.receiver.address().port;
    this.plain = dgram.createSocket('udp4');
    await new Promise((resolve) => this.plain.bind(0, '127.0.0.1', resolve));
    this.connected = dgram.createSocket('udp4');
    await connected(this.connected, this.port);
    this.patched = dgram.createSocket(
      { type: 'udp4', lookup: (name, family, callback) => {
        callback(null, '127.0.0.1', 4);
      } });
    await new Promise((resolve) => this.patched.bind(0, '127.0.0.1', resolve));
    this.server = dgram.createSocket('udp4', (msg) => {
      attempt(() => this.server.send(msg, this.port, '127.0.0.1'));
    });
    await new Promise((resolve) => this.server.bind(0, '127.0.0.1', resolve));
    this.requester = await newSource();
    const { port } = this.server.address();
    await new Promise((resolve) =>
      this.requester.connect(port, '127.0.0.1', resolve));
  }

  close() {
    const { receiver, plain, connected, patched, server, requester } = this;
    for (const socket of [receiver, plain, connected, patched, server,
      requester]) socket.close();
  }

  /** Sends of each kind; `name` tells the rounds apart. */
  * sends(name) {
    const { plain, connected, patched, port } = this;
    yield () => plain.send(`${name} plain`, port, '127.0.0.1');
    yield () => plain.send(`${name} plain, called`, port, '127.0.0.1',
                           note(`${name} plain, called`));
    yield () => connected.send(`${name} first`, note(`${name} first`));
    yield () => connected.send(`${name} second`);
    yield () => connected.send(`${name} third`, note(`${name} third`));
    yield () => plain.sendMany([`${name} many`, port, '127.0.0.1',
      [`${name} `, 'list'], port, '127.0.0.1'], note(`${name} many`));
    yield () => connected.sendMany([`${name} many connected`]);
    yield () => plain.sendMany(
      { ...columnsOf(`${name} columns`, `${name} two`), ports: [port, port] },
      note(`${name} columns`));
    yield () => connected.sendMany(columnsOf(`${name} columns connected`));
    yield () => patched.send(`${name} looked up`, port, 'localhost',
                             note(`${name} looked up`));
    yield () => plain.send(Buffer.from(`${name} bytes`), port, '127.0.0.1',
                           note(`${name} bytes`));
    // As under zone.js.
    yield () => replaced(() => plain.send(
      `${name} plain apart`, port, '127.0.0.1', note(`${name} plain apart`)));
    yield () => replaced(() => connected.send(
      `${name} apart`, note(`${name} apart`)));
    yield () => plain.send(Buffer.alloc(70000), port, '127.0.0.1',
                           note(`${name} too long`));
    for (let i = 0; i <= CONNECTED_MAX; i++)
      yield () => connected.send(`${name} burst ${i}`);
  }

  async round(name) {
    for (const text of ANSWERS) this.requester.send(`${name} ${text}`);
    for (const send of this.sends(name)) attempt(send);
    await nextIteration();
    await nextIteration();
  }
}

/** The server receives these in one batch, and sends them on. */
const ANSWERS = ['answer 1', 'answer 2', 'answer 3'];

const MESSAGES = [...ANSWERS, 'plain', 'plain, called', 'first', 'second',
  'third', 'many', 'list', 'many connected', 'columns', 'two',
  'columns connected', 'looked up', 'bytes', 'plain apart', 'apart',
  `burst ${CONNECTED_MAX}`];
const CALLBACKS = ['plain, called', 'first', 'third', 'many', 'columns',
  'looked up',
  'bytes', 'plain apart', 'apart', 'too long'];

/** A callback, which must be called once at most. */
function note(text) {
  return () => {
    if (called.has(text)) failures.push({ twice: text });
    called.add(text);
  };
}

/** Calls `send` while process.nextTick() is not Node's own. */
function replaced(send) {
  const { nextTick } = process;
  process.nextTick = (...args) => nextTick(...args);
  try {
    send();
  } finally {
    process.nextTick = nextTick;
  }
}

/** Messages and callbacks of a round that are missing. */
function missing(name) {
  return [
    ...MESSAGES.filter((text) => !got.has(`${name} ${text}`)),
    ...CALLBACKS.filter((text) => !called.has(`${name} ${text}`))
      .map((text) => `callback of ${text}`),
  ];
}

/** The sends after the failure. @returns {Promise<string[]>} missing */
async function check(sender, name) {
  await sender.round(name);
  for (let i = 0; i < PATIENCE && missing(name).length > 0; i++) {
    await nextIteration();
  }
  return missing(name);
}

async function strike(sender, point, way) {
  const name = `${rounds++}`;
  saboteur.arm(point, way);
  await sender.round(name);
  if (!saboteur.disarm()) return;
  const lost = await check(sender, `${name}+`);
  if (lost.length > 0) failures.push({ point: `${point}`, way, lost });
  got.clear();
  called.clear();
}

function points(way, reached) {
  if (way === 'skip') return reached.filter(({ text }) => SCHEDULES.test(text));
  return way === 'after' || way === 'cut' ?
    reached.filter(({ kind }) => kind !== 'statement') :
    reached;
}

/** A sender of a new evaluation; its points have not been reached yet. */
async function begin() {
  evaluate();
  const sender = new Sender();
  await sender.open();
  saboteur.reached();
  return sender;
}

async function strikeLater(sender, later, ways) {
  for (const way of ways) {
    for (const point of points(way, later)) await strike(sender, point, way);
  }
  return later.length;
}

async function strikeFirst(first, ways) {
  for (const way of ways) {
    for (const point of points(way, first)) {
      const sender = await begin();
      await strike(sender, point, way);
      sender.close();
    }
  }
  return first.length;
}

async function run([phase, ...ways]) {
  const sender = await begin();
  await sender.round('first');
  const first = saboteur.reached();
  await sender.round('second');
  const later = saboteur.reached();
  if (phase === 'later') return strikeLater(sender, later, ways);
  sender.close();
  return strikeFirst(first.filter((point) => !later.includes(point)), ways);
}

run(process.argv.slice(2)).then((count) => {
  console.log(JSON.stringify({ failures, rounds, errors, points: count }));
  process.exit();
});
