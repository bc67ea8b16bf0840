'use strict';

// The diagnostics channel udp.socket, which publishes every new socket.

const assert = require('node:assert');
const channel = require('node:diagnostics_channel');
const { dgram, isOpen, open, stateOf } = require('../../support/dgram');

describe('the diagnostics channel udp.socket', () => {
  let published;
  const subscriber = (message, name) => published.push([name, message]);

  beforeEach(() => {
    published = [];
    channel.subscribe('udp.socket', subscriber);
  });

  afterEach(() => channel.unsubscribe('udp.socket', subscriber));

  it('publishes each socket at the end of its constructor', () => {
    let state;
    const inspect = ({ socket }) => state = stateOf(socket);
    channel.subscribe('udp.socket', inspect);
    const socket = open('udp4', () => {});
    channel.unsubscribe('udp.socket', inspect);
    assert.deepStrictEqual(published.map(([name]) => name), ['udp.socket']);
    assert.deepStrictEqual(Object.keys(published[0][1]), ['socket']);
    assert.strictEqual(published[0][1].socket, socket);
    assert.ok(socket instanceof dgram.Socket);
    assert.strictEqual(state, stateOf(socket));
  });

  it('publishes a socket that its signal has already closed', () => {
    const controller = new AbortController();
    controller.abort();
    const socket = open({ type: 'udp4', signal: controller.signal });
    assert.strictEqual(isOpen(socket), false);
    assert.deepStrictEqual(published.map(([, message]) => message.socket),
      [socket]);
  });

  it('publishes nothing if the constructor throws', () => {
    assert.throws(() => dgram.createSocket('udp5'));
    assert.throws(() => dgram.createSocket({ type: 'udp4', signal: 1 }));
    assert.deepStrictEqual(published, []);
  });
});
