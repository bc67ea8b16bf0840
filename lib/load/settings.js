'use strict';

/**
 * The DGRAM_NATIVE_* environment variables, which docs/api.md lists, and a flag
 * of Node; read once per thread. The addon receives them from here: getenv() in
 * C would race with a setenv() on another thread.
 */

const { env, execArgv } = globalThis.process;

const PREFIX = 'DGRAM_NATIVE_';

const ON = ['1', 'true', 'on', 'yes'];
const OFF = ['0', 'false', 'off', 'no'];
const TRANSPORTS = ['linux', 'uv', 'node'];

/** PREBUILD is node-gyp-build's; NODES is used by this repository's tests. */
const KNOWN = [
  'BINDING', 'FALLBACK', 'TRANSPORT', 'GSO', 'GRO', 'BUSY_POLL',
  'DEFER_ANSWERS', 'SHARED_BUFFERS', 'KEEP_HEAP', 'PREBUILD', 'NODES',
];

/** Settings to warn about; diagnostics.js words the warning. */
const rejected = [];

/** Programs may replace process.env; then a value can be of any type. */
function valueOf(name) {
  const value = env[name];
  return value === undefined ? '' : String(value);
}

/** Whitespace is ignored: cmd.exe includes a space before `&&` in the value. */
function read(name) {
  return valueOf(PREFIX + name).trim().toLowerCase();
}

function reject(name, expected) {
  rejected.push({ name, value: valueOf(name), expected });
}

/** @returns {string[]} none if a replaced process.env does not list them */
function names() {
  try {
    return Object.keys(env);
  } catch {
    return [];
  }
}

/** @returns {boolean} `standard` if the variable is unset or not a boolean */
function readBoolean(name, standard) {
  const text = read(name);
  if (text === '') return standard;
  if (ON.includes(text)) return true;
  if (OFF.includes(text)) return false;
  reject(PREFIX + name, '1, true, on, yes, 0, false, off or no');
  return standard;
}

/** @returns {string|undefined} one of TRANSPORTS */
function readTransport() {
  const text = read('TRANSPORT');
  if (text === '' || TRANSPORTS.includes(text)) return text || undefined;
  reject(`${PREFIX}TRANSPORT`, '\'linux\', \'uv\' or \'node\'');
  return undefined;
}

/** A misspelt name would be ignored silently. */
function rejectUnknown() {
  for (const name of names()) {
    if (name.startsWith(PREFIX) && !KNOWN.includes(name.slice(PREFIX.length))) {
      reject(name);
    }
  }
}

/**
 * Node's flag for its tests: every send goes through libuv's queue. It is not
 * allowed in NODE_OPTIONS.
 */
const QUEUE_ALWAYS = '--test-udp-no-try-send';

const transport = readTransport();

module.exports = {
  /** A path: load this addon and no other. */
  binding: env.DGRAM_NATIVE_BINDING || undefined,
  /** True: use node:dgram and load no addon. */
  forcesNode: transport === 'node',
  /** False: throw, instead of falling back to node:dgram. */
  fallback: readBoolean('FALLBACK', true),
  /** Whether the answers of a received batch leave together. */
  deferAnswers: readBoolean('DEFER_ANSWERS', true),
  /** The default of the socket option of this name. */
  sharedBuffers: readBoolean('SHARED_BUFFERS', false),

  /** The argument of the addon's configure(). */
  addon: {
    transport: transport === 'node' ? undefined : transport,
    gso: readBoolean('GSO', true),
    gro: readBoolean('GRO', true),
    busyPoll: readBoolean('BUSY_POLL', true),
    keepHeap: readBoolean('KEEP_HEAP', false),
  },

  /** The argument of the addon's queueAlways(). */
  queueAlways: execArgv.includes(QUEUE_ALWAYS),

  /** @type {{name: string, value: string, expected: string|undefined}[]} */
  rejected,
};

rejectUnknown();
