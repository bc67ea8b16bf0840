'use strict';

// The DGRAM_NATIVE_* variables as lib/load/settings.js reads them, once. What
// they do is tested on the packed files, in test/api/node/settings.test.js.

const assert = require('node:assert');
const { execFileSync } = require('node:child_process');

const SETTINGS = require.resolve('../../lib/load/settings');

const USUAL = {
  forcesNode: false,
  fallback: true,
  deferAnswers: true,
  sharedBuffers: false,
  addon: { gso: true, gro: true, busyPoll: true, keepHeap: false },
  queueAlways: false,
  rejected: [],
};

/** The settings with only these variables, and with these flags of Node. */
function settingsIn(variables, flags = []) {
  const env = Object.fromEntries(Object.entries(process.env)
    .filter(([name]) => !name.startsWith('DGRAM_NATIVE_')));
  for (const [name, value] of Object.entries(variables))
    env[`DGRAM_NATIVE_${name}`] = value;
  return JSON.parse(execFileSync(process.execPath, [...flags, '-p',
    `JSON.stringify(require(${JSON.stringify(SETTINGS)}))`], { env }));
}

const withAddon = (values) =>
  ({ ...USUAL, addon: { ...USUAL.addon, ...values } });

/** Settings of which these have no effect but a warning: [name, value]. */
const rejecting = (...pairs) => ({
  ...USUAL,
  rejected: pairs.map(([name, value, expected]) => ({
    name: `DGRAM_NATIVE_${name}`, value, ...expected && { expected },
  })),
});

const BOOLEAN = '1, true, on, yes, 0, false, off or no';
const TRANSPORT = '\'linux\', \'uv\' or \'node\'';

const CASES = [
  [{}, USUAL],
  [{ TRANSPORT: 'uv' }, withAddon({ transport: 'uv' })],
  [{ TRANSPORT: 'linux' }, withAddon({ transport: 'linux' })],
  [{ TRANSPORT: 'LINUX' }, withAddon({ transport: 'linux' })],
  [{ TRANSPORT: ' Uv ' }, withAddon({ transport: 'uv' })],
  [{ TRANSPORT: 'Node' }, { ...USUAL, forcesNode: true }],
  [{ TRANSPORT: '' }, USUAL],
  [{ TRANSPORT: 'Linux2' }, rejecting(['TRANSPORT', 'Linux2', TRANSPORT])],
  [{ GSO: '0' }, withAddon({ gso: false })],
  [{ GRO: '0', BUSY_POLL: '0' }, withAddon({ gro: false, busyPoll: false })],
  [{ GSO: '', GRO: '1', BUSY_POLL: 'on' }, USUAL],
  [{ GSO: 'false', GRO: 'Off', BUSY_POLL: 'NO' },
   withAddon({ gso: false, gro: false, busyPoll: false })],
  [{ KEEP_HEAP: 'TRUE' }, withAddon({ keepHeap: true })],
  [{ SHARED_BUFFERS: 'Yes', FALLBACK: 'off' },
   { ...USUAL, fallback: false, sharedBuffers: true }],
  [{ GSO: 'maybe', KEEP_HEAP: '2' },
   rejecting(['GSO', 'maybe', BOOLEAN], ['KEEP_HEAP', '2', BOOLEAN])],
  [{ GS0: '0', PREBUILD: '/some/folder', NODES: '/other' },
   rejecting(['GS0', '0'])],
  [{ FALLBACK: '0', SHARED_BUFFERS: '1' },
   { ...USUAL, fallback: false, sharedBuffers: true }],
  [{ FALLBACK: '1', SHARED_BUFFERS: '0' }, USUAL],
  [{ DEFER_ANSWERS: 'no' }, { ...USUAL, deferAnswers: false }],
  [{ BINDING: '/some/file.node' }, { ...USUAL, binding: '/some/file.node' }],
  [{ BINDING: '' }, USUAL],
  [{ KEEP_HEAP: '1' }, withAddon({ keepHeap: true })],
];

describe('settings', () => {
  for (const [variables, expected] of CASES) {
    it(`of ${JSON.stringify(variables)}`, () => {
      assert.deepStrictEqual(settingsIn(variables), expected);
    });
  }

  it('have every send queued with --test-udp-no-try-send', () => {
    assert.deepStrictEqual(settingsIn({}, ['--test-udp-no-try-send']),
                           { ...USUAL, queueAlways: true });
  });

  it('are read once', () => {
    const settings = require(SETTINGS);
    const { DGRAM_NATIVE_GSO: before } = process.env;
    process.env.DGRAM_NATIVE_GSO = before === '0' ? '1' : '0';
    try {
      assert.strictEqual(require(SETTINGS).addon.gso, settings.addon.gso);
      assert.strictEqual(settings.addon.gso, before !== '0');
    } finally {
      if (before === undefined) delete process.env.DGRAM_NATIVE_GSO;
      else process.env.DGRAM_NATIVE_GSO = before;
    }
  });
});
