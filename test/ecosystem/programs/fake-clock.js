'use strict';

/* global Zone */

/**
 * fake-clock.js CLOCK: sends while the clock is fake, restores the real clock,
 * and sends five more datagrams, which are printed. docs/parity.md describes
 * the first send.
 */

const { connected, delay, print, receiver, sender, until } = require('./kit');

/** Each runs `body` with a fake clock. */
const CLOCKS = {
  'sinon'(body) {
    const clock = require('sinon').useFakeTimers();
    body();
    clock.restore();
  },
  'sinon nextTick'(body) {
    const clock = require('sinon').useFakeTimers({ toFake: ['nextTick'] });
    body();
    clock.restore();
  },
  'sinon tick'(body) {
    const clock = require('sinon').useFakeTimers();
    body();
    clock.tick(10);
    clock.restore();
  },
  'fake-timers'(body) {
    const clock = require('@sinonjs/fake-timers').install();
    body();
    clock.uninstall();
  },
  'fake-timers nextTick'(body) {
    const clock = require('@sinonjs/fake-timers')
      .install({ toFake: ['nextTick', 'queueMicrotask'] });
    body();
    clock.uninstall();
  },
  'node:test'(body) {
    const { mock } = require('node:test');
    mock.timers.enable();
    body();
    mock.timers.reset();
  },
  'zone.js fakeAsync'(body) {
    const { fakeAsync, tick } = angular();
    inProxyZone(fakeAsync(() => {
      body();
      tick(10);
    }));
  },
  'zone.js fakeAsync that throws'(body) {
    const { fakeAsync } = angular();
    const test = fakeAsync(() => {
      body();
      throw new Error('a test that fails');
    });
    try {
      inProxyZone(test);
    } catch {
      // A test runner would print it.
    }
  },
};

/** The functions behind Angular's own fakeAsync(). */
function angular() {
  return Zone[Zone.__symbol__('fakeAsyncTest')];
}

/** Runs a test as zone.js/testing does in Jasmine, Mocha and Jest. */
function inProxyZone(test) {
  Zone.current.fork(new Zone.ProxyZoneSpec()).run(test);
}

const name = process.argv[2];
if (name.startsWith('zone.js')) {
  require('zone.js/node');
  require('zone.js/testing');
}

async function main() {
  const { socket: server, got, port } = await receiver();
  const free = await sender();
  const bound = await connected(port);

  CLOCKS[name](() => {
    free.send('under the clock', port, '127.0.0.1', () => {});
    bound.send('under the clock', () => {});
    bound.send('under the clock');
  });
  await delay(50);
  got.length = 0;

  let called = 0;
  const count = (error) => { if (!error) called++; };
  for (let i = 0; i < 5; i++) {
    free.send(`unconnected ${i}`, port, '127.0.0.1', count);
    bound.send(`connected ${i}`, count);
    bound.send(`connected ${i} again`, count);
    await delay(5);
  }
  const expected = ({ length }) => length >= 15 && called === 15;
  await until(() => expected(got.filter((text) => !text.startsWith('under'))));
  const seen = got.filter((text) => !text.startsWith('under')).sort();
  print({ seen, called });
  for (const socket of [server, free, bound]) socket.close();
}

main();
