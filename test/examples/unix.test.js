'use strict';

// The examples with Unix datagram sockets, with peers that are not ours.

const assert = require('node:assert');
const fs = require('node:fs');

const { until } = require('../e2e/support/limited');
const { Server, findTool, runTool } = require('../e2e/support/peer');
const packed = require('../support/package');
const { useExamples } = require('./support');

const native = require(packed.main);

/** Prints each message, its sender's PID, and the time between messages. */
const NOTIFY_READER = `
import socket, struct, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
s.bind(sys.argv[1].replace('@', '\\0', 1) if sys.argv[1][0] == '@'
       else sys.argv[1])
print('bound', flush=True)
while True:
    data, control, flags, source = s.recvmsg(4096, 1024)
    pid = struct.unpack('3i', control[0][2])[0]
    print(pid, data.decode().replace('\\n', ' '), flush=True)
`;

/** Sends COUNT datagrams, blocking while the receiver is full. */
const SENDER = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.connect(sys.argv[1])
for i in range(int(sys.argv[2])):
    s.send(b'py.requests:1|c\\npy.level:%d|g' % i)
`;

/** Configuration of rsyslogd(8): its own socket in the place of /dev/log. */
const configuration = (directory, at, file) => `
global(workDirectory="${directory}")
module(load="imuxsock" sysSock.use="off")
input(type="imuxsock" socket="${at}" ruleset="test" usePIDFromSystem="off"
  rateLimit.interval="0")
template(name="line" type="string" string="%syslogfacility-text%.\
%syslogseverity-text% %programname% %msg:2:$%\\n")
ruleset(name="test") {
  action(type="omfile" file="${file}" template="line")
}
`;

describe('examples with Unix datagram sockets', () => {
  const examples = useExamples();
  let servers = [];

  before(function() {
    if (!native.features.unixDgram) this.skip();
  });

  afterEach(async () => {
    await Promise.all(servers.map((server) => server.kill()));
    servers = [];
  });

  function serve(command, args) {
    if (findTool(command) === undefined) return undefined;
    const server = new Server(command, args);
    servers.push(server);
    return server;
  }

  /** A reader of sd_notify(3) messages, in Python. */
  async function reader(at) {
    const server = serve('python3', ['-c', NOTIFY_READER, at]);
    await until(() => `the reader: ${server.errors}`,
      () => server.output.startsWith('bound'));
    return server;
  }

  for (const kind of ['a path', 'an abstract name']) {
    it(`sd-notify.js notifies ${kind}`, async () => {
      const at = kind === 'a path' ?
        examples.path('notify') :
        `@dgram-native-notify-${process.pid}`;
      const server = await reader(at);
      const service = examples.start('sd-notify.js', [],
        { unix: true, env: { NOTIFY_SOCKET: at, WATCHDOG_USEC: '100000' } });
      await service.prints(/^ready$/m);
      await until(() => `watchdog: ${server.output}`,
        () => /WATCHDOG=1[^]*WATCHDOG=1/.test(server.output));
      await service.end();
      await until(() => `the end: ${server.output}`,
        () => server.output.includes('STOPPING=1'));
      const lines = server.output.trim().split('\n');
      const [pid] = lines[1].split(' ');
      assert.strictEqual(lines[1],
        `${pid} READY=1 MAINPID=${pid} STATUS=Waiting for work`);
      for (const line of lines.slice(2, -1))
        assert.match(line, new RegExp(`^${pid} WATCHDOG=1 STATUS=Up for \\d+ s`));
      assert.strictEqual(lines.at(-1), `${pid} STOPPING=1`);
    });
  }

  it('syslog.js logs to rsyslogd, which loses nothing', async function() {
    const at = examples.path('log');
    const file = examples.path('messages');
    fs.writeFileSync(examples.path('rsyslog.conf'),
      configuration(examples.path('.'), at, file));
    const server = serve('rsyslogd', [
      '-n', '-i', examples.path('pid'), '-f', examples.path('rsyslog.conf'),
    ]);
    if (server === undefined) this.skip();
    await until(() => `rsyslogd: ${server.errors}`, () => fs.existsSync(at));
    const count = 3000;
    const lines = Array.from({ length: count }, (unused, i) => `line ${i}`);
    const writer = examples.start('syslog.js', ['test', at],
      { unix: true, input: lines.join('\n') });
    await writer.finished();
    const written = () => fs.existsSync(file) ?
      fs.readFileSync(file, 'utf8').trim().split('\n') : [];
    await until(() => `${written().length} lines`,
      () => written().length >= count);
    assert.deepStrictEqual(written(),
      lines.map((line) => `user.info test ${line}`));
  });

  it('statsd-sink.js receives from Python, and loses nothing', async () => {
    const at = examples.path('statsd');
    const sink = examples.start('statsd-sink.js', [at, '0.1'],
      { unix: true });
    await sink.prints(/^StatsD on \/.*statsd, transport linux/m);
    const count = 5000;
    await runTool('python3', ['-c', SENDER, at, `${count}`]);
    await until(() => sink.output,
      () => sink.output.includes(`${count} datagrams`));
    await sink.end();
    assert.ok(sink.output.endsWith([
      `${count} datagrams, 0 malformed lines, 0 events, 0 service checks`,
      `counter py.requests ${count}`, `gauge py.level ${count - 1}`, '',
    ].join('\n')), sink.output);
    assert.ok(!fs.existsSync(at));
  });
});
