'use strict';

// receiveInfo: ['credentials', 'timestamp'] of Unix sockets, and descriptors
// that a peer sends unasked.

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const { once: onceNode } = require('node:events');
const {
  inChild, receive, receiveText, send,
} = require('../../support/dgram');
const { boundUnix, describeUnix, freshPath, openUnix, pathOf } =
  require('./kit');

const OWN =
  { pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() };

/** A peer: sends that many datagrams with that many descriptors each. */
const SEND_DESCRIPTORS = `
import array, socket, sys
path, file, datagrams, count = *sys.argv[1:3], int(sys.argv[3]), int(sys.argv[4])
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(path)
f = open(file)
rights = array.array('i', [f.fileno()] * count)
for i in range(datagrams):
    s.sendmsg([b'%d' % i], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
`;

// sendDescriptors(path, datagrams, count) has a peer send those datagrams with
// `count` descriptors each, of a file of their own, and resolves to a function:
// how many descriptors of that file this process has. (Other descriptors of the
// process come and go with other tests.)
async function sendDescriptors(path, datagrams, count) {
  const file = freshPath();
  fs.writeFileSync(file, '');
  const peer = spawn(
    'python3', ['-c', SEND_DESCRIPTORS, path, file, `${datagrams}`, `${count}`],
    { stdio: ['ignore', 'ignore', 'inherit'] });
  assert.strictEqual((await onceNode(peer, 'close'))[0], 0);
  return () => fs.readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`) === file;
    } catch {
      return false; // The descriptor of readdirSync() itself.
    }
  }).length;
}

describeUnix('receiveInfo of a Unix socket', () => {
  it('has the credentials of the sender', async () => {
    const receiver = await boundUnix({ receiveInfo: ['credentials'] });
    const messages = receive(receiver, 2);
    await send(openUnix(), 'own', pathOf(receiver));
    const { reports } = await inChild((inner, report, at) => {
      report(process.pid);
      inner.createSocket('unix_dgram').send('child', at);
    }, { args: [pathOf(receiver)] });
    const [own, child] = await messages;
    assert.deepStrictEqual(own.rinfo, {
      path: '', family: 'unix', size: 3, credentials: OWN,
    });
    assert.deepStrictEqual(child.rinfo.credentials,
      { ...OWN, pid: reports[0] });
  });

  it('has the time', async () => {
    const receiver =
      await boundUnix({ receiveInfo: ['timestamp', 'credentials'] });
    const messages = receive(receiver, 1);
    const before = BigInt(Date.now()) * 1000000n;
    await send(openUnix(), 'x', pathOf(receiver));
    const [{ rinfo }] = await messages;
    assert.ok(rinfo.timestamp >= before - 1000000n);
    assert.ok(rinfo.timestamp < before + 10000000000n);
    assert.deepStrictEqual(rinfo.credentials, OWN);
  });

  it('has only what was asked for', async () => {
    const receiver = await boundUnix({ receiveInfo: ['timestamp'] });
    const messages = receive(receiver, 1);
    await send(openUnix({ receiveInfo: ['credentials'] }), 'x',
      pathOf(receiver));
    assert.deepStrictEqual(Object.keys((await messages)[0].rinfo),
      ['path', 'family', 'size', 'timestamp']);
  });

  it('is a column of \'batch\'', async () => {
    const receiver =
      await boundUnix({ receiveInfo: ['credentials', 'timestamp'] });
    const columns = [];
    const done = new Promise((resolve) => receiver.on('batch', (batch) => {
      assert.strictEqual(batch.credentials.length, batch.count);
      assert.strictEqual(batch.timestamp.length, batch.count);
      assert.ok(batch.timestamp[0] > 0n);
      columns.push(...batch.credentials);
      if (columns.length === 3) resolve();
    }));
    const sender = openUnix();
    for (const text of ['x', '', 'z']) sender.send(text, pathOf(receiver));
    await done;
    assert.deepStrictEqual(columns, [OWN, OWN, OWN]);
  });
});

describeUnix('descriptors that a peer sends', () => {
  for (const receiveInfo of [
    undefined, ['credentials'], ['timestamp'], ['credentials', 'timestamp'],
  ]) {
    it(`are not leaked with receiveInfo: ${receiveInfo}`, async () => {
      const receiver = await boundUnix({ receiveInfo });
      for (const count of [1, 3, 100, 253]) {
        const texts = receiveText(receiver, 5);
        const [leaked] = await Promise.all([
          sendDescriptors(pathOf(receiver), 5, count), texts,
        ]);
        assert.deepStrictEqual(await texts, ['0', '1', '2', '3', '4']);
        assert.strictEqual(leaked(), 0);
      }
    });
  }

  it('are not leaked on a socket that is not read', async () => {
    const receiver = await boundUnix();
    receiver.on('message', () => assert.fail('paused'));
    receiver.pause();
    const leaked = await sendDescriptors(pathOf(receiver), 5, 3);
    receiver.close();
    assert.strictEqual(leaked(), 0);
  });
});
