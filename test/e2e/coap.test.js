'use strict';

const assert = require('node:assert');
const fs = require('node:fs');

const { useStage } = require('./support/stage');

/** Sent in five blocks of 1,024 bytes (RFC 7959). */
const LARGE = Array.from({ length: 500 }, (_, i) => `line ${100 + i}\n`)
  .join('');

describe('coap, unmodified, through register', () => {
  const stage = useStage({
    'coap-client-notls': 'libcoap3-bin',
    'coap-server-notls': 'libcoap3-bin',
  });

  /** The server of the package, which splits large answers into blocks. */
  async function coapServer() {
    const server = await stage.program('coap');
    await server.call('listen', { '/large': LARGE });
    return { server, port: await stage.portOf(server) };
  }

  it('serves the client of libcoap', async () => {
    const { server, port } = await coapServer();
    const client = async (...args) => {
      const url = `coap://127.0.0.1:${port}/${args.pop()}`;
      const { stdout } = await stage.run('coap-client-notls', [...args, url]);
      return stdout;
    };

    await client('-m', 'put', '-e', 'seven', 'small');
    assert.strictEqual(await client('small'), 'seven\n');
    const copy = stage.file('copy', '');
    await client('-b', '1024', '-o', copy, 'large');
    assert.strictEqual(fs.readFileSync(copy, 'utf8'), LARGE);

    const { sent, received } = await server.end();
    assert.ok(sent >= 7 && received >= 7, `${sent} sent, ${received} received`);
  });

  it('queries the server of libcoap', async () => {
    // -d: the number of resources that a client may create.
    const server = await stage.server('coap-server-notls', (port) =>
      ['-A', '127.0.0.1', '-p', String(port), '-d', '10']);
    const client = await stage.program('coap');
    const call = (...args) => client.call('request', server.port, ...args);

    assert.match((await call('GET', '/')).payload, /test server/);
    assert.strictEqual((await call('PUT', '/mine', 'seven')).code, '2.01');
    assert.deepStrictEqual(await call('GET', '/mine'),
      { code: '2.05', payload: 'seven' });
    assert.strictEqual((await call('GET', '/missing')).code, '4.04');
    await client.end();
  });

  it('notifies an observer between native peers', async () => {
    const { server, port } = await coapServer();
    const client = await stage.program('coap');
    const seen = (await client.call('observe', port, '/clock', 20)).map(Number);
    assert.deepStrictEqual(seen, [...seen].sort((a, b) => a - b));
    assert.strictEqual(new Set(seen).size, 20);
    await client.end();
    await server.end();
  });

  it('sends a large body in blocks between native peers', async () => {
    const { server, port } = await coapServer();
    const client = await stage.program('coap');
    const { code, payload } =
      await client.call('request', port, 'GET', '/large');
    assert.strictEqual(code, '2.05');
    assert.strictEqual(payload, LARGE);
    await client.end();
    await server.end();
  });
});
