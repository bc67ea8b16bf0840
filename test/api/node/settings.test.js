'use strict';

// The DGRAM_NATIVE_* variables: their effects, and the warning about values
// that are rejected. The packed files, in child processes.

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { describeNative, isLinux, packed, run } =
  require('../../support/dgram');

const MAIN = JSON.stringify(packed.main);
const CODE = 'DGRAM_NATIVE_SETTING';
const best = isLinux ? 'linux' : 'uv';

/** Reports the transport, the number of addons loaded, and all warnings. */
const PROGRAM = `
  const warnings = [];
  process.on('warning', ({ code, message }) => warnings.push([code, message]));
  const { dlopen } = process;
  let addons = 0;
  process.dlopen = function(...args) {
    addons++;
    return dlopen.apply(this, args);
  };
  const { transport } = require(${MAIN});
  setImmediate(() =>
    console.log(JSON.stringify({ transport, addons, warnings })));
`;

/** An environment with these variables only; undefined unsets one. */
function environment(variables) {
  const env = {};
  for (const name of Object.keys(process.env)) {
    if (/^DGRAM_NATIVE_(?!BINDING$|NODES$)/.test(name)) env[name] = undefined;
  }
  for (const [name, value] of Object.entries(variables))
    env[`DGRAM_NATIVE_${name}`] = value;
  return env;
}

async function seenWith(variables, program = PROGRAM) {
  const { code, reports, stderr } = await run(
    ['--no-warnings', '-e', program], { env: environment(variables) });
  assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: '' });
  return reports[0];
}

async function errorWith(variables) {
  return seenWith(variables, `
    try { require(${MAIN}); } catch ({ code, message, cause }) {
      console.log(JSON.stringify({ code, message, cause: cause?.message }));
    }
  `);
}

describeNative('DGRAM_NATIVE_TRANSPORT', () => {
  for (const value of ['node', 'NODE']) {
    it(`${value} uses node:dgram and loads no addon`, async () => {
      assert.deepStrictEqual(await seenWith({ TRANSPORT: value }),
        { transport: 'node', addons: 0, warnings: [] });
    });
  }

  it('node is no fallback, and needs no DGRAM_NATIVE_BINDING', async () => {
    assert.deepStrictEqual(await seenWith(
      { TRANSPORT: 'node', FALLBACK: '0', BINDING: '/nowhere.node' }),
    { transport: 'node', addons: 0, warnings: [] });
  });

  it('is case-insensitive', async () => {
    assert.deepStrictEqual(await seenWith({ TRANSPORT: 'Uv' }),
      { transport: 'uv', addons: 1, warnings: [] });
  });

  it('is reported if this system has no such transport', async () => {
    // An addon without the transport of Linux.
    assert.deepStrictEqual(await seenWith({ TRANSPORT: 'linux' }, `
      const { dlopen } = process;
      process.dlopen = function(module, ...rest) {
        dlopen.call(this, module, ...rest);
        const properties = Object.getOwnPropertyDescriptors(module.exports);
        properties.transport = { value: 'uv' };
        module.exports = Object.defineProperties({}, properties);
      };
      { ${PROGRAM} }
    `), { transport: 'uv', addons: 1, warnings: [[CODE,
      'DGRAM_NATIVE_TRANSPORT is \'linux\', which is not available here; ' +
      '\'uv\' is used.']] });
  });
});

describeNative('a setting that is rejected', () => {
  it('keeps its default; one warning lists all of them', async () => {
    const { warnings, ...rest } = await seenWith({
      TRANSPORT: 'Linux2', GSO: 'maybe', LINGER: '0', TRNSPORT: 'uv', GRO: 'no',
    });
    assert.deepStrictEqual(rest, { transport: best, addons: 1 });
    assert.deepStrictEqual(warnings.map(([code]) => code), [CODE]);
    // The order of unknown names is that of the environment.
    const sentences = warnings[0][1].split(/(?<=\.) (?=DGRAM_NATIVE_)/);
    assert.deepStrictEqual(sentences.sort(), [
      'DGRAM_NATIVE_GSO is \'maybe\'; expected 1, true, on, yes, 0, false, ' +
      'off or no. The default is used.',
      'DGRAM_NATIVE_LINGER was renamed; set DGRAM_NATIVE_BUSY_POLL instead.',
      'DGRAM_NATIVE_TRANSPORT is \'Linux2\'; expected \'linux\', \'uv\' or ' +
      '\'node\'. The default is used.',
      'DGRAM_NATIVE_TRNSPORT is not a setting of dgram-native; it is ignored.',
    ]);
  });

  it('is reported once per process, including its worker threads', async () => {
    const { code, stderr, reports } = await run(['-e', `
      const { Worker } = require('node:worker_threads');
      require(${MAIN});
      const source = ${JSON.stringify(`console.log(require(${MAIN}).transport)`)};
      for (let i = 0; i < 3; i++) new Worker(source, { eval: true });
    `], { env: environment({ GSO: 'maybe' }) });
    assert.deepStrictEqual({ code, reports },
      { code: 0, reports: [best, best, best] });
    assert.strictEqual(stderr.split(`[${CODE}]`).length - 1, 1, stderr);
  });

  it('is reported in a frozen process, too', async () => {
    const { code, stderr } = await run(['-e', `
      Object.freeze(process);
      require(${MAIN});
    `], { env: environment({ GSO: 'maybe' }) });
    assert.strictEqual(code, 0, stderr);
    assert.strictEqual(stderr.split(`[${CODE}]`).length - 1, 1, stderr);
  });

  it('does not fail the load if process.env was replaced', async () => {
    const loaded = await seenWith({}, `
      process.env = new Proxy({
        ...process.env, DGRAM_NATIVE_GSO: Symbol('no'),
      }, {
        ownKeys() { throw new Error('no names'); },
      });
      const warnings = [];
      process.on('warning', ({ message }) => warnings.push(message));
      const { transport } = require(${MAIN});
      setImmediate(() => console.log(JSON.stringify([transport, warnings])));
    `);
    assert.deepStrictEqual(loaded, [best, [
      'DGRAM_NATIVE_GSO is \'Symbol(no)\'; expected 1, true, on, yes, 0, ' +
      'false, off or no. The default is used.',
    ]]);
  });

  it('is reported in addition to an error of loading', async () => {
    const { stderr } = await run(['-e', `
      try { require(${MAIN}); } catch ({ code }) { console.error(code); }
    `], { env: environment({ BINDING: '/nowhere.node', GSO: 'maybe' }) });
    assert.match(stderr, /ERR_DGRAM_NATIVE_BINDING/);
    assert.strictEqual(stderr.split(`[${CODE}]`).length - 1, 1, stderr);
  });
});

describeNative('DGRAM_NATIVE_BINDING', () => {
  it('throws an error if the file does not load', async () => {
    const { code, message, cause } = await errorWith(
      { BINDING: '/nowhere/dgram_native.node' });
    assert.strictEqual(code, 'ERR_DGRAM_NATIVE_BINDING');
    assert.match(cause, /[\\/]nowhere[\\/]dgram_native\.node/);
    const reason = cause.split(/\r?\n/)[0];
    assert.strictEqual(message,
      'DGRAM_NATIVE_BINDING is \'/nowhere/dgram_native.node\', which failed ' +
      `to load: ${reason}${reason.endsWith('.') ? '' : '.'} Set it to the ` +
      'path of a compiled addon (dgram_native.node), or unset it to use the ' +
      'addon of the package.');
  });

  it('throws an error if the file is cut short', async function() {
    if (!isLinux) this.skip();
    // The header of an addon. Its section table, at the end, is missing: with
    // more of the file, loading it ends the process by SIGBUS.
    const header = Buffer.alloc(4096);
    header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
    header.writeUInt32LE(100000, 40);
    const file = path.join(os.tmpdir(), `dgram-cut-short-${process.pid}.node`);
    fs.writeFileSync(file, header);
    try {
      const { code, cause } = await errorWith({ BINDING: file });
      assert.deepStrictEqual([code, cause],
        ['ERR_DGRAM_NATIVE_BINDING', `${file}: file cut short`]);
    } finally {
      fs.rmSync(file);
    }
  });

  it('throws an error if the file is another addon', async () => {
    const { code, cause } = await seenWith({}, `
      process.dlopen = () => {};
      try { require(${MAIN}); } catch ({ code, cause: { message: cause } }) {
        console.log(JSON.stringify({ code, cause }));
      }
    `);
    assert.deepStrictEqual([code, cause],
      ['ERR_DGRAM_NATIVE_BINDING', 'it is not an addon of dgram-native']);
  });
});
