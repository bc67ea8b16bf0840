'use strict';

/**
 * The errors of Node's dgram: the same classes, codes and messages as in Node
 * 26, so that programs and their tests cannot tell the difference. First the
 * errors with one of Node's codes, then those of the permission model and of
 * failed system calls.
 *
 * The last parameter of most functions is `above`: the stack of the error
 * begins with the caller of that function, which must be on the stack. By
 * default it is the function that creates the error.
 */

const util = require('node:util');

// Programs may replace it; polyfills do.
const { captureStackTrace } = Error;

/** The types of a message, in the words of Node's messages. */
const BUFFER_TYPES =
  'of type string or an instance of Buffer, TypedArray, or DataView';

/**
 * Defines a property even if Object.prototype has a setter of that name. The
 * descriptor has no prototype, so it cannot inherit a `get` from there either.
 */
function define(object, name, value, enumerable = false) {
  Object.defineProperty(object, name, {
    __proto__: null, value, enumerable, configurable: true, writable: true,
  });
}

/**
 * An error without a stack, which is the expensive part: captureStackTrace()
 * adds it.
 */
function bareError(Base, message) {
  const limit = Error.stackTraceLimit;
  // Not an assignment, which throws if Error is frozen.
  Reflect.set(Error, 'stackTraceLimit', 0);
  const error = new Base(message);
  Reflect.set(Error, 'stackTraceLimit', limit);
  return error;
}

/**
 * An error with one of Node's codes. Its stack starts with
 * `Name [CODE]: message`, `name` stays plain and `code` is enumerable.
 * @param {ErrorConstructor} Base
 * @param {string} code e.g. 'ERR_SOCKET_BAD_PORT'
 * @param {string} message
 * @param {Function} above the stack begins with the caller of this function
 * @returns {Error}
 */
function codedError(Base, code, message, above) {
  const error = bareError(Base, message);
  define(error, 'toString', codedToString);
  define(error, 'code', code, true);
  beginAbove(error, above);
  return error;
}

function codedToString() {
  return `${this.name} [${this.code}]: ${this.message}`;
}

/** Captures the stack of a codedError(), from the caller of `above` on. */
function beginAbove(error, above) {
  // The stack is rendered once, with the name at this moment.
  define(error, 'name', `${error.name} [${error.code}]`);
  captureStackTrace(error, above);
  void error.stack;
  delete error.name;
}

/**
 * Moves the start of the stack of a thrown codedError(). Any other value is the
 * program's own, and returned unchanged.
 * @param {*} error
 * @param {Function} above
 * @returns {*} error
 */
function asThrownBy(error, above) {
  if (error?.toString === codedToString) beginAbove(error, above);
  return error;
}

/** The received value, in the words of Node's messages. */
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
 * 1234567 → 1_234_567, as Node prints integers beyond 32 bits. Node groups any
 * characters, not only digits: 1e+21 becomes 1e_+21.
 */
function withSeparators(text) {
  return text.replace(/(?<=[^-])(?=(.{3})+$)/g, '_');
}

function describeNumber(value) {
  const large = Number.isInteger(value) && Math.abs(value) > 2 ** 32;
  return large ? withSeparators(String(value)) : util.inspect(value);
}

/** `"a" argument`, `"a.b" property`, or a name that ends in `argument`. */
function subject(name) {
  if (name.endsWith(' argument')) return name;
  return `"${name}" ${name.includes('.') ? 'property' : 'argument'}`;
}

/**
 * @param {string} name of the argument
 * @param {string} expectation completes "must be"
 * @param {*} value
 * @param {Function} [above]
 * @returns {TypeError} ERR_INVALID_ARG_TYPE
 */
function invalidArgType(name, expectation, value, above = invalidArgType) {
  return codedError(
    TypeError, 'ERR_INVALID_ARG_TYPE',
    `The ${subject(name)} must be ${expectation}. Received ${describe(value)}`,
    above);
}

/**
 * @param {string} name 'buffer' or 'buffer list arguments'
 * @param {*} value neither a string nor a view of bytes
 * @param {Function} [above]
 * @returns {TypeError} ERR_INVALID_ARG_TYPE
 */
function invalidBuffer(name, value, above = invalidBuffer) {
  return invalidArgType(name, BUFFER_TYPES, value, above);
}

/**
 * @param {string} name of the argument
 * @param {*} value
 * @param {string} reason follows the name: 'must be ...'
 * @param {Function} [above]
 * @returns {TypeError} ERR_INVALID_ARG_VALUE
 */
function invalidArgValue(name, value, reason, above = invalidArgValue) {
  let text = util.inspect(value);
  if (text.length > 128) text = `${text.slice(0, 128)}...`;
  const kind = name.includes('.') ? 'property' : 'argument';
  return codedError(TypeError, 'ERR_INVALID_ARG_VALUE',
                    `The ${kind} '${name}' ${reason}. Received ${text}`, above);
}

/**
 * @param {string} name of the argument
 * @param {string} range completes "It must be"
 * @param {*} value
 * @param {Function} [above]
 * @returns {RangeError} ERR_OUT_OF_RANGE
 */
function outOfRange(name, range, value, above = outOfRange) {
  return codedError(
    RangeError, 'ERR_OUT_OF_RANGE',
    `The value of "${name}" is out of range. It must be ${range}. ` +
    `Received ${describeNumber(value)}`, above);
}

/**
 * @param {string} name of the argument
 * @param {boolean} allowZero
 * @param {*} value
 * @param {Function} [above]
 * @returns {RangeError} ERR_SOCKET_BAD_PORT
 */
function badPort(name, allowZero, value, above = badPort) {
  return codedError(
    RangeError, 'ERR_SOCKET_BAD_PORT',
    `${name} should be ${allowZero ? '>=' : '>'} 0 and < 65536. ` +
    `Received ${describe(value)}.`, above);
}

/** Codes whose message is fixed, or has one parameter. */
const make = {
  alreadyBound: (above = make.alreadyBound) =>
    codedError(Error, 'ERR_SOCKET_ALREADY_BOUND', 'Socket is already bound',
               above),
  badBufferSize: (above = make.badBufferSize) =>
    codedError(TypeError, 'ERR_SOCKET_BAD_BUFFER_SIZE',
               'Buffer size must be a positive integer', above),
  badType: (above = make.badType) =>
    codedError(TypeError, 'ERR_SOCKET_BAD_TYPE',
               'Bad socket type specified. Valid types are: udp4, udp6', above),
  bufferOutOfBounds: (name, above = make.bufferOutOfBounds) =>
    codedError(RangeError, 'ERR_BUFFER_OUT_OF_BOUNDS',
               `"${name}" is outside of buffer bounds`, above),
  featureUnavailable: (message, above = make.featureUnavailable) =>
    codedError(TypeError, 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', message,
               above),
  invalidFdType: (type, above = make.invalidFdType) =>
    codedError(TypeError, 'ERR_INVALID_FD_TYPE',
               `Unsupported fd type: ${type}`, above),
  invalidIpAddress: (address, above = make.invalidIpAddress) =>
    codedError(TypeError, 'ERR_INVALID_IP_ADDRESS',
               `Invalid IP address: ${address}`, above),
  ipBlocked: (ip, above = make.ipBlocked) =>
    codedError(Error, 'ERR_IP_BLOCKED', `IP(${ip}) is blocked by net.BlockList`,
               above),
  isConnected: (above = make.isConnected) =>
    codedError(Error, 'ERR_SOCKET_DGRAM_IS_CONNECTED', 'Already connected',
               above),
  missingArg: (name, above = make.missingArg) =>
    codedError(TypeError, 'ERR_MISSING_ARGS',
               `The "${name}" argument must be specified`, above),
  notConnected: (above = make.notConnected) =>
    codedError(Error, 'ERR_SOCKET_DGRAM_NOT_CONNECTED', 'Not connected', above),
  notRunning: (above = make.notRunning) =>
    codedError(Error, 'ERR_SOCKET_DGRAM_NOT_RUNNING', 'Not running', above),
};

/**
 * ERR_ACCESS_DENIED of the permission model (Node 25). The handle's bind()
 * returns it instead of a UV_ code.
 * @param {*} resource converted to a string; undefined: ''
 * @param {Function} [above]
 * @returns {Error}
 */
function accessDenied(resource, above = accessDenied) {
  const error = bareError(Error, 'Access to this API has been restricted. ' +
    'Use --allow-net to manage permissions.');
  captureStackTrace(error, above);
  error.code = 'ERR_ACCESS_DENIED';
  error.permission = 'Net';
  error.resource = resource === undefined ? '' : String(resource);
  return error;
}

/** 'EINVAL' for -22. */
function codeName(number) {
  return util.getSystemErrorName(number);
}

/** 'invalid argument' for -22. */
function codeMessage(number) {
  return util.getSystemErrorMap().get(number)?.[1] ?? 'unknown error';
}

/**
 * @param {string} name such as 'EBADF'
 * @returns {number} the negative UV_ code on this platform
 */
function errno(name) {
  for (const [code, [known]] of util.getSystemErrorMap()) {
    if (known === name) return code;
  }
  throw new Error(`libuv has no ${name}`);
}

/**
 * The code of a failure: a UV_ code, or accessDenied(). The type distinguishes
 * them, because a program may have added a `code` to Object.prototype.
 */
function codeOf(failure) {
  return typeof failure === 'number' ? codeName(failure) : failure.code;
}

/**
 * A failed system call: `setTTL EINVAL`, with errno, code and syscall.
 * @param {number|Error} number a negative UV_ code, or accessDenied()
 * @param {string} syscall
 * @param {Function} [above]
 * @returns {Error}
 */
function errnoException(number, syscall, above = errnoException) {
  const code = codeOf(number);
  const error = bareError(Error, `${syscall} ${code}`);
  captureStackTrace(error, above);
  error.errno = number;
  error.code = code;
  error.syscall = syscall;
  return error;
}

/**
 * A failed system call on an address: `bind EADDRINUSE 127.0.0.1:53`. Message
 * and object have no port if it is 0 or missing. `address` is always a
 * property, as given.
 * @param {number|Error} number a negative UV_ code, or accessDenied()
 * @param {string} syscall
 * @param {string} [address]
 * @param {number} [port]
 * @param {Function} [above]
 * @returns {Error}
 */
function hostPortException(number, syscall, address, port,
                           above = hostPortException) {
  const code = codeOf(number);
  let details = '';
  if (typeof number !== 'number') details = ` ${number.message}`;
  else if (port && port > 0) details = ` ${address}:${port}`;
  else if (address) details = ` ${address}`;
  const error = bareError(Error, `${syscall} ${code}${details}`);
  captureStackTrace(error, above);
  error.errno = number;
  error.code = code;
  error.syscall = syscall;
  error.address = address;
  if (port) error.port = port;
  return error;
}

/**
 * A failed libuv function, with libuv's description in the message, as Node's
 * UVException: `ENXIO: no such device or address, uv_if_indextoiid`.
 * @param {number} number a negative UV_ code
 * @param {string} syscall
 * @returns {Error}
 */
function uvException(number, syscall) {
  const code = codeName(number);
  const error =
    bareError(Error, `${code}: ${codeMessage(number)}, ${syscall}`);
  captureStackTrace(error, uvException);
  error.errno = number;
  error.code = code;
  error.syscall = syscall;
  return error;
}

module.exports = {
  ...make,
  BUFFER_TYPES,
  accessDenied,
  asThrownBy,
  badPort,
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
