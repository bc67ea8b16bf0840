'use strict';

const assert = require('node:assert');

const { until } = require('./support/limited');
const { useStage } = require('./support/stage');

/** Few enough for any receive buffer, even if the server is slow. */
const COUNT = 40;

/** collectd(1) as a StatsD server; prints its values five times a second. */
const configuration = (directory, port) => `
Hostname "e2e"
FQDNLookup false
BaseDir "${directory}"
PIDFile "${directory}/pid"
TypesDB "/usr/share/collectd/types.db"
Interval 0.2
LoadPlugin csv
<Plugin csv>
  DataDir "stdout"
  StoreRates false
</Plugin>
LoadPlugin statsd
<Plugin statsd>
  Host "127.0.0.1"
  Port "${port}"
  TimerCount true
</Plugin>
`;

/**
 * Parses the output of collectd: "PUTVAL e2e/statsd/TYPE-NAME interval=N
 * TIME:VALUE"
 */
function valuesOf(output, type, name) {
  const line = new RegExp(
    `^PUTVAL e2e/statsd/${type}-${name} interval=\\S+ \\S+?:(\\S+)$`, 'gm');
  return [...output.matchAll(line)].map(([, value]) => Number(value));
}

describe('hot-shots, unmodified, through register', () => {
  const stage = useStage({ collectd: 'collectd-core' });

  async function reportTo(options) {
    const server = await stage.server('collectd', (port) => [
      '-f', '-C', stage.file('collectd.conf',
        configuration(stage.directory, port)),
    ]);
    const client = await stage.program('statsd-client');
    await client.call('report', server.port, COUNT, options);

    const seen = (what, look) =>
      until(() => `${what}: ${server.output.slice(-2000)}`,
        () => look(...what.split(' ')));
    const last = (wanted) => (type, name) =>
      valuesOf(server.output, type, name).includes(wanted);
    // Values that restart with each interval are added up.
    const sum = (wanted) => (type, name) =>
      valuesOf(server.output, type, name).reduce((a, b) => a + b, 0) === wanted;
    await seen('derive e2e.requests', last(3 * COUNT));
    await seen('gauge e2e.level', last(COUNT));
    await seen('objects e2e.users', sum(COUNT));
    await seen('gauge e2e.latency-count', sum(COUNT));
    return client.end();
  }

  it('reports each metric to collectd', async () => {
    assert.strictEqual((await reportTo({})).sent, 4 * COUNT);
  });

  it('reports many metrics in one datagram', async () => {
    const { sent } = await reportTo({ maxBufferSize: 1400 });
    assert.ok(sent >= 1 && sent < COUNT, `${sent} sent`);
  });
});
