'use strict';

const assert = require('node:assert');
const { connected, receiver, sender, until } = require('../../programs/kit');

const COUNT = 100;

/** The same tests in each file: a worker process of mocha runs several. */
module.exports = (name) => describe(name, () => {
  let server;
  let client;

  beforeEach(async () => {
    server = await receiver();
  });

  afterEach(() => {
    client.close();
    server.socket.close();
  });

  async function carries(send) {
    const texts = Array.from({ length: COUNT }, (_, i) => `${name} ${i}`);
    let called = 0;
    for (const text of texts) send(text, () => called++);
    await until(() => server.got.length === COUNT && called === COUNT);
    assert.deepStrictEqual([server.got, called], [texts, COUNT]);
  }

  it('receives what a bound socket sends', async () => {
    client = await sender();
    await carries((text, callback) =>
      client.send(text, server.port, '127.0.0.1', callback));
  });

  it('receives what a connected socket sends', async () => {
    client = await connected(server.port);
    await carries((text, callback) => client.send(text, callback));
  });

  // A socket is still open when the file ends.
  it('leaves a socket to the process', async () => {
    client = await sender();
    const left = await connected(server.port);
    left.unref();
    for (let i = 0; i < 10; i++) left.send(`${name} left`);
  });
});
