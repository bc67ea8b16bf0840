'use strict';

// docs/platforms.md says what each platform has. This process reports the same.

const assert = require('node:assert');
const os = require('node:os');

const {
  documented, documentedAdditions, reported, reportedAdditions, rowOf,
} = require('../support/platform-table');

describe('docs/platforms.md', () => {
  it('has a row for every kind of system', () => {
    const systems = [
      ['linux', '3.10.0-1160.el7.x86_64'], ['linux', '5.10.46'],
      ['linux', '6.1.0-18-amd64'], ['linux', '7.0.12-arch1-1'],
      ['linux', '7.2.7'], ['darwin', '24.1.0'], ['win32', '10.0.19045'],
    ];
    assert.deepStrictEqual(systems.map((system) => rowOf(...system)).sort(),
      [...documented().keys()].sort());
  });

  it('states the transport and the features of this process', () => {
    const { transport, features } = reported();
    assert.deepStrictEqual({ transport, features },
      documented().get(rowOf(process.platform, os.release())));
  });

  it('states the additions of this process', () => {
    const { transport } = reported();
    assert.deepStrictEqual(reportedAdditions(),
      documentedAdditions(process.platform, transport));
    assert.deepStrictEqual(reportedAdditions({ DGRAM_NATIVE_TRANSPORT: 'uv' }),
      documentedAdditions(process.platform, 'uv'));
    assert.deepStrictEqual(
      reportedAdditions({ DGRAM_NATIVE_TRANSPORT: 'node' }),
      documentedAdditions('fallback'));
  });

  it('states what the settings disable', () => {
    const { transport, features } = reported({
      DGRAM_NATIVE_TRANSPORT: 'uv', DGRAM_NATIVE_GSO: '0',
    });
    const reusePort = process.platform === 'linux' ? 'reusePort' : 'none';
    assert.deepStrictEqual({ transport, features },
      { transport: 'uv', features: reusePort });
    const off = { DGRAM_NATIVE_GSO: '0', DGRAM_NATIVE_GRO: '0' };
    assert.doesNotMatch(reported(off).features, /GSO|GRO/);
    const builtin = reported({ DGRAM_NATIVE_TRANSPORT: 'node' });
    assert.deepStrictEqual([builtin.transport, builtin.features],
      ['node', 'none']);
  });
});
