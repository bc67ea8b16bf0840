'use strict';

// dgram.features, and the additions on the fallback, which has one of them.

const assert = require('node:assert');
const { pathToFileURL } = require('node:url');
const {
  describeNative, dgram, inWorker, isLinux, isWindows, once, packed, run,
} = require('../../support/dgram');

const OPTIONS = [
  'device', 'freebind', 'mark', 'multicastAll', 'priority', 'steering',
  'transparent',
];
const METHODS =
  ['dontFragment', 'kernelDrops', 'membershipInterface', 'pacingRate',
   'pathMTU', 'typeOfService'];

const { transport } = dgram;

const expected = (addon, linux) => ({
  ...Object.fromEntries([...OPTIONS, ...METHODS].map((name) => [name, linux])),
  detach: addon && !isWindows,
  closeWhenCollected: addon,
  dualStack: addon,
  icmpErrors: addon && transport === 'linux',
  lookupCache: true,
  receiveInfo: addon && transport === 'linux',
  reuseBatch: addon,
  sendSettings: addon && transport === 'linux',
  pause: true,
  sendHighWaterMark: addon,
  sharedBuffers: addon,
  stats: addon,
  unixDgram: addon && transport === 'linux',
  txtime: addon && transport === 'linux',
});

describeNative('dgram.features', () => {
  it('lists what this process has', () => {
    assert.deepStrictEqual({ ...dgram.features }, expected(true, isLinux));
  });

  it('is frozen', () => {
    assert.ok(Object.isFrozen(dgram.features));
  });

  it('is a named export, as is stats()', async () => {
    const mjs = packed.main.replace(/\.js$/, '.mjs');
    const { reports, stderr } = await run(['--input-type=module', '-e', `
      import dgram, { features, stats } from
        ${JSON.stringify(`${pathToFileURL(mjs)}`)};
      console.log(features === dgram.features, stats === dgram.stats,
                  stats.name, typeof stats().sent);`]);
    assert.deepStrictEqual({ reports, stderr },
      { reports: ['true true stats number'], stderr: '' });
  });

  it('is the same in a worker', async () => {
    const worker = inWorker((inner, parentPort) => {
      parentPort.postMessage(inner.features);
    });
    const [features] = await once(worker, 'message');
    assert.deepStrictEqual(features, expected(true, isLinux));
  });
});

/** On the fallback, the outcome of each of these. */
const program = `
  const dgram = require(${JSON.stringify(packed.main)});
  const outcome = (act) => {
    try {
      act();
      return 'returned';
    } catch ({ code, message }) {
      return [code, message];
    }
  };
  const report = (value) => console.log(JSON.stringify(value));
  report([dgram.transport, dgram.features]);
  for (const [name, value, wrong] of [
    ['device', 'lo', 5], ['multicastAll', true, 1], ['freebind', false, 0],
    ['transparent', true, 'x'], ['priority', 0, -1], ['mark', 1, '1'],
    ['icmpErrors', true, 1], ['txtime', 'tai', 11],
    ['receiveInfo', ['ttl'], 'ttl'], ['closeWhenCollected', true, 1],
    ['reuseBatch', true, 1],
    ['sendHighWaterMark', 5, '5'],
  ]) {
    report([name,
      outcome(() => dgram.createSocket({ type: 'udp4', [name]: value })),
      outcome(() => dgram.createSocket({ type: 'udp4', [name]: wrong }))[0],
      outcome(() => dgram.createSocket({ type: 'udp4', [name]: undefined })),
    ]);
  }
  const socket = dgram.createSocket('udp4');
  for (const [name, ...args] of [
    ['setTypeOfService', 1], ['getTypeOfService'], ['setDontFragment', true],
    ['getPathMTU'], ['setPacingRate', 1], ['stats'], ['detach'],
    ['addMembership', '239.1.1.1', '*'],
    ['dropMembership', '239.1.1.1', { interface: 'lo' }],
    ['addSourceSpecificMembership', '127.0.0.1', '232.1.1.1',
     { interface: 1 }],
    ['dropSourceSpecificMembership', '127.0.0.1', '232.1.1.1', '*'],
  ]) {
    report([name, outcome(() => socket[name](...args)),
            Object.keys(dgram.Socket.prototype).includes(name)]);
  }
  report(outcome(() => socket.writableNeedDrain));
  report(outcome(() => dgram.Socket.prototype.writableNeedDrain));
  report(outcome(() => dgram.stats()));
  const steered =
    { type: 'udp4', reusePort: true, workers: 2, steering: 'cpu' };
  for (const options of [{ from: {} }, steered, { ...steered, workers: 0 }]) {
    report(outcome(() => dgram.createSocket(options)));
  }
  for (const [name, value, wrong] of [
    ['localAddress', '127.0.0.2', '::1'], ['interface', 'lo', true],
    ['tos', 0, 256], ['ttl', 1, 0], ['sendTime', 1n, 1],
  ]) {
    report([name,
      outcome(() => socket.send('x', { port: 9, [name]: value }))[1],
      outcome(() => socket.send('x', 0, 1, { port: 9, [name]: wrong }))[0],
      outcome(() => socket.sendMany(['x', { port: 9, [name]: value }]))[1],
      outcome(() => socket.sendMany(['x', 9, ''], { [name]: [value] }))[1],
    ]);
  }
  report(outcome(() => socket.addMembership('239.1.1.1', { interface: null })));
  socket.bind(0, () => {
    socket.addMembership('239.1.1.1', '127.0.0.1');
    report(outcome(() => socket.addMembership('239.1.1.1', {})));
    socket.dropMembership('239.1.1.1', '127.0.0.1');
    socket.close();
  });
`;

describeNative('the additions on the fallback', () => {
  it('throw that they need the addon', async () => {
    const { code, reports, stderr } = await run(['-e', program],
      { env: { DGRAM_NATIVE_TRANSPORT: 'node' } });
    assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: '' });
    const unavailable = (what) => ['ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
      `${what} requires the compiled addon, and dgram.transport is 'node'. ` +
      'Omit it if dgram.transport is \'node\', or make the addon load; see ' +
      'docs/installing.md of dgram-native.'];
    const wrong = (name) =>
      name === 'priority' ? 'ERR_OUT_OF_RANGE' : 'ERR_INVALID_ARG_TYPE';
    const option = (name) => [name, unavailable(`The option ${name}`),
      wrong(name), 'returned'];
    const method = (name) => [name, unavailable(`socket.${name}()`), false];
    const membership = (name) =>
      [name, unavailable(`The interface of ${name}()`), false];
    assert.deepStrictEqual(reports.slice(0, -2), [
      ['node', expected(false, false)],
      ...['device', 'multicastAll', 'freebind', 'transparent', 'priority',
        'mark', 'icmpErrors', 'txtime', 'receiveInfo', 'closeWhenCollected',
        'reuseBatch', 'sendHighWaterMark'].map(option),
      ...['setTypeOfService', 'getTypeOfService', 'setDontFragment',
          'getPathMTU', 'setPacingRate', 'stats', 'detach'].map(method),
      ...['addMembership', 'dropMembership', 'addSourceSpecificMembership',
          'dropSourceSpecificMembership'].map(membership),
      unavailable('socket.writableNeedDrain'), 'returned',
      unavailable('dgram.stats()'),
      unavailable('The option from'),
      unavailable('The option steering'),
      ['ERR_OUT_OF_RANGE', 'The value of "options.workers" is out of range. ' +
        'It must be >= 1 && <= 65535. Received 0'],
      ...[['localAddress', 'ERR_INVALID_ARG_VALUE'],
          ['interface', 'ERR_INVALID_ARG_TYPE'], ['tos', 'ERR_OUT_OF_RANGE'],
          ['ttl', 'ERR_OUT_OF_RANGE'],
          ['sendTime', 'ERR_INVALID_ARG_TYPE']].map(([name, code]) => [
        name, unavailable('Settings of a send')[1], code,
        unavailable('Settings of sends')[1],
        unavailable('Settings of sends')[1]]),
    ]);
    const [[invalid], [einval, text]] = reports.slice(-2);
    assert.strictEqual(invalid, 'ERR_INVALID_ARG_TYPE');
    assert.deepStrictEqual([einval, text], ['EINVAL', 'addMembership EINVAL']);
  });
});

describeNative('createSocket(\'unix_dgram\') on the fallback', () => {
  it('throws that it needs the addon', async () => {
    const { code, reports, stderr } = await run(['-e', `
      const dgram = require(${JSON.stringify(packed.main)});
      for (const type of ['unix_dgram', { type: 'unix_dgram' }]) {
        try {
          dgram.createSocket(type);
        } catch ({ code, message }) {
          console.log(JSON.stringify([code, message]));
        }
      }`], { env: { DGRAM_NATIVE_TRANSPORT: 'node' } });
    assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: '' });
    const error = ['ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
      'The socket type unix_dgram requires the compiled addon, and ' +
      'dgram.transport is \'node\'. Omit it if dgram.transport is \'node\', ' +
      'or make the addon load; see docs/installing.md of dgram-native.'];
    assert.deepStrictEqual(reports, [error, error]);
  });
});
