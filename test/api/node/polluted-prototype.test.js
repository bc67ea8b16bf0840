'use strict';

// Properties on Object.prototype: both implementations make the same calls in
// child processes and must have the same results.

const assert = require('node:assert');
const { describeNative, modulePath, run, temporary } =
  require('../../support/dgram');

/** Runs in the child: reports the result of each call. */
function makeCalls(dgram, report) {
  const describe = (error) => [error.name, error.message, error.code,
    error.errno, error.syscall,
    Object.keys(error).sort()].join(' ').replace(/\d{4,}/g, 'N');
  const attempt = (name, body) => {
    try {
      body();
      report(`${name}: done`);
    } catch (error) {
      report(`${name}: ${describe(error)}`);
    }
  };
  const make = (name) => dgram.createSocket('udp4')
    .on('error', (error) => report(`${name} error: ${describe(error)}`));
  attempt('type', () => dgram.createSocket('x'));
  attempt('options', () => make('options'));
  attempt('address', () => make().address());
  attempt('ttl', () => make().setTTL(5));
  attempt('ttl type', () => make().setTTL('x'));
  attempt('group', () => make().addMembership('x'));
  attempt('size', () => make().getRecvBufferSize());
  attempt('port', () => make().connect(0));
  attempt('list', () => make().send([5], 1));
  attempt('disconnect', () => make().disconnect());
  attempt('descriptor', () => make().bind({ fd: 1e6 }));
  make('bind').bind(0, '::1');
  const receiver = make('receiver');
  receiver.bind(0, '127.0.0.1', () => {
    const { port } = receiver.address();
    const sender = make('sender');
    receiver.on('message', (msg, rinfo) => {
      report(`${msg} ${Object.keys(rinfo)}`);
      if (String(msg) !== 'last')
        return;
      receiver.close();
      sender.close();
    });
    sender.send('first', port, '127.0.0.1', (error, bytes) => {
      report(`callback ${error} ${bytes}`);
      sender.send(Buffer.alloc(70000), port, '127.0.0.1', (tooLong) => {
        report(describe(tooLong));
        sender.send('last', port, '127.0.0.1');
      });
    });
  });
}

async function outcomes(api, pollution) {
  const { code, reports, stderr } = await run([temporary('polluted.js', `
    const { writeSync } = require('node:fs');
    const dgram = require(${JSON.stringify(api)});
    const report = (text) => writeSync(1, text + '\\n');
    ${pollution};
    (${makeCalls})(dgram, report);`)], { execArgv: ['--no-deprecation'] });
  assert.strictEqual(stderr, '');
  assert.strictEqual(code, 0);
  return reports.sort();
}

const POLLUTIONS = Object.fromEntries([
  ...['get', 'set', 'code', 'enumerable', 'configurable', 'syscall',
    'family', 'id', 'closed', 'owner', 'triggerAsyncId', 'requireManualDestroy',
    'permission', 'resource', 'bindError', 'action', 'above']
    .map((name) => [name, `Object.prototype.${name} = 'polluted'`]),
  // Fields of the package that are defined, not assigned.
  ['a read-only owner', `Object.defineProperty(Object.prototype, 'owner', {
    __proto__: null, value: 'polluted', configurable: true })`],
  ['a read-only closed', `Object.defineProperty(Object.prototype, 'closed', {
    __proto__: null, value: true, configurable: true })`],
  ['setters', `for (const name of ['closed', 'owner']) {
    Object.defineProperty(Object.prototype, name, {
      __proto__: null, get() {}, set() { report('setter of ' + name); },
    });
  }`],
]);

describeNative('a polluted Object.prototype',
  () => {
    for (const [title, pollution] of Object.entries(POLLUTIONS)) {
      it(`makes no difference to node:dgram: ${title}`, async () => {
        const [native, builtin] = await Promise.all(
          [modulePath, 'node:dgram'].map((api) => outcomes(api, pollution)));
        assert.ok(builtin.length > 15, builtin.join('\n'));
        assert.deepStrictEqual(native, builtin);
      });
    }
  });
