'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');

const { until } = require('./support/limited');
const { useStage } = require('./support/stage');

/** Few enough for any receive buffer, even if a reader is slow. */
const COUNT = 100;

/** Configuration of rsyslogd(8): write messages to a file and forward them. */
const configuration = ({ directory, port, file, forward }) => `
global(workDirectory="${directory}")
module(load="imudp")
template(name="line" type="string"
  string="%syslogfacility-text%.%syslogseverity-text% %app-name% %msg%\\n")
template(name="bare" type="string" string="%msg%")
ruleset(name="e2e") {
  action(type="omfile" file="${file}" template="line")
  action(type="omfwd" target="127.0.0.1" port="${forward}" protocol="udp"
    template="bare")
}
input(type="imudp" address="127.0.0.1" port="${port}" ruleset="e2e")
`;

describe('syslog-client, unmodified, through register', () => {
  const stage = useStage({ rsyslogd: 'rsyslog' });

  it('logs to rsyslogd, which forwards the messages', async () => {
    const sink = await stage.program('syslog');
    const forward = await sink.call('gather');
    const { directory } = stage;
    const file = path.join(directory, 'log');
    const server = await stage.server('rsyslogd', (port) => [
      '-n', '-i', path.join(directory, 'pid'),
      '-f', stage.file('rsyslog.conf',
        configuration({ directory, port, file, forward })),
    ]);
    const client = await stage.program('syslog');
    await client.call('log', server.port, 'message', COUNT);

    const numbers = Array.from({ length: COUNT }, (_, i) => i + 1);
    const written = () => fs.existsSync(file) ?
      fs.readFileSync(file, 'utf8').trim().split('\n') : [];
    await until(() => `the log: ${written().length}, ${server.errors}`,
      () => written().length >= COUNT);
    assert.deepStrictEqual(written(),
      numbers.map((n) => `local3.notice e2e message ${n}`));

    await until('forwarded messages',
      async () => (await sink.call('gathered')).length >= COUNT);
    assert.deepStrictEqual(
      (await sink.call('gathered')).map((line) => line.trim()),
      numbers.map((n) => `message ${n}`));

    assert.strictEqual((await client.end()).sent, COUNT);
    assert.strictEqual((await sink.end()).received, COUNT);
  });
});
