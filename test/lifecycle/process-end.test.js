'use strict';

// Ends of a process, worker or context with active sockets. The program and its
// parent process observe the same as with node:dgram.

const assert = require('node:assert');

const { modulePath, run, temporary } = require('../support/dgram');

/** Programs. They receive `dgram` and `say`, which writes synchronously. */
const ENDS = {
  'no work left': (dgram, say) => {
    process.on('beforeExit', () => say('beforeExit'));
    process.on('exit', (code) => say(`exit ${code}`));
    const socket = dgram.createSocket('udp4');
    socket.on('close', () => say('close'));
    socket.bind(0, '127.0.0.1', () => {
      socket.send('x', 9, '127.0.0.1', () => socket.close());
    });
  },

  'a new socket in beforeExit': (dgram, say) => {
    let times = 0;
    process.on('beforeExit', () => {
      say('beforeExit');
      if (++times > 2) return;
      const socket = dgram.createSocket('udp4');
      socket.on('message', (message) => {
        say(`${message}`);
        socket.close();
      });
      socket.bind(0, '127.0.0.1', () => {
        socket.send(`${times}`, socket.address().port, '127.0.0.1');
      });
    });
  },

  'an unbound socket and an unref()ed socket': (dgram, say) => {
    process.on('exit', (code) => say(`exit ${code}`));
    dgram.createSocket('udp4').on('close', () => say('close'));
    dgram.createSocket('udp4').bind(0, '127.0.0.1').unref();
  },

  'process.exit() in a listener': (dgram, say) => {
    process.on('exit', (code) => say(`exit ${code}`));
    const socket = dgram.createSocket('udp4');
    socket.on('close', () => say('close'));
    socket.on('message', (message) => {
      say(`${message}`);
      socket.send('never', socket.address().port, '127.0.0.1');
      process.exit(3);
    });
    socket.bind(0, '127.0.0.1', () => {
      for (let i = 0; i < 50; i++)
        socket.send(`${i}`, socket.address().port, '127.0.0.1');
    });
  },

  'process.exit() in a send callback': (dgram, say) => {
    const socket = dgram.createSocket('udp4');
    socket.bind(0, '127.0.0.1', () => {
      for (let i = 0; i < 5; i++) {
        socket.send(`${i}`, 9, '127.0.0.1', () => {
          say(`sent ${i}`);
          process.exit(4);
        });
      }
    });
  },

  'process.exit() with a socket used in \'exit\'': (dgram, say) => {
    const socket = dgram.createSocket('udp4');
    socket.bind(0, '127.0.0.1', () => {
      process.on('exit', () => {
        socket.send('x', 9, '127.0.0.1', () => say('sent'));
        say(socket.address().address);
        socket.close(() => say('close'));
      });
      process.exit(0);
    });
  },

  'an exception in a listener': (dgram, say) => {
    process.on('exit', (code) => say(`exit ${code}`));
    const socket = dgram.createSocket('udp4');
    socket.on('message', (message) => {
      say(`${message}`);
      throw new Error('of the listener');
    });
    socket.bind(0, '127.0.0.1', () => {
      for (let i = 0; i < 5; i++)
        socket.send(`${i}`, socket.address().port, '127.0.0.1');
    });
  },

  'handled exceptions in listeners': (dgram, say) => {
    const socket = dgram.createSocket('udp4');
    let times = 0;
    process.on('uncaughtException', ({ message }) => say(`caught ${message}`));
    socket.on('message', (message) => {
      if (++times === 5) socket.close();
      throw new Error(`${message}`);
    });
    socket.on('close', () => {
      say('close');
      throw new Error('of close');
    });
    socket.bind(0, '127.0.0.1', () => {
      for (let i = 0; i < 5; i++)
        socket.send(`${i}`, socket.address().port, '127.0.0.1');
    });
  },

  'handled exceptions in callbacks': (dgram, say) => {
    const socket = dgram.createSocket('udp4');
    process.on('uncaughtException', ({ message }) => say(`caught ${message}`));
    socket.bind(0, '127.0.0.1', () => {
      for (let i = 0; i < 5; i++) {
        socket.send(`${i}`, 9, '127.0.0.1', () => {
          if (i === 4) socket.close(() => say('close'));
          throw new Error(`callback ${i}`);
        });
      }
    });
  },

  'a rejected promise in a listener': (dgram, say) => {
    process.on('exit', (code) => say(`exit ${code}`));
    const socket = dgram.createSocket('udp4');
    socket.on('message', async (message) => {
      say(`${message}`);
      await null;
      throw new Error('of the listener');
    });
    socket.bind(0, '127.0.0.1', () => {
      for (let i = 0; i < 3; i++)
        socket.send(`${i}`, socket.address().port, '127.0.0.1');
    });
  },

  'an \'error\' event without a listener': (dgram, say) => {
    process.on('exit', (code) => say(`exit ${code}`));
    dgram.createSocket('udp4').bind(0, '192.0.2.1');
  },

  'a signal during traffic': (dgram, say) => {
    const socket = dgram.createSocket('udp4');
    let times = 0;
    socket.on('message', (message) => {
      const { port } = socket.address();
      socket.send(message, port, '127.0.0.1');
      if (++times !== 100) return;
      say('killed');
      process.kill(process.pid, 'SIGTERM');
      for (;;);
    });
    socket.bind(0, '127.0.0.1', () => {
      for (let i = 0; i < 5; i++)
        socket.send('x', socket.address().port, '127.0.0.1');
    });
  },

  'a worker that ends with queued sends': (dgram, say) => {
    const { Worker, isMainThread } = require('node:worker_threads');
    if (isMainThread) {
      let left = 5;
      const argv = process.argv.slice(2);
      const start = () => {
        new Worker(__filename, { argv }).on('exit', (code) => {
          if (code !== 6) say(`worker ${code}`);
          if (--left > 0) start();
          else say('workers ended');
        });
      };
      start();
      return;
    }
    const socket = dgram.createSocket('udp4');
    socket.connect(9, '127.0.0.1', () => {
      for (let i = 0; i < 200; i++) socket.send(`${i}`, () => say('sent'));
      process.exit(6);
    });
  },
};

/** @returns {Promise<object>} what the parent process observes */
async function end(module, name, { transport, flags = [] }) {
  const file = temporary('end.js', `'use strict';
const dgram = require(process.argv[2]);
const say = (text) =>
  require('node:fs').writeSync(1, JSON.stringify(text) + '\\n');
if (process.argv[3] !== String(dgram.transport)) say('wrong transport');
(${ENDS[name]})(dgram, say);
`);
  const { code, signal, reports, stderr } = await run(
    [file, module, module === 'node:dgram' ? 'undefined' : transport],
    { execArgv: flags, env: { DGRAM_NATIVE_TRANSPORT: transport } });
  // Only the first line of a stack is the same.
  const errors = stderr.split('\n').filter((line) => /^\w*Error\b/.test(line));
  return { code, signal, reports, errors };
}

describe('the end of a process', () => {
  for (const [how, flags] of Object.entries({
    'by default': [], 'with queued sends': ['--test-udp-no-try-send'],
  })) {
    for (const name of Object.keys(ENDS)) {
      it(`is as with node:dgram: ${name}, ${how}`, async function() {
        this.timeout(120000); // longer than the default of ../support/dgram
        const builtin =
          await end('node:dgram', name, { transport: 'linux', flags });
        for (const transport of ['linux', 'uv']) {
          const ours = await end(modulePath, name, { transport, flags });
          assert.deepStrictEqual(ours, builtin, transport);
        }
      });
    }
  }
});
