'use strict';

/**
 * The errors of Node's dgram: classes, codes and messages as Node words them
 * (lib/internal/errors.js of Node 26), so that programs and their tests cannot
 * tell the difference.
 */

const util = require('node:util');

// Programs replace this one, polyfills for instance.
const { captureStackTrace } = Error;

const BUFFER_KINDS = ['Buffer', 'TypedArray', 'DataView', 'string'];

/**
 * Defines a property, whatever Object.prototype says of that name. Without a
 * prototype the descriptor has no `get` that somebody gave to all objects.
 */
function define(object, name, value, enumerable = false) {
  Object.defineProperty(object, name, {
    __proto__: null, value, enumerable, configurable: true, writable: true,
  });
}

/** Without a stack, which costs most: captureStackTrace() makes it one. */
function bareError(Base, message) {
  const limit = Error.stackTraceLimit;
  // Not an assignment: where Error is frozen, that throws.
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

/**
 * Has the stack of an error of codedError() begin with the caller of `above`,
 * which is being called.
 */
function beginAbove(error, above) {
  // The stack is rendered once, from the name that it sees now.
  define(error, 'name', `${error.name} [${error.code}]`);
  captureStackTrace(error, above);
  void error.stack;
  delete error.name;
}

/**
 * The same for whatever was thrown: nothing happens to an error that is not of
 * codedError(), since it is the program's own.
 * @param {*} error
 * @param {Function} above
 * @returns {*} error
 */
function asThrownBy(error, above) {
  if (error?.toString === codedToString) beginAbove(error, above);
  return error;
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

// `above` comes last below: where it is left out, the stack begins with the
// function that asked for the error.

function invalidArgType(name, expectation, value, above = invalidArgType) {
  return codedError(
    TypeError, 'ERR_INVALID_ARG_TYPE',
    `The ${subject(name)} must be ${expectation}. Received ${describe(value)}`,
    above);
}

/**
 * @param {string} name 'buffer' or 'buffer list arguments'
 * @param {*} value what came instead of a string or a view of bytes
 * @param {Function} [above]
 */
function invalidBuffer(name, value, above = invalidBuffer) {
  const [first, second, third, text] = BUFFER_KINDS;
  return invalidArgType(
    name,
    `of type ${text} or an instance of ${first}, ${second}, or ${third}`,
    value, above);
}

function invalidArgValue(name, value, reason, above = invalidArgValue) {
  let text = util.inspect(value);
  if (text.length > 128) text = `${text.slice(0, 128)}...`;
  const kind = name.includes('.') ? 'property' : 'argument';
  return codedError(TypeError, 'ERR_INVALID_ARG_VALUE',
                    `The ${kind} '${name}' ${reason}. Received ${text}`, above);
}

function outOfRange(name, range, value, above = outOfRange) {
  return codedError(
    RangeError, 'ERR_OUT_OF_RANGE',
    `The value of "${name}" is out of range. It must be ${range}. ` +
    `Received ${describeNumber(value)}`, above);
}

function badPort(name, allowZero, value, above = badPort) {
  return codedError(
    RangeError, 'ERR_SOCKET_BAD_PORT',
    `${name} should be ${allowZero ? '>=' : '>'} 0 and < 65536. ` +
    `Received ${describe(value)}.`, above);
}

/** Codes whose message is fixed, or has one hole. */
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

/** 'EINVAL' for -22. */
function codeName(number) {
  return util.getSystemErrorName(number);
}

/**
 * What the permission model says (Node 25); bind() has it where a UV_ code
 * would be.
 * @param {*} resource
 * @param {Function} [above]
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
 * The name of what failed: of a UV_ code, or of accessDenied(). A number has no
 * `code`, unless somebody gave one to Object.prototype.
 */
function codeOf(failure) {
  return typeof failure === 'number' ? codeName(failure) : failure.code;
}

/**
 * A failed system call: `setTTL EINVAL`, with errno, code and syscall.
 * @param {number|Error} number a negative UV_ code, or accessDenied()
 * @param {string} syscall
 * @param {Function} [above] the stack begins with the caller of this function
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
 * A failed system call on an address: `bind EADDRINUSE 127.0.0.1:53`. The
 * port is left out of message and object when it is 0 or missing; `address`
 * is always a property, as given.
 * @param {number|Error} number a negative UV_ code, or accessDenied()
 * @param {string} syscall
 * @param {string} [address]
 * @param {number} [port]
 * @param {Function} [above] the stack begins with the caller of this function
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
 * A failed libuv function, with libuv's text in the message, as Node's
 * UVException: `ENXIO: no such device or address, uv_if_indextoiid`.
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
