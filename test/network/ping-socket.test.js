'use strict';

// A descriptor of a datagram socket that is no UDP socket: bind({ fd }) accepts
// it, as in node:dgram. The kernel ignores UDP_SEGMENT on it, so a segment
// group would be sent as one packet.

const assert = require('node:assert');
const path = require('node:path');

const { compileProgram } = require('../support/compile');
const { Remote, killRemotes } = require('../support/remote');
const { Link, demandNamespaces } = require('./link');

const FD = 20;

describe('a ping socket', function() {
  this.timeout(60000);
  let link;
  let program;

  before('needs namespaces', demandNamespaces);

  before(() => {
    link = new Link();
    program =
      compileProgram(path.join(__dirname, 'tools', 'with-ping-socket.c'));
  });

  afterEach(killRemotes);

  after(() => link?.end());

  for (const [implementation, transport] of [
    ['builtin', 'builtin'], ['native', 'linux'], ['native', 'uv'],
  ]) {
    it(`sends one packet per datagram, ${transport}`, async () => {
      const pinger = new Remote(require.resolve('./pinger'), {
        through: [...link.on(0), program, `${FD}`],
        args: { implementation, fd: FD },
        env: implementation === 'builtin' ?
          {} :
          { DGRAM_NATIVE_TRANSPORT: transport },
        patience: 20000,
      });
      assert.strictEqual(await pinger.call('transport'), transport);
      assert.deepStrictEqual(
        await pinger.call('ping', { count: 5, size: 16 }),
        Array.from({ length: 5 }, (_, i) => [i, 16]));
    });
  }
});
