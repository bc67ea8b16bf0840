'use strict';

// The DGRAM_NATIVE_* variables, which lib/load/settings.js reads once.

const assert = require('node:assert');
const { execFileSync } = require('node:child_process');

const SETTINGS = require.resolve('../../lib/load/settings');

const USUAL = {
  fallback: true,
  sharedBuffers: false,
  addon: { gso: true, gro: true, busyPoll: true, keepHeap: false },
};

/** The settings with only these DGRAM_NATIVE_* variables set. */
function settingsIn(variables) {
  const env = Object.fromEntries(Object.entries(process.env)
    .filter(([name]) => !name.startsWith('DGRAM_NATIVE_')));
  for (const [name, value] of Object.entries(variables))
    env[`DGRAM_NATIVE_${name}`] = value;
  return JSON.parse(execFileSync(process.execPath, ['-p',
    `JSON.stringify(require(${JSON.stringify(SETTINGS)}))`], { env }));
}

const withAddon = (values) =>
  ({ ...USUAL, addon: { ...USUAL.addon, ...values } });

const CASES = [
  [{}, USUAL],
  [{ TRANSPORT: 'uv' }, withAddon({ transport: 'uv' })],
  [{ TRANSPORT: 'linux' }, withAddon({ transport: 'linux' })],
  [{ TRANSPORT: 'other' }, USUAL],
  [{ GSO: '0' }, withAddon({ gso: false })],
  [{ GRO: '0', BUSY_POLL: '0' }, withAddon({ gro: false, busyPoll: false })],
  [{ GSO: '', GRO: '1', BUSY_POLL: 'no' }, USUAL],
  [{ FALLBACK: '0', SHARED_BUFFERS: '1' },
   { ...USUAL, fallback: false, sharedBuffers: true }],
  [{ FALLBACK: '1', SHARED_BUFFERS: '0' }, USUAL],
  [{ BINDING: '/some/file.node' }, { ...USUAL, binding: '/some/file.node' }],
  [{ BINDING: '' }, USUAL],
  [{ KEEP_HEAP: '1' }, withAddon({ keepHeap: true })],
];

describe('settings', () => {
  for (const [variables, expected] of CASES) {
    it(`with ${JSON.stringify(variables)}`, () => {
      assert.deepStrictEqual(settingsIn(variables), expected);
    });
  }

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
