'use strict';

// Unix datagram sockets with programs that are not ours.

const assert = require('node:assert');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const packed = require('../support/package');
const { limited, until } = require('./support/limited');
const { Server, findTool, runTool } = require('./support/peer');

const dgram = require(packed.main);

/** Answers each datagram with its bytes reversed, until it is killed. */
const ECHO = `
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
s.bind(b'\\0' + os.fsencode(sys.argv[1][1:]) if sys.argv[1][0] == '@'
       else sys.argv[1])
print('bound', flush=True)
while True:
    data, source = s.recvfrom(1 << 20)
    s.sendto(data[::-1], source)
`;

describe('Unix datagram sockets', () => {
  let directory;
  let sockets;
  let servers;

  before(function() {
    if (!dgram.features.unixDgram) this.skip();
  });

  beforeEach(function() {
    this.currentTest.timeout(60000);
    directory = fs.mkdtempSync(path.join(os.tmpdir(), 'dgram-unix-'));
    sockets = [];
    servers = [];
  });

  afterEach(async () => {
    for (const socket of sockets) socket.close();
    await Promise.all(servers.map((server) => server.kill()));
    fs.rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  });

  function needs(context, ...tools) {
    const missing = tools.filter((tool) => findTool(tool) === undefined);
    if (missing.length === 0) return;
    if (process.env.CI) throw new Error(`not found: ${missing.join(', ')}`);
    context.skip();
  }

  function open(options = {}) {
    const socket = dgram.createSocket({ type: 'unix_dgram', ...options });
    sockets.push(socket);
    return socket;
  }

  const at = (name) => path.join(directory, name);

  function start(command, args, options) {
    const server = new Server(command, args, options);
    servers.push(server);
    return server;
  }

  async function message(socket) {
    const [msg, rinfo] = await limited('a message', once(socket, 'message'));
    return { text: String(msg), rinfo };
  }

  it('receive from logger(1)', async function() {
    needs(this, 'logger');
    const socket = open({ receiveInfo: ['credentials'] });
    socket.bind(at('log'));
    const received = message(socket);
    await runTool('logger', ['-u', at('log'), '-t', 'tag', '-p', 'local3.err',
                             'from logger']);
    const { text, rinfo } = await received;
    assert.match(text, /^<155>\w+ +\d+ [\d:]+ tag: from logger$/);
    assert.strictEqual(rinfo.credentials.uid, process.getuid());
    assert.ok(rinfo.credentials.pid > 0);
  });

  for (const name of ['a path', 'an abstract name']) {
    it(`receive from systemd-notify(1) at ${name}`, async function() {
      needs(this, 'systemd-notify');
      const target = name === 'a path' ? at('notify') :
        `@dgram-native-e2e-${process.pid}`;
      const socket = open();
      socket.bind(target);
      const received = message(socket);
      await runTool('systemd-notify', ['READY=1', 'STATUS=half way'],
        { env: { NOTIFY_SOCKET: target } });
      assert.match((await received).text, /^READY=1\nSTATUS=half way/);
    });

    it(`are answered by Python at ${name}`, async function() {
      needs(this, 'python3');
      const target = name === 'a path' ? at('echo') :
        `@dgram-native-echo-${process.pid}`;
      const server = start('python3', ['-c', ECHO, target]);
      await until(() => `the echo: ${server.errors}`,
        () => server.output.includes('bound'));
      const socket = open();
      socket.bind(at('client'));
      for (const text of ['', 'abc', 'x'.repeat(65536), 'y'.repeat(200000)]) {
        const received = message(socket);
        socket.send(text, target);
        const { text: answer, rinfo } = await received;
        assert.strictEqual(answer, [...text].reverse().join(''));
        assert.strictEqual(rinfo.path, target.replace('@', '\0'));
        assert.strictEqual(rinfo.size, text.length);
      }
      // More than any sender has without raising SO_SNDBUF.
      const half = 'z'.repeat(200000);
      socket.setSendBufferSize(400000);
      if (socket.getSendBufferSize() - 32 >= 400000) {
        const received = message(socket);
        socket.send(half + half, target);
        assert.strictEqual((await received).text.length, 400000);
      }
    });
  }

  it('receive from socat, and answer it', async function() {
    needs(this, 'socat');
    const socket = open();
    socket.bind(at('server'));
    socket.on('message', (msg, rinfo) => {
      socket.send(`${String(msg).trim()} back`, rinfo.path);
    });
    const socat = start('socat',
      ['-', `UNIX-SENDTO:${at('server')},bind=${at('client')}`],
      { stdin: 'pipe' });
    for (const text of ['there', 'and']) {
      socat.stdin.write(`${text}\n`);
      await until(() => `${text}: ${socat.output} ${socat.errors}`,
        () => socat.output.endsWith(`${text} back`));
    }
    assert.strictEqual(socat.output, 'there backand back');
  });

  it('send to socat, which restarts', async function() {
    needs(this, 'socat');
    const socket = open();
    for (let round = 0; round < 3; round++) {
      const socat = start('socat', ['-u', `UNIX-RECV:${at('sink')}`, '-']);
      await until(() => `socat: ${socat.errors}`,
        () => fs.existsSync(at('sink')));
      if (round === 0) socket.connectSync(at('sink'));
      const errors = [];
      for (let i = 0; i < 200; i++)
        socket.send(`${i},`, (error) => error && errors.push(error));
      await until(() => socat.output, () => socat.output.endsWith('199,'));
      assert.deepStrictEqual(errors, []);
      assert.strictEqual(socat.output,
        Array.from({ length: 200 }, (unused, i) => `${i},`).join(''));
      await socat.kill();
      fs.rmSync(at('sink'), { force: true });
    }
  });
});
