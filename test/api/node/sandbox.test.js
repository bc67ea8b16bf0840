'use strict';

// The package in a sandbox, as Jest creates for each test file: a realm with
// its own global, process and require(), which ends with the test.

const assert = require('node:assert');
const {
  describeNative, nodeAtLeast, packed, run, temporary,
} = require('../../support/dgram');

/**
 * Start of every program. evaluate() runs dist/index.js in a new realm, with
 * dist/evaluate.js as `edit` changes it, and returns { context, exports, end }.
 * After end() the realm's require() throws.
 */
const PRELUDE = `'use strict';
  const fs = require('node:fs');
  const path = require('node:path');
  const vm = require('node:vm');
  const MAIN = ${JSON.stringify(packed.main)};
  const TEXT = fs.readFileSync(MAIN, 'utf8');
  const report = (value) =>
    fs.writeSync(1, JSON.stringify(value) + '\\n');
  const iteration = () => new Promise((resolve) => setImmediate(resolve));

  /** A copy of process as in Jest; its nextTick() may be a fake. */
  function copyOfProcess(without) {
    const copy = Object.create(Object.getPrototypeOf(process),
      Object.getOwnPropertyDescriptors(process));
    for (const name of without) {
      Object.defineProperty(copy, name, { value: undefined });
    }
    return copy;
  }

  function evaluate({
    edit = (text) => text, without = [], filename = MAIN,
  } = {}) {
    const context = vm.createContext({
      console, Buffer, setTimeout, process: copyOfProcess(without),
    });
    let ended = false;
    const requireHere = (id) => {
      if (ended) throw new Error('required after end(): ' + id);
      if (id === 'node:process' || id === 'node:module')
        throw new Error('replaced in the sandbox: ' + id);
      if (!id.startsWith('.')) return require(id);
      const file = path.resolve(path.dirname(MAIN), id + '.js');
      const text = fs.readFileSync(file, 'utf8');
      return evaluateFile(id === './evaluate' ? edit(text) : text, file);
    };
    const evaluateFile = (text, filename) => {
      const module = { exports: {} };
      vm.runInContext(
        '(function(exports, require, module, __filename, __dirname) {' + text +
        '\\n})', context, { filename })(
        module.exports, requireHere, module, filename, path.dirname(filename));
      return module.exports;
    };
    return {
      context, exports: evaluateFile(TEXT, filename),
      end() { ended = true; context.process.nextTick = () => {}; },
    };
  }

  /** Sends one datagram through a connected socket; resolves to its text. */
  async function exchange({ createSocket }) {
    const receiver = createSocket('udp4');
    const sender = createSocket('udp4');
    const text = await new Promise((resolve) => {
      receiver.on('message', (msg) => resolve(String(msg)));
      receiver.bind(0, '127.0.0.1', () => {
        sender.connect(receiver.address().port, '127.0.0.1',
          () => sender.send('exchanged'));
      });
    });
    receiver.close();
    sender.close();
    return text;
  }
`;

async function reportsOf(text, execArgv = []) {
  const { code, signal, reports, stderr } = await run(
    [temporary('sandbox.js', `${PRELUDE}(async () => {${text}})();`)],
    { execArgv });
  assert.deepStrictEqual({ code, signal, stderr },
    { code: 0, signal: null, stderr: '' });
  return reports;
}

// Node before 20.16 has only the require() of the sandbox.
const NODES = {
  'with process.getBuiltinModule()': [],
  'without process.getBuiltinModule()': ['getBuiltinModule'],
};

describeNative('the package in a sandbox', () => {
  for (const [how, without] of Object.entries(NODES)) {
    const options = JSON.stringify({ without });

    it(`has classes of Node's realm, ${how}`, async () => {
      assert.deepStrictEqual(await reportsOf(`
        const { exports } = evaluate(${options});
        report([exports.transport !== 'node',
          exports.createSocket.constructor === Function,
          exports.createSocket instanceof Function,
          exports.Socket === require(MAIN).Socket]);
        const socket = exports.createSocket('udp4');
        try { socket.address(); } catch (error) {
          report([error instanceof Error, error.stack.includes(
            path.join(path.dirname(MAIN), 'evaluate.js'))]);
        }
        socket.close();
      `), [[true, true, true, true], [true, true]]);
    });

    it(`evaluates the fallback in Node's realm, ${how}`, async () => {
      assert.deepStrictEqual(await reportsOf(`
        process.env.DGRAM_NATIVE_TRANSPORT = 'node';
        const { exports, end } = evaluate(${options});
        end();
        report([exports.transport, exports.createSocket instanceof Function,
          exports.Socket === evaluate(${options}).exports.Socket]);
        report(await exchange(exports));
        const socket = exports.createSocket('udp4');
        report(socket.sendMany(['x', 9, '127.0.0.1']));
        socket.close();
      `), [['node', true, true], 'exchanged', 1]);
    });

    it(`works after an earlier sandbox has ended, ${how}`, async () => {
      assert.deepStrictEqual(await reportsOf(`
        const first = evaluate(${options});
        first.end();
        const second = evaluate(${options});
        report(first.exports.Socket === second.exports.Socket);
        report(await exchange(second.exports));
        report(await exchange(first.exports));
      `), [true, 'exchanged', 'exchanged']);
    });

    it(`does not prevent garbage collection, ${how}`, async () => {
      assert.deepStrictEqual(await reportsOf(`
        function first() {
          const sandbox = evaluate(${options});
          sandbox.end();
          return new WeakRef(sandbox.context);
        }
        const weak = first();
        for (let i = 0; i < 20 && weak.deref() !== undefined; i++) {
          await iteration();
          gc();
        }
        report(weak.deref() === undefined);
        report(await exchange(evaluate(${options}).exports));
      `, ['--expose-gc']), [true, 'exchanged']);
    });
  }

  it('has the file\'s line numbers in stack traces', async () => {
    const [lines] = await reportsOf(`
      const { exports } = evaluate();
      const socket = exports.createSocket('udp4');
      socket.close();
      try { socket.address(); } catch ({ stack }) {
        const text = fs.readFileSync(path.join(
          path.dirname(MAIN), 'evaluate.js'), 'utf8');
        const line = Number(/evaluate\\.js:(\\d+)/.exec(
          stack.split('\\n').find((text) => text.includes('Socket.address')))[1]);
        report(text.split('\\n').slice(line - 4, line));
      }
    `);
    assert.ok(lines.some((line) =>
      line.startsWith('Socket.prototype.address = ')), lines.join('\n'));
  });

  it('is evaluated in the realm if it uses outer variables', async () => {
    // Code coverage and minifiers add references to outer variables.
    assert.deepStrictEqual(await reportsOf(`
      let edited;
      const { exports } = evaluate({ edit(text) {
        return edited = 'const count = { calls: 0 };' + text.replace(
          'function evaluate(given) {',
          'function evaluate(given) { count.calls++;');
      } });
      report([edited.includes('count.calls++'), exports.transport !== 'node',
        exports.createSocket.constructor === Function]);
      report(await exchange(exports));
      // Other sandboxes do not use it.
      const whole = evaluate();
      report(whole.exports.createSocket.constructor === Function);
      report(await exchange(whole.exports));
    `), [[true, true, false], 'exchanged', true, 'exchanged']);
  });

  // Newer versions look up names only.
  (nodeAtLeast('24.19.0', '26.5.0') ? it.skip : it)(
    'calls a lookup that was patched since its process was copied',
    async () => {
      assert.deepStrictEqual(await reportsOf(`
        const edit = (text) => 'const count = { calls: 0 };' + text.replace(
          'function evaluate(given) {',
          'function evaluate(given) { count.calls++;');
        Object.defineProperty(process, 'moduleLoadList', {
          value: [...process.moduleLoadList] });
        const { exports } = evaluate({ edit });
        const dns = require('node:dns');
        const { lookup } = dns;
        dns.lookup = (name, ...rest) => {
          report(name);
          lookup(name, ...rest);
        };
        const socket = exports.createSocket('udp4');
        socket.bind(0, '127.0.0.1', () => socket.close());
      `), ['127.0.0.1']);
    });

  it('throws load errors into the sandbox', async () => {
    const { code, reports } = await run([temporary('sandbox.js', `${PRELUDE}
      process.env.DGRAM_NATIVE_BINDING = '/nowhere/dgram_native.node';
      try { evaluate(); } catch ({ message }) { report(message); }
    `)]);
    assert.strictEqual(code, 0);
    assert.match(reports[0], /^DGRAM_NATIVE_BINDING is '\/nowhere\//);
  });
});
