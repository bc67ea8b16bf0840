'use strict';

// Unix datagram sockets under injected faults: rules U1 to U3 of
// src/transport/linux/unix.h, and S1, S3 and S4 of linux.h.

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const { compileLibrary } = require('../support/compile');
const { inChild } = require('../support/dgram');
const { install } = require('./kit');

const COUNT = 100;
const ALL = Array.from({ length: COUNT }, (unused, i) => i);

/**
 * Sends numbered datagrams to a socket of the same process, in bursts of five,
 * and reports what has become of them.
 */
function program(dgram, report, at, connected, count) {
  const outcome = {
    received: [], failed: [], errors: [], events: [], done: 0,
  };
  const receiver = dgram.createSocket('unix_dgram');
  receiver.on('error', ({ message }) => outcome.errors.push(message));
  receiver.on('message', (msg) => outcome.received.push(Number(String(msg))));
  receiver.bindSync(at);
  const sender = dgram.createSocket('unix_dgram');
  sender.on('error', ({ message }) => outcome.errors.push(message));
  for (const event of ['congestion', 'writable', 'drain'])
    sender.on(event, () => outcome.events.push(event));
  if (connected) sender.connectSync(at);
  let next = 0;
  const burst = () => {
    for (let i = 0; i < 5; i++) {
      const number = next++;
      const callback = (error) => {
        if (error) outcome.failed.push([number, error.code]);
        outcome.done++;
      };
      if (connected) sender.send(`${number}`, callback);
      else sender.send(`${number}`, at, callback);
    }
  };
  const timer = setInterval(() => {
    // Otherwise the kernel's queue could be full by itself.
    const known = outcome.received.length + outcome.failed.length;
    if (outcome.done < next || known < next) return;
    if (next < count) {
      burst();
    } else {
      clearInterval(timer);
      sender.close();
      receiver.close();
      report(outcome);
    }
  }, 2);
}

const EVENTS = ['congestion', 'writable', 'drain'];

/** `fails`: by the kind of socket, the datagrams that fail. */
const SCENARIOS = [
  { script: '' },
  { script: 'send:1=EINTR' },
  { script: 'send:*=short:1' },
  { script: 'send:3=EAGAIN', events: EVENTS },
  { script: 'send:3=ENOBUFS', events: EVENTS },
  { script: 'send:4=short:0', events: EVENTS },
  { script: 'send:3-6=EAGAIN', events: EVENTS },
  { script: 'send:3=ECONNRESET' },
  { script: 'send:3-10=ECONNRESET' },
  { script: 'send:3-11=ECONNRESET', fails: [[5, 'ECONNRESET']] },
  { script: 'send:3=EPERM', fails: [[5, 'EPERM']] },
  { script: 'send:3=EMSGSIZE', fails: [[5, 'EMSGSIZE']] },
  {
    script: 'send:3=ECONNREFUSED',
    fails: { unconnected: [[5, 'ECONNREFUSED']], connected: [] },
  },
  {
    script: 'send:3=ECONNRESET;send:4=ECONNREFUSED',
    fails: { unconnected: [[5, 'ECONNREFUSED']], connected: [] },
  },
  {
    script: 'send:3=ECONNREFUSED;send:4=ECONNRESET', connectedOnly: true,
  },
  {
    script: 'send:3=ENOTCONN',
    fails: { unconnected: [[5, 'ENOTCONN']], connected: [] },
  },
  {
    script: 'send:3=ECONNREFUSED;connect:2=EACCES', connectedOnly: true,
    fails: [[5, 'EACCES']],
  },
  { script: 'recv:1=EAGAIN' },
  { script: 'recv:2=EINTR' },
  { script: 'recv:*=short:1' },
  { script: 'recv:2-3=ECONNRESET' },
  { script: 'recv:2-40=ECONNRESET' },
  { script: 'recv:2=ENOMEM', errors: ['recvmsg ENOMEM'] },
];

describe('Unix sockets under faults', () => {
  install();
  let directory;

  beforeEach(() => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), 'dgram-unix-'));
  });

  afterEach(() => {
    fs.rmSync(directory, { recursive: true, force: true });
  });

  /** Runs the program; resolves to what it reports. */
  async function run(connected, libraries, env) {
    const { reports, stderr, code } = await inChild(program, {
      args: [path.join(directory, 'socket'), connected, COUNT],
      env: {
        LD_PRELOAD: libraries.map((name) =>
          compileLibrary(path.join(__dirname, `${name}.c`))).join(':'),
        DGRAM_NATIVE_TRANSPORT: 'linux',
        ...env,
      },
    });
    assert.deepStrictEqual({ stderr, code }, { stderr: '', code: 0 });
    return reports[0];
  }

  for (const scenario of SCENARIOS) {
    const { script, errors = [], events = [], connectedOnly } = scenario;
    for (const kind of ['unconnected', 'connected']) {
      if (connectedOnly && kind !== 'connected') continue;
      it(`${script || 'none'}, ${kind}`, async () => {
        const log = path.join(directory, 'log');
        const outcome = await run(kind === 'connected', ['faults'],
          { DGRAM_FAULTS: script, DGRAM_FAULTS_LOG: log });
        const { fails = [] } = scenario;
        const expected = Array.isArray(fails) ? fails : fails[kind];
        const failed = new Set(expected.map(([number]) => number));
        assert.deepStrictEqual(outcome, {
          received: ALL.filter((number) => !failed.has(number)),
          failed: expected, errors, events, done: COUNT,
        });
        const injected = fs.readFileSync(log, 'utf8').split('\n')
          .filter((line) => line.includes('"injected":true')).length;
        assert.strictEqual(injected > 0, script !== '');
      });
    }
  }

  for (const connected of [false, true]) {
    it(`a sandbox without sendmmsg and recvmmsg, ${
      connected ? 'connected' : 'unconnected'}`, async () => {
      assert.deepStrictEqual(
        await run(connected, ['sandbox'], {
          DGRAM_SANDBOX: 'ENOSYS', DGRAM_SANDBOX_DENY: 'sendmmsg,recvmmsg',
        }),
        { received: ALL, failed: [], errors: [], events: [], done: COUNT });
    });
  }
});
