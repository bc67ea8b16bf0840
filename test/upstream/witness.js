'use strict';

/**
 * Runs inside every process and thread of a test, before other code, and
 * records which implementation created each dgram socket. Without this evidence
 * the suite would also pass if dgram-native was never used.
 *
 * One JSON line per observation is appended to a file, synchronously, so that
 * the lines of a process that is killed or aborts count as well:
 *
 * - `hello`     a process (tid 0) or worker thread has this witness
 * - `construct` a Socket's constructor was entered; `by` is 'builtin', 'ours',
 *               or 'exported': a built-in socket that builtinHandle() of the
 *               package created because child.send() takes no other handle;
 *               `file` is the code of a constructor that is not Node's
 * - `made`      the constructor completed: 'udp.socket' was published
 * - `native`    the compiled addon opened a socket. Written only by a wrapper
 * around the exports that process.dlopen() returned, and only when
 *               the C core's own count of sockets has grown
 * - `worker`    a worker thread was created
 * - `blind`     a child process was started without the options that load this
 * witness
 *
 * A test must not notice the witness: no handle, timer, promise, async hook,
 * listener on process, global or deprecated API. It changes: EventEmitter.init
 * (as node:domain does), a subscriber on the diagnostics channel,
 * ChildProcess.prototype.spawn, the three functions that start a child process
 * synchronously, and process.dlopen until the addon is loaded.
 */

const fs = require('node:fs');
const events = require('node:events');
const childProcess = require('node:child_process');
const diagnostics = require('node:diagnostics_channel');
const workerThreads = require('node:worker_threads');
const dgram = require('node:dgram');
const { syncBuiltinESMExports } = require('node:module');

const BuiltinSocket = dgram.Socket;
/** The symbol under which a copy of the package registers its classes. */
const RECORD = Symbol.for('dgram-native');
/** The stack frame of lib/node's function that creates built-in sockets. */
const BUILTIN_HANDLE = /^at builtinHandle \(/;
const { appendFileSync } = fs;
const { threadId } = workerThreads;

/** Some versions of Node hold subscribers weakly; this retains them. */
const retained = [];

/** The stack of the caller, without the frames of this file. */
function callStack() {
  const limit = Error.stackTraceLimit;
  const trace = {};
  Error.stackTraceLimit = 12;
  Error.captureStackTrace(trace);
  const lines = String(trace.stack).split('\n').slice(1);
  Error.stackTraceLimit = limit;
  return lines.map((line) => line.trim())
    .filter((line) => !line.includes(__filename));
}

/** The file of a frame such as `at new Socket (/a/b.js:1:2)`. */
function fileOf(frame) {
  return frame.replace(/^at (?:.*\()?/, '').replace(/:\d+:\d+\)?$/, '');
}

/** The file of the nearest code that is not Node's. */
function nearestFile(stack) {
  return stack.map(fileOf).find((file) => !/^(?:node:|<)/.test(file));
}

/**
 * @param {object} settings
 * @param {string} settings.log  file that the lines are appended to
 * @param {string[]} settings.preloads  files that a child has to --require
 * @param {string} settings.nodeOptions  text of NODE_OPTIONS that does so
 */
function watch({ log, preloads, nodeOptions }) {
  function note(kind, details) {
    const line = { pid: process.pid, tid: threadId, kind, ...details };
    try {
      appendFileSync(log, `${JSON.stringify(line)}\n`);
    } catch {
      // A test may forbid writing (--permission). Then there is no evidence.
    }
  }

  /** Not `instanceof`: native sockets are also instances of the built-in. */
  function isOurs(object) {
    const copies = Object.values(dgram[RECORD]?.copies ?? {});
    return copies.some(({ api: { Socket, transport } }) =>
      transport !== 'node' && isKind(Socket, object));
  }

  function isKind({ prototype }, object) {
    return Object.prototype.isPrototypeOf.call(prototype, object);
  }

  function noteSocket(kind, object) {
    if (isOurs(object)) {
      const file = kind === 'construct' ? nearestFile(callStack()) : undefined;
      note(kind, { by: 'ours', file });
    } else if (object instanceof BuiltinSocket) {
      const stack = callStack();
      const exported = stack.some((frame) => BUILTIN_HANDLE.test(frame));
      note(kind, { by: exported ? 'exported' : 'builtin', stack });
    }
  }

  function watchConstructors() {
    const { EventEmitter } = events;
    const { init } = EventEmitter;
    EventEmitter.init = function(...args) {
      if (this instanceof workerThreads.Worker) note('worker');
      else noteSocket('construct', this);
      return Reflect.apply(init, this, args);
    };

    const subscriber = ({ socket }) => noteSocket('made', socket);
    const channel = diagnostics.channel('udp.socket');
    channel.subscribe(subscriber);
    retained.push(channel, subscriber);
  }

  function watchAddon() {
    const { dlopen } = process;
    process.dlopen = function(module, ...rest) {
      const result = Reflect.apply(dlopen, this, [module, ...rest]);
      const addon = module.exports;
      if (typeof addon?.init === 'function' &&
          typeof addon.stats === 'function') {
        process.dlopen = dlopen;
        // A copy, because the addon's own properties are read-only.
        module.exports = Object.defineProperties({}, {
          ...Object.getOwnPropertyDescriptors(addon),
          init: { value: countedInit(addon), enumerable: true },
        });
      }
      return result;
    };
  }

  function countedInit(addon) {
    return function init(...args) {
      const before = addon.stats().sockets;
      const id = Reflect.apply(addon.init, this, args);
      if (addon.stats().sockets === before + 1)
        note('native', { id, transport: addon.transport });
      return id;
    };
  }

  function watchChildren() {
    const seeing = (args, options) =>
      String(options).includes(nodeOptions) ||
      preloads.every((preload) => args.includes(preload));

    const { prototype } = childProcess.ChildProcess;
    const { spawn } = prototype;
    prototype.spawn = function(options) {
      const args = options?.args ?? [];
      const pair = options?.envPairs
        ?.find((entry) => entry.startsWith('NODE_OPTIONS='));
      if (!seeing(args, pair)) note('blind', { command: args.join(' ') });
      return Reflect.apply(spawn, this, [options]);
    };

    for (const name of ['spawnSync', 'execFileSync', 'execSync']) {
      const original = childProcess[name];
      const replacement = function(...given) {
        const args = given.find(Array.isArray) ?? [];
        const options = given
          .find((one) => one && typeof one === 'object' && !Array.isArray(one));
        const env = options?.env ?? process.env;
        if (!seeing(args, env.NODE_OPTIONS))
          note('blind', { command: [given[0], ...args].join(' ') });
        return Reflect.apply(original, this, given);
      };
      Object.defineProperties(replacement,
                              Object.getOwnPropertyDescriptors(original));
      childProcess[name] = replacement;
    }
    syncBuiltinESMExports();
  }

  note('hello');
  watchConstructors();
  watchAddon();
  watchChildren();
}

module.exports = { watch };
