'use strict';

// close() at each stage of a socket's life. The program observes the same
// events in the same order as with node:dgram.

const assert = require('node:assert');
const nodeDgram = require('node:dgram');
const { setTimeout: sleep } = require('node:timers/promises');

const { packed, run, temporary } = require('../support/dgram');

/**
 * Programs. They receive `socket`, `close` (closes it, once) and `log`. Their
 * source also runs in a process whose sends are always queued.
 */
const MOMENTS = {
  'unbound': (socket, close) => close(),

  'twice': (socket, close, log) => {
    close();
    try {
      socket.close();
    } catch ({ code }) {
      log(code);
    }
  },

  'while binding': (socket, close) => {
    socket.bind(0, '127.0.0.1');
    close();
  },

  'in the tick after bind()': (socket, close) => {
    socket.bind(0, '127.0.0.1');
    process.nextTick(close);
  },

  'in \'listening\'': (socket, close) => {
    socket.on('listening', close);
    socket.bind(0, '127.0.0.1');
  },

  'in \'listening\', with pending sends': (socket, close, log) => {
    socket.on('listening', close);
    socket.send('a', 9, '127.0.0.1', (error) => log(`sent ${error?.code}`));
    socket.send('b', 9, '127.0.0.1', (error) => log(`sent ${error?.code}`));
  },

  'in \'message\'': (socket, close) => {
    socket.on('message', close);
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      for (let i = 0; i < 40; i++) socket.send(`${i}`, port, '127.0.0.1');
    });
  },

  'in \'message\', with sends of the same tick': (socket, close, log) => {
    socket.on('message', () => {
      socket.send('late', socket.address().port, '127.0.0.1',
        (error) => log(`late ${error?.code}`));
      close();
    });
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      for (let i = 0; i < 5; i++) socket.send(`${i}`, port, '127.0.0.1');
    });
  },

  'after send(), unconnected': (socket, close, log) => {
    socket.bind(0, '127.0.0.1', () => {
      for (let i = 0; i < 3; i++) {
        socket.send(`${i}`, 9, '127.0.0.1',
          (error) => log(`sent ${error?.code}`));
      }
      close();
    });
  },

  'after send(), connected': (socket, close, log) => {
    socket.connect(9, '127.0.0.1', () => {
      // Only one: a second send may report the ICMP error of the first.
      socket.send('once', (error) => log(`sent ${error?.code}`));
      close();
    });
  },

  'in a send callback': (socket, close, log) => {
    socket.bind(0, '127.0.0.1', () => {
      for (let i = 0; i < 3; i++) {
        socket.send(`${i}`, 9, '127.0.0.1', (error) => {
          log(`sent ${error?.code}`);
          close();
        });
      }
    });
  },

  'while connecting': (socket, close) => {
    socket.connect(9, '127.0.0.1');
    close();
  },

  'in \'connect\'': (socket, close) => {
    socket.on('connect', close);
    socket.connect(9, '127.0.0.1');
  },

  'in connect()\'s callback, with sends': (socket, close, log) => {
    socket.connect(9, '127.0.0.1', () => {
      close();
      try {
        socket.send('too late');
      } catch ({ code, name }) {
        log(code ?? name);
      }
    });
  },

  'in a lookup': (socket, close, log) => {
    socket.bind(0, '127.0.0.1', () => {
      socket.send('x', 9, 'localhost', (error) => log(`sent ${error?.code}`));
      process.nextTick(close); // it takes an event loop iteration at least
    });
  },

  'in a custom lookup of bind()': (socket, close) => {
    socket.custom((name, family, callback) => {
      close();
      callback(null, '127.0.0.1', 4);
    }).bind(0, 'somewhere');
  },

  'in a custom lookup of send()': (socket, close, log) => {
    let times = 0;
    const own = socket.custom((name, family, callback) => {
      if (++times > 1) own.close();
      callback(null, '127.0.0.1', 4);
    });
    own.bind(0, '127.0.0.1', () => own.send('x', 9, 'somewhere',
      (error) => log(`sent ${error?.code}`)));
    close();
  },

  'in \'error\' of a bind that failed': (socket, close) => {
    socket.removeAllListeners('error');
    socket.on('error', close);
    socket.bind(0, '192.0.2.1');
  },

  'in \'close\'': (socket, close, log) => {
    socket.on('close', () => {
      try {
        socket.close();
      } catch ({ code }) {
        log(code);
      }
    });
    close();
  },

  'through an AbortSignal': (socket, close, log) => {
    const controller = new AbortController();
    const own = socket.custom(undefined, { signal: controller.signal });
    own.bind(0, '127.0.0.1', () => {
      controller.abort();
      log('aborted');
    });
    close();
  },
};

/** Runs a program; resolves with its log. Uses no closure. */
async function observe(dgram, program, wait) {
  const seen = [];
  const log = (text) => seen.push(text);
  const sockets = [];

  function watch(name, options) {
    const socket = dgram.createSocket({ type: 'udp4', ...options });
    for (const event of ['listening', 'connect', 'close'])
      socket.on(event, () => log(`${name} ${event}`));
    socket.on('message', (message) => log(`${name} message ${message}`));
    socket.on('error', ({ message }) => log(`${name} error ${message}`));
    sockets.push(socket);
    return socket;
  }

  const socket = watch('socket');
  socket.custom = (lookup, options) => watch('own', { lookup, ...options });
  let closed = false;
  program(socket, () => {
    if (closed) return;
    closed = true;
    log('close()');
    socket.close();
    log('closed');
    process.nextTick(() => log('tick'));
  }, log);
  // All expected events have occurred; further ones would be wrong.
  const end = Date.now() + 10000;
  while (!seen.includes('socket close') && Date.now() < end) await wait(5);
  await wait(50);
  const result = [...seen];
  for (const one of sockets) {
    try {
      one.close();
    } catch {
      // Already closed.
    }
  }
  return result;
}

/** Runs a program in a process where libuv queues every send. */
async function queued(module, transport) {
  const file = temporary('close.js', `'use strict';
const dgram = require(${JSON.stringify(module)});
const wait = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
const observe = ${observe};
const MOMENTS = {${Object.entries(MOMENTS).map(([name, program]) =>
  `${JSON.stringify(name)}: ${program}`).join(',\n')}};
(async () => {
  const seen = {};
  for (const [name, program] of Object.entries(MOMENTS))
    seen[name] = await observe(dgram, program, wait);
  console.log(JSON.stringify([dgram.transport, seen]));
})();
`);
  const { code, reports: [report], stderr } = await run([file], {
    execArgv: ['--test-udp-no-try-send'],
    env: { DGRAM_NATIVE_TRANSPORT: transport },
  });
  assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: '' });
  return report;
}

/**
 * Removes whether close() cancelled a queued datagram or it had been sent:
 * libuv tries once immediately even with queueing enforced.
 */
function withoutOutcomes(seen) {
  return Object.fromEntries(Object.entries(seen).map(([name, texts]) =>
    [name, texts.map((text) => text.replace(/^sent .*/, 'sent'))]));
}

describe('close()', () => {
  const native = require(packed.main);

  for (const [name, program] of Object.entries(MOMENTS)) {
    it(`is as in node:dgram: ${name}`, async () => {
      const expected = await observe(nodeDgram, program, sleep);
      assert.ok(expected.some((text) => text.endsWith('close')), `${expected}`);
      assert.deepStrictEqual(await observe(native, program, sleep), expected);
    });
  }

  for (const transport of ['linux', 'uv']) {
    it(`is as in node:dgram: with queued sends, ${transport}`, async function() {
      this.timeout(120000); // longer than the default of ../support/dgram
      const [builtin, expected] = await queued('node:dgram', transport);
      assert.strictEqual(builtin, null);
      const [own, seen] = await queued(packed.main, transport);
      assert.strictEqual(own, transport);
      assert.deepStrictEqual(withoutOutcomes(seen), withoutOutcomes(expected));
    });
  }
});
