'use strict';

/**
 * The errors of Node's dgram: classes, codes and messages as Node words them
 * (lib/internal/errors.js of Node 26), so that programs and their tests cannot
 * tell the difference.
 */

const util = require('node:util');

const BUFFER_KINDS = ['Buffer', 'TypedArray', 'DataView', 'string'];

/**
 * An error with one of Node's codes. Its stack starts with
 * `Name [CODE]: message`, `name` stays plain and `code` is enumerable.
 * @param {ErrorConstructor} Base
 * @param {string} code e.g. 'ERR_SOCKET_BAD_PORT'
 * @param {string} message
 * @returns {Error}
 */
function codedError(Base, code, message) {
  const error = new Base(message);
  // The stack is rendered once, from the name that it sees now.
  Object.defineProperty(error, 'name', {
    value: `${error.name} [${code}]`,
    configurable: true,
    writable: true,
  });
  void error.stack;
  delete error.name;
  Object.defineProperty(error, 'toString', {
    value: codedToString,
    configurable: true,
    writable: true,
  });
  error.code = code;
  return error;
}

function codedToString() {
  return `${this.name} [${this.code}]: ${this.message}`;
}

/** What was received, in the words of Node's messages. */
function describe(value) {
  if (value == null) return `${value}`;
  switch (typeof value) {
    case 'function':
      return `function ${value.name}`;
    case 'object': {
      const name = value.constructor?.name;
      return typeof name === 'string' && name !== '' ?
        `an instance of ${name}` :
        util.inspect(value, { depth: -1 });
    }
    case 'string': {
      const text = value.length > 28 ? `${value.slice(0, 25)}...` : value;
      return text.includes("'") ?
        `type string (${JSON.stringify(text)})` :
        `type string ('${text}')`;
    }
    default:
      return `type ${typeof value} (${util.inspect(value)})`;
  }
}

/**
 * 1234567 → 1_234_567, as Node prints integers beyond 32 bits: it counts
 * characters, whatever they are, so that 1e+21 becomes 1e_+21.
 */
function withSeparators(text) {
  return text.replace(/(?<=[^-])(?=(.{3})+$)/g, '_');
}

function describeNumber(value) {
  const large = Number.isInteger(value) && Math.abs(value) > 2 ** 32;
  return large ? withSeparators(String(value)) : util.inspect(value);
}

/** `"a"`, `"a" property`, or `first argument` as they stand in a message. */
function subject(name) {
  if (name.endsWith(' argument')) return name;
  return `"${name}" ${name.includes('.') ? 'property' : 'argument'}`;
}

function invalidArgType(name, expectation, value) {
  return codedError(
    TypeError, 'ERR_INVALID_ARG_TYPE',
    `The ${subject(name)} must be ${expectation}. Received ${describe(value)}`);
}

/**
 * @param {string} name 'buffer' or 'buffer list arguments'
 * @param {*} value what came instead of a string or a view of bytes
 */
function invalidBuffer(name, value) {
  const [first, second, third, text] = BUFFER_KINDS;
  return invalidArgType(
    name,
    `of type ${text} or an instance of ${first}, ${second}, or ${third}`,
    value);
}

function invalidArgValue(name, value, reason) {
  let text = util.inspect(value);
  if (text.length > 128) text = `${text.slice(0, 128)}...`;
  const kind = name.includes('.') ? 'property' : 'argument';
  return codedError(TypeError, 'ERR_INVALID_ARG_VALUE',
                    `The ${kind} '${name}' ${reason}. Received ${text}`);
}

function outOfRange(name, range, value) {
  return codedError(
    RangeError, 'ERR_OUT_OF_RANGE',
    `The value of "${name}" is out of range. It must be ${range}. ` +
    `Received ${describeNumber(value)}`);
}

function badPort(name, allowZero, value) {
  return codedError(
    RangeError, 'ERR_SOCKET_BAD_PORT',
    `${name} should be ${allowZero ? '>=' : '>'} 0 and < 65536. ` +
    `Received ${describe(value)}.`);
}

/** Codes whose message is fixed, or has one hole. */
const make = {
  alreadyBound: () =>
    codedError(Error, 'ERR_SOCKET_ALREADY_BOUND', 'Socket is already bound'),
  badBufferSize: () =>
    codedError(TypeError, 'ERR_SOCKET_BAD_BUFFER_SIZE',
               'Buffer size must be a positive integer'),
  badType: () =>
    codedError(TypeError, 'ERR_SOCKET_BAD_TYPE',
               'Bad socket type specified. Valid types are: udp4, udp6'),
  bufferOutOfBounds: (name) =>
    codedError(RangeError, 'ERR_BUFFER_OUT_OF_BOUNDS',
               `"${name}" is outside of buffer bounds`),
  invalidFdType: (type) =>
    codedError(TypeError, 'ERR_INVALID_FD_TYPE',
               `Unsupported fd type: ${type}`),
  ipBlocked: (ip) =>
    codedError(Error, 'ERR_IP_BLOCKED', `IP(${ip}) is blocked by net.BlockList`),
  isConnected: () =>
    codedError(Error, 'ERR_SOCKET_DGRAM_IS_CONNECTED', 'Already connected'),
  missingArg: (name) =>
    codedError(TypeError, 'ERR_MISSING_ARGS',
               `The "${name}" argument must be specified`),
  notConnected: () =>
    codedError(Error, 'ERR_SOCKET_DGRAM_NOT_CONNECTED', 'Not connected'),
  notRunning: () =>
    codedError(Error, 'ERR_SOCKET_DGRAM_NOT_RUNNING', 'Not running'),
};

/** 'EINVAL' for -22. */
function codeName(number) {
  return util.getSystemErrorName(number);
}

/**
 * What the permission model says (Node 25); stands where a UV_ code would.
 * @param {*} resource
 */
function accessDenied(resource) {
  const error = new Error('Access to this API has been restricted. ' +
    'Use --allow-net to manage permissions.');
  error.code = 'ERR_ACCESS_DENIED';
  error.permission = 'Net';
  error.resource = resource === undefined ? '' : String(resource);
  return error;
}

/** 'invalid argument' for -22. */
function codeMessage(number) {
  return util.getSystemErrorMap().get(number)?.[1] ?? 'unknown error';
}

/** The negative UV_ code of this platform for a name such as 'EBADF'. */
function errno(name) {
  for (const [code, [known]] of util.getSystemErrorMap()) {
    if (known === name) return code;
  }
  throw new Error(`libuv has no ${name}`);
}

/**
 * A failed system call: `setTTL EINVAL`, with errno, code and syscall.
 * @param {number|Error} number a negative UV_ code, or accessDenied()
 * @param {string} syscall
 * @returns {Error}
 */
function errnoException(number, syscall) {
  const code = number.code ?? codeName(number);
  const error = new Error(`${syscall} ${code}`);
  error.errno = number;
  error.code = code;
  error.syscall = syscall;
  return error;
}

/**
 * A failed system call on an address: `bind EADDRINUSE 127.0.0.1:53`. The
 * port is left out of message and object when it is 0 or missing; `address`
 * is always a property, as given.
 * @param {number|Error} number a negative UV_ code, or accessDenied()
 * @param {string} syscall
 * @param {string} [address]
 * @param {number} [port]
 * @returns {Error}
 */
function hostPortException(number, syscall, address, port) {
  const code = number.code ?? codeName(number);
  let details = '';
  if (number.code !== undefined) details = ` ${number.message}`;
  else if (port && port > 0) details = ` ${address}:${port}`;
  else if (address) details = ` ${address}`;
  const error = new Error(`${syscall} ${code}${details}`);
  error.errno = number;
  error.code = code;
  error.syscall = syscall;
  error.address = address;
  if (port) error.port = port;
  return error;
}

/**
 * A failed libuv function, with libuv's text in the message, as Node's
 * UVException: `ENXIO: no such device or address, uv_if_indextoiid`.
 */
function uvException(number, syscall) {
  const code = codeName(number);
  const error = new Error(`${code}: ${codeMessage(number)}, ${syscall}`);
  error.errno = number;
  error.code = code;
  error.syscall = syscall;
  return error;
}

/** Node's internal SystemError; only ERR_SOCKET_BUFFER_SIZE is one here. */
class SystemError extends Error {
  constructor(code, prefix, context) {
    super(`${prefix}: ${context.syscall} returned ` +
          `${context.code} (${context.message})`);
    Object.defineProperty(this, 'name', {
      value: 'SystemError', configurable: true, writable: true,
    });
    this.code = code;
    Object.defineProperty(this, 'info', {
      value: context, enumerable: true, configurable: true,
    });
    for (const key of ['errno', 'syscall']) {
      Object.defineProperty(this, key, {
        get: () => context[key],
        set: (value) => { context[key] = value; },
        enumerable: true,
        configurable: true,
      });
    }
  }

  toString() {
    return `${this.name} [${this.code}]: ${this.message}`;
  }

  [util.inspect.custom](depth, options) {
    const plain = { ...options, customInspect: false, getters: true };
    const text = util.inspect(this, plain);
    // util.inspect() knows Node's own classes by a private mark; the code
    // behind the name is put in here.
    return text.replace(/^SystemError(?! \[)/, `SystemError [${this.code}]`);
  }
}

/** `context`: errno, code, message, syscall, as the addon filled it in. */
function bufferSizeError(context) {
  return new SystemError('ERR_SOCKET_BUFFER_SIZE',
                         'Could not get or set buffer size', context);
}

module.exports = {
  ...make,
  accessDenied,
  badPort,
  bufferSizeError,
  codeName,
  errno,
  errnoException,
  hostPortException,
  invalidArgType,
  invalidArgValue,
  invalidBuffer,
  outOfRange,
  uvException,
};
