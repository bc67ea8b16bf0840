'use strict';

// Node's permission model: `--permission`, experimental up to Node 20.

const assert = require('node:assert');

const { nodes, proveOrigin, run, same, useStage, within } =
  require('./support/stage');

const majorOf = (title) => parseInt(title.slice('Node '.length), 10);

/** Node warns about these flags. */
const QUIET = '--no-warnings';

/** The program may read only its own folder. */
function flags(title, ...more) {
  const model = majorOf(title) < 22 ? '--experimental-permission' :
    '--permission';
  // support/evidence.js writes there.
  const files = [`--allow-fs-read=${within('*')}`,
                 `--allow-fs-write=${within('*')}`];
  return [model, ...files, ...more];
}

/** Since Node 25 network access also requires a permission. */
const net = (title) => majorOf(title) < 25 ? [] : ['--allow-net'];

const program = (name) => [within('programs', 'permission.js'), name];

const ECHO = '["free","bound 0","bound 1","bound 2"]\n';

const DENIED = {
  code: 'ERR_ACCESS_DENIED',
  syscall: 'bind',
  message: 'bind ERR_ACCESS_DENIED Access to this API has been restricted. ' +
    'Use --allow-net to manage permissions.',
};

describe('--permission', () => {
  useStage();

  for (const [title, node] of nodes('20.0.0')) {
    it(`works with --allow-addons, on ${title}`, () =>
      same([QUIET, ...flags(title, '--allow-addons', ...net(title)),
            ...program('echo')], ECHO, { node: node() }));

    it(`uses node:dgram without --allow-addons, on ${title}`, async () => {
      for (const way of ['require()', 'register']) {
        const argv = [...flags(title, ...net(title)), ...program('echo')];
        const result = await run(argv, { way, node: node() });
        const { code, stdout, stderr } = result;
        assert.deepStrictEqual({ code, stdout }, { code: 0, stdout: ECHO },
                               stderr);
        assert.strictEqual(stderr.split('[DGRAM_NATIVE_FALLBACK]').length, 2,
                           stderr);
        proveOrigin('node:dgram', result, {});
      }
    });
  }

  for (const [title, node] of nodes('26.0.0')) {
    it(`rejects sockets without --allow-net, on ${title}`, () =>
      same([QUIET, ...flags(title, '--allow-addons'), ...program('denied')],
           `${JSON.stringify({
             bind: DENIED, connect: DENIED, send: DENIED,
           })}\n`, { node: node() }));

    it(`rejects sends after permission.drop('net'), on ${title}`, () =>
      same([QUIET, ...flags(title, '--allow-addons', ...net(title)),
            ...program('dropped')],
           `${JSON.stringify({
             'unconnected': 'uncaught ERR_ACCESS_DENIED',
             'to an address that was not used': 'uncaught ERR_ACCESS_DENIED',
             'connected': 'threw ERR_ACCESS_DENIED',
             'connect': 'uncaught ERR_ACCESS_DENIED',
             'bind': DENIED,
             'got': ['before'],
           })}\n`, { node: node() }));
  }
});
