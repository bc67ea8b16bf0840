'use strict';

// Unix datagram sockets: several messages are read at once.

const assert = require('node:assert');
const { receive, send } = require('../../support/dgram');
const { boundUnix, describeUnix, pathOf } = require('./kit');

const MESSAGES = 20;

describeUnix('the reads of a Unix socket', () => {
  for (const sends of [false, true]) {
    it(`take several messages${sends ? ', also after a send' : ''}`,
       async () => {
         const [receiver, sender] = [await boundUnix(), await boundUnix()];
         const greeted = receive(sender, 1);
         if (sends) {
           await send(receiver, 'hello', pathOf(sender));
           await greeted;
         }
         const received = receive(receiver, MESSAGES);
         for (let i = 0; i < MESSAGES; i++) sender.send('x', pathOf(receiver));
         await received;
         const { receiveCalls } = receiver.stats();
         assert.ok(receiveCalls <= MESSAGES / 2, `${receiveCalls} calls`);
       });
  }
});
