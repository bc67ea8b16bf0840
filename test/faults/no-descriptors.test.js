'use strict';

// A process that has reached its limit of descriptors (RLIMIT_NOFILE).

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { inChild, isLinux } = require('../support/dgram');

/** Passes three descriptors with each of ten datagrams, once `at` exists. */
const PASS_DESCRIPTORS = `
import array, os, socket, sys, time
while not os.path.exists(sys.argv[1]):
    time.sleep(0.01)
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
f = open('/dev/null')
rights = array.array('i', [f.fileno()] * 3)
for i in range(10):
    s.sendmsg([b'%d' % i], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)],
              0, sys.argv[1])
`;

/** For the child: fill() opens files up to the limit, free() closes them. */
const LIMITED = `
  const { execFileSync } = require('node:child_process');
  const fs = require('node:fs');
  execFileSync('prlimit', ['--pid=' + process.pid, '--nofile=64:64']);
  const files = [];
  const fill = (left = 0) => {
    try {
      for (;;) files.push(fs.openSync('/dev/null'));
    } catch (error) {
      if (error.code !== 'EMFILE') throw error;
    }
    free(left);
  };
  const free = (count) => {
    for (const fd of files.splice(0, count)) fs.closeSync(fd);
  };
  return { fill, free, count: () => fs.readdirSync('/proc/self/fd').length };
`;

(isLinux ? describe : describe.skip)('no descriptor left', () => {
  let directory;

  beforeEach(() => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), 'dgram-limit-'));
  });

  afterEach(() => {
    fs.rmSync(directory, { recursive: true, force: true });
  });

  async function run(body, transport = 'linux') {
    const { code, stderr, reports } = await inChild(body, {
      args: [LIMITED, path.join(directory, 'socket'), PASS_DESCRIPTORS],
      env: { DGRAM_NATIVE_TRANSPORT: transport },
    });
    assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: '' });
    return reports;
  }

  for (const transport of ['linux', 'uv']) {
    it(`detach() throws EMFILE, and the socket is unchanged: ${transport}`,
      async () => {
        const reports = await run(async (dgram, report, limited) => {
          const { once } = require('node:events');
          const { fill, free } = new Function('require', limited)(require);
          const sender = dgram.createSocket('udp4');
          const socket = dgram.createSocket('udp4');
          const { port } = socket.bindSync({ address: '127.0.0.1' });
          sender.connectSync(port, '127.0.0.1');
          fill();
          try {
            socket.detach();
          } catch ({ message }) {
            report(message);
          }
          sender.send('before');
          report(String((await once(socket, 'message'))[0]));
          free(1);
          const ticket = socket.detach();
          fill();
          const next = dgram.createSocket({ from: ticket });
          sender.send('after');
          report(String((await once(next, 'message'))[0]));
          next.close();
          sender.close();
        }, transport);
        assert.deepStrictEqual(reports, ['detach EMFILE', 'before', 'after']);
      });
  }

  it('a Unix socket fails with EMFILE, and works later', async () => {
    const reports = await run(async (dgram, report, limited, at) => {
      const { once } = require('node:events');
      const { fill, free } = new Function('require', limited)(require);
      const receiver = dgram.createSocket('unix_dgram');
      receiver.bindSync(at);
      fill();
      const socket = dgram.createSocket('unix_dgram');
      const sent = (...args) => new Promise((resolve) =>
        socket.send(...args, (error) => resolve(error?.message ?? null)));
      report(await sent('lost', at));
      socket.bind();
      report((await once(socket, 'error'))[0].message);
      try {
        socket.connectSync(at);
      } catch ({ message }) {
        report(message);
      }
      free(3);
      report(await sent('arrives', at));
      report(String((await once(receiver, 'message'))[0]));
      socket.close();
      receiver.close();
    });
    assert.deepStrictEqual(reports, [
      `send EMFILE ${path.join(directory, 'socket')}`, 'bind EMFILE',
      `connect EMFILE ${path.join(directory, 'socket')}`, null, 'arrives',
    ]);
  });

  for (const info of [[], ['credentials']]) {
    it(`closes the descriptors of a peer for which there is room: ${
      info[0] ?? 'no'} receiveInfo`, async () => {
      const body = async (dgram, report, limited, at, script) => {
        const { spawn } = require('node:child_process');
        const { once } = require('node:events');
        const { count, fill } = new Function('require', limited)(require);
        const peer = spawn('python3', ['-c', script, at], { stdio: 'ignore' });
        const ended = once(peer, 'close');
        fill(3);
        const socket = dgram.createSocket(
          { type: 'unix_dgram', receiveInfo: globalThis.info });
        const texts = [];
        socket.on('message', (message) => texts.push(String(message)));
        socket.bindSync(at); // leaves room for two
        const before = count();
        while (texts.length < 10) await once(socket, 'message');
        report([texts.join(' '), count() - before]);
        await ended;
        socket.close();
      };
      const reports = await run(
        `(${body})`.replace('globalThis.info', JSON.stringify(info)));
      assert.deepStrictEqual(reports, [['0 1 2 3 4 5 6 7 8 9', 0]]);
    });
  }
});
