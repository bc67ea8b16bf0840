'use strict';

const assert = require('node:assert');
const { execFile } = require('node:child_process');
const path = require('node:path');
const { promisify } = require('node:util');

const register = path.join(__dirname, '..', '..', 'lib', 'register.js');

/**
 * Runs in a process of its own, with multicast-dns as npm has it: one instance
 * answers, the other asks. Everything stays on the loopback interface.
 */
function askAndAnswer() {
  const binding = require(process.argv[1]);
  const multicastDns = require('multicast-dns');
  const options = { interface: '127.0.0.1', bind: '0.0.0.0' };
  const server = multicastDns(options);
  const client = multicastDns(options);
  const name = `dgram-native-${process.pid}.local`;

  server.on('query', ({ questions }) => {
    if (questions.some((question) => question.name === name)) {
      server.respond({
        answers: [{ name, type: 'A', ttl: 120, data: '192.0.2.7' }],
      });
    }
  });
  client.on('response', ({ answers }, rinfo) => {
    const answer = answers.find((candidate) => candidate.name === name);
    if (answer === undefined) return;
    const { sockets, sent, received } = binding.stats();
    console.log(JSON.stringify({
      data: answer.data, from: rinfo.address, sockets, sent, received,
    }));
    server.destroy();
    client.destroy();
  });
  server.on('ready', () => {
    client.query(name, 'A');
    // A datagram may be lost, and the protocol asks again.
    setInterval(() => client.query(name, 'A'), 500).unref();
  });
}

describe('multicast-dns, unmodified, through register', () => {
  it('asks and answers on loopback, with sockets of the C core', async () => {
    const binding = require.resolve('../../lib/binding');
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--require', register, '-e', `(${askAndAnswer})()`, binding],
      { cwd: __dirname, timeout: 15000 });
    const { data, from, sockets, sent, received } = JSON.parse(stdout);
    assert.strictEqual(data, '192.0.2.7');
    assert.strictEqual(from, '127.0.0.1');
    assert.ok(sockets >= 2, `${sockets} sockets`);
    assert.ok(sent >= 2, `${sent} sent`);
    assert.ok(received >= 2, `${received} received`);
  });
});
