'use strict';

// detach({ process: true }) through the channels of all kinds of children.

const assert = require('node:assert');
const {
  bound, inChild, inWorker, once, open, packed, receiveText, reportsOf,
  temporary,
} = require('../../support/dgram');
const { fork, receiveFrom } = require('../../support/forks');
const {
  describeMoves, detach, freed, numbers, peer,
} = require('./detach-process-kit');

describeMoves('detach({ process }) through a channel', () => {
  const child = (inner) => {
    process.on('message', (ticket, handle) => {
      const socket = inner.createSocket({ from: ticket, handle });
      socket.on('message', () => {
        const next = socket.detach({ process: true });
        process.send(next.ticket, next.handle, () => process.disconnect());
      });
      process.send(require('node:dgram').Socket === inner.Socket);
    });
  };

  async function roundTrip(body, options) {
    const forked = fork(body, options);
    const socket = await bound();
    const address = socket.address();
    const { ticket, handle } = detach(socket);
    const answer = receiveFrom(forked);
    forked.send(ticket, handle);
    const { message: registered } = await answer;
    const back = receiveFrom(forked);
    const sender = await peer();
    for (const text of numbers(10))
      sender.send(text, address.port, '127.0.0.1');
    const { message, handle: there } = await back;
    const next = open({ from: message, handle: there });
    assert.deepStrictEqual(await receiveText(next, 9), numbers(9, 1));
    return registered;
  }

  it('of a child without register', async () => {
    assert.strictEqual(await roundTrip(child), false);
  });

  it('of a child with register', async () => {
    assert.strictEqual(await roundTrip(child,
      { execArgv: ['--require', packed.register] }), true);
  });

  it('of a worker thread, which was the second owner', async () => {
    const socket = await bound();
    const address = socket.address();
    const worker = inWorker((inner, parentPort, { from, file }) => {
      const moved = inner.createSocket({ from });
      const { ticket, handle } = moved.detach({ process: true });
      const forked = require('node:child_process').fork(file);
      forked.on('message', (message) => {
        parentPort.postMessage([message, handle.fd < 0]);
        forked.disconnect();
      });
      forked.send(ticket, handle);
    }, {
      from: socket.detach(),
      file: temporary('child.js', `'use strict';
        process.on('message', (ticket, handle) => {
          const socket = require(${JSON.stringify(packed.main)})
            .createSocket({ from: ticket, handle });
          process.send(socket.address());
          socket.close();
        });`),
    });
    const [answer] = await once(worker, 'message');
    assert.deepStrictEqual(answer, [address, true]);
    await once(worker, 'exit');
    await freed(address);
  });

  it('of cluster workers', async () => {
    const reports = await reportsOf((inner, report) => {
      const cluster = require('node:cluster');
      if (!cluster.isPrimary) {
        process.on('message', ({ ticket }, handle) => {
          if (ticket === undefined) return process.exit();
          const socket = inner.createSocket({ from: ticket, handle });
          socket.on('message', (msg) => {
            process.send({ text: `${msg}` });
            const next = socket.detach({ process: true });
            process.send({ ticket: next.ticket }, next.handle);
          });
          process.send({ port: socket.address().port });
        });
        return;
      }
      const socket = inner.createSocket('udp4');
      const workers = [cluster.fork(), cluster.fork()];
      let turn = 0;
      socket.bind(0, '127.0.0.1', () => {
        const { port } = socket.address();
        const first = socket.detach({ process: true });
        const client = inner.createSocket('udp4');
        workers[0].send({ ticket: first.ticket }, first.handle);
        for (const worker of workers) {
          worker.on('message', (message, handle) => {
            if (message.port) {
              report(message.port === port);
              client.send(`to ${worker.id}`, port, '127.0.0.1');
            }
            if (message.text) report(message.text);
            if (!message.ticket) return;
            if (++turn < 4) {
              workers[turn % 2].send({ ticket: message.ticket }, handle,
                () => handle.close());
              return;
            }
            const back =
              inner.createSocket({ from: message.ticket, handle });
            report(back.address().port === port);
            back.close();
            client.close();
            for (const one of workers) one.send({});
          });
        }
      });
    });
    assert.deepStrictEqual(reports,
      [true, 'to 1', true, 'to 2', true, 'to 1', true, 'to 2', true]);
  });

  it('of a grandchild', async () => {
    const { reports, code, stderr } = await inChild((inner, report) => {
      const { fork: start } = require('node:child_process');
      const depth = Number(process.argv[3] ?? 0);
      const use = (ticket, handle) => {
        const socket = inner.createSocket({ from: ticket, handle });
        socket.once('message', (msg) => {
          report(`${depth} ${msg}`);
          if (depth === 3) return socket.close();
          const next = start(__filename, ['[]', `${depth + 1}`]);
          const { ticket: to, handle: by } = socket.detach({ process: true });
          next.send(to, by, () => {
            next.disconnect();
            if (process.connected) process.disconnect();
          });
        });
      };
      if (depth > 0) return void process.once('message', use);
      const socket = inner.createSocket('udp4');
      socket.bind(0, '127.0.0.1', () => {
        const { port } = socket.address();
        const client = inner.createSocket('udp4');
        for (let i = 0; i < 4; i++) client.send(`${i}`, port, '127.0.0.1');
        client.unref();
        const { ticket, handle } = socket.detach({ process: true });
        use(ticket, handle);
      });
    });
    assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: '' });
    assert.deepStrictEqual(reports, ['0 0', '1 1', '2 2', '3 3']);
  });
});
