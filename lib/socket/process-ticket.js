'use strict';

/**
 * Tickets for another process. The descriptor travels as a built-in handle,
 * which child.send() accepts; all else is text, which both serializations of
 * child_process carry.
 */

const { Buffer } = require('node:buffer');
const binding = require('../load/binding');
const errors = require('../errors/errors');
const { arrive, depart, isTaken } = require('../node/departures');
const { isBuiltinHandle } = require('../node/node-internals');
const { throwOnError } = require('./common');
const { CONNECTED, DISCONNECTED } = require('./state');
const { bitsOf, readReceiveInfo } = require('./receive-info');

/** Of the note, and of src/core/ticket_codec.h. */
const VERSION = 1;

/** In milliseconds: an imported ticket is used at once. */
const LIFETIME = 60_000;

const INVALID = errors.errno('EINVAL');

/**
 * @param {string} token of a ticket of this process, which is used up
 * @param {string} note of writeNote()
 * @param {number} timeout milliseconds after which the handle is closed
 * @returns {{ticket: object, handle: object}}
 * @throws {Error} ENOMEM, EBADF
 */
function exportTicket(token, note, timeout) {
  const exported = { __proto__: null };
  throwOnError(binding.exportTicket(token, exported), 'detach');
  const handle = depart(exported.fd, timeout);
  // Without a name the ticket is not compared with its handle.
  const { address, port } = nameOf(handle);
  const data = exported.data.toString('base64');
  return { ticket: { version: VERSION, address, port, note, data }, handle };
}

/**
 * The local address of a built-in handle. The zone is left out: the interface
 * may have another name where the ticket is used, in a network namespace for
 * example.
 * @returns {{code: number, address: string|undefined, port: number|undefined}}
 *   without a name after an error, and if there is no such interface
 */
function nameOf(handle) {
  const name = { __proto__: null };
  let code = 0;
  try {
    code = handle.getsockname(name);
  } catch {
    // Node throws the error of if_indextoname().
  }
  const { address, port } = name;
  return { code, address: address?.split('%')[0], port };
}

function invalid(ticket, reason, above) {
  return errors.invalidArgValue('options.from', ticket, reason, above);
}

function isFlag(value) {
  return value === undefined || typeof value === 'boolean';
}

/** @returns {object|undefined} undefined: writeNote() has not written it */
function parseNote(text) {
  let note;
  try {
    note = JSON.parse(text);
    readReceiveInfo(note, () => {});
  } catch {
    return undefined;
  }
  const isValid = ['udp4', 'udp6', 'udp'].includes(note.type) &&
    [CONNECTED, DISCONNECTED].includes(note.connectState) &&
    isFlag(note.reuseAddr) && isFlag(note.reusePort) &&
    isFlag(note.ipv6Only) && isFlag(note.sharedBuffers) &&
    isFlag(note.reuseBatch);
  return isValid ? note : undefined;
}

function checkHandle(handle, above) {
  if (typeof handle !== 'object' || handle === null ||
      !isBuiltinHandle(handle)) {
    throw errors.invalidArgType(
      'options.handle', 'the handle that came with the ticket', handle, above);
  }
  if (handle.fd < 0 || isTaken(handle)) {
    throw errors.invalidArgValue(
      'options.handle', handle, 'must be open, and is used once', above);
  }
}

function checkName(from, handle, above) {
  const { address, port } = from;
  if (address === undefined && port === undefined) return;
  const name = nameOf(handle);
  throwOnError(name.code, 'open', above);
  if (name.address === undefined) return;
  if (name.address !== address || name.port !== port) {
    throw invalid(from, 'must be the ticket that came with options.handle',
                  above);
  }
}

/**
 * @param {object} from a ticket of exportTicket()
 * @param {*} handle the option
 * @param {Function} above where the stack begins, see errors.js
 * @returns {object} what writeNote() has written, and what openTicket() needs
 * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
 * @throws {Error} a system error of open
 */
function readProcessTicket(from, handle, above) {
  const { version, note: text, data } = from;
  if (version !== VERSION) {
    throw invalid(from, 'must be a ticket of the same version of ' +
      'dgram-native', above);
  }
  const note = typeof text === 'string' ? parseNote(text) : undefined;
  if (note === undefined || typeof data !== 'string') {
    throw invalid(from, 'must be a ticket of detach()', above);
  }
  checkHandle(handle, above);
  checkName(from, handle, above);
  // A note of somebody else may name a ticket of this process.
  return { __proto__: null, ...note, token: undefined, data, handle };
}

/**
 * @param {object} ticket of readProcessTicket()
 * @param {object} from as above
 * @param {Function} above
 * @returns {string} the token of a ticket of this process; the handle is still
 *   open
 * @throws {TypeError} ERR_INVALID_ARG_VALUE
 * @throws {Error} a system error of open
 */
function importTicket({ data, handle, receiveInfo = [] }, from, above) {
  const bytes = Buffer.from(data, 'base64'); // ignores what it cannot read
  const token = bytes.toString('base64') === data ?
    binding.importTicket(handle.fd, bytes, bitsOf(receiveInfo), LIFETIME) :
    INVALID;
  if (token === INVALID) {
    throw invalid(from, 'must be a ticket of detach()', above);
  }
  if (typeof token === 'number') throwOnError(token, 'open', above);
  return token;
}

/** The socket of an imported ticket is open. */
function endTicket({ handle }) {
  arrive(handle);
}

module.exports = { endTicket, exportTicket, importTicket, readProcessTicket };
