'use strict';

/**
 * What has come with received datagrams besides their source, for sockets with
 * the option `receiveInfo`.
 */

const binding = require('../load/binding');
const { now } = require('../node/clock');
const { TEXT_WORDS, readSource } = require('./sources');
const { InfoColumns } = require('./info-columns');

const {
  INBOX_INFOS, INBOX_LOCAL_TEXTS, RECV_GRO_BUFFERS, RECV_SLOTS, RECV_STATUS,
  RECV_WORDS, TEXT_BYTES, INFO_WORDS, INFO_PRESENT, INFO_LOCAL_ADDRESS,
  INFO_NEW_TEXT, INFO_INTERFACE_INDEX, INFO_TOS, INFO_TTL, INFO_TIMESTAMP,
  HAS_LOCAL_ADDRESS, HAS_INTERFACE, HAS_TOS, HAS_TTL, HAS_TIMESTAMP,
} = binding.layout;

const View = Buffer[Symbol.species];

/** Interfaces whose names a socket remembers. */
const NAMES_MAX = 1024;

/** Local addresses by slot, as the sources of sources.js. */
const localAddresses = [];

/** What has come with a GRO buffer; undefined: not asked for, or missing. */
class Info {
  constructor(localAddress, interfaceName, interfaceIndex, tos, ttl,
              timestamp) {
    this.localAddress = localAddress;
    this.interface = interfaceName;
    this.interfaceIndex = interfaceIndex;
    this.tos = tos;
    this.ttl = ttl;
    this.timestamp = timestamp;
  }
}

/** The part of an inbox that the C core writes for these sockets. */
class InfoMemory {
  constructor({ memory }) {
    const words = RECV_GRO_BUFFERS * INFO_WORDS;
    this.words = new Uint32Array(memory, INBOX_INFOS, words);
    this.longs = new BigInt64Array(memory, INBOX_INFOS, words / 2);
    // The names that readSource() expects.
    this.texts =
      new Int32Array(memory, INBOX_LOCAL_TEXTS, RECV_SLOTS * TEXT_WORDS);
    this.textBytes =
      new View(memory, INBOX_LOCAL_TEXTS, RECV_SLOTS * TEXT_BYTES);
  }
}

/** Names of interfaces by index. An interface can be renamed or removed. */
class InterfaceNames {
  constructor() {
    this.entries = new Map();
  }

  /**
   * @param {UDP} handle
   * @param {number} index
   * @param {number} second the current one of a monotonic clock: a name is
   *   looked up again in the next second
   * @returns {string|undefined} of a removed interface the last name known
   */
  find(handle, index, second) {
    let entry = this.entries.get(index);
    if (entry?.second === second) return entry.name;
    const name = handle.interfaceName(index);
    if (entry === undefined) {
      if (this.entries.size >= NAMES_MAX) this.entries.clear();
      entry = { name: undefined, second };
      this.entries.set(index, entry);
    }
    if (typeof name === 'string') entry.name = name;
    entry.second = second;
    return entry.name;
  }
}

/** What one socket has asked for. */
class ReceiveInfo {
  /**
   * @param {Set<string>} names of the option
   * @param {number} bits of these names, for handle.setReceiveInfo()
   */
  constructor(names, bits) {
    this.bits = bits;
    this.localAddress = names.has('localAddress');
    this.interface = names.has('interface');
    this.interfaceIndex = names.has('interfaceIndex');
    this.tos = names.has('tos');
    this.ttl = names.has('ttl');
    this.timestamp = names.has('timestamp');
    this.interfaceNames = new InterfaceNames();
  }

  /**
   * Reads what has come with each GRO buffer, into `inbox.infos`. Called before
   * any listener, since another batch may reuse the slot of an address.
   * @param {UDP} handle
   * @param {Inbox} inbox
   * @param {number} count of GRO buffers
   */
  read(handle, inbox, count) {
    const memory = inbox.infoMemory ??= new InfoMemory(inbox);
    const second = this.interface ? Math.floor(now() / 1000) : 0;
    for (let i = 0; i < count; i++) {
      if (inbox.statuses[i * RECV_WORDS + RECV_STATUS] < 0) continue;
      inbox.infos[i] = this.readOne(handle, memory, i * INFO_WORDS, second);
    }
  }

  readOne(handle, memory, at, second) {
    const { words } = memory;
    const present = words[at + INFO_PRESENT];
    const index = present & HAS_INTERFACE ?
      words[at + INFO_INTERFACE_INDEX] :
      undefined;
    return new Info(
      present & HAS_LOCAL_ADDRESS ? readAddress(memory, at) : undefined,
      this.interface && index !== undefined ?
        this.interfaceNames.find(handle, index, second) :
        undefined,
      index,
      present & HAS_TOS ? words[at + INFO_TOS] : undefined,
      present & HAS_TTL ? words[at + INFO_TTL] : undefined,
      present & HAS_TIMESTAMP ?
        memory.longs[at + INFO_TIMESTAMP >> 1] :
        undefined);
  }

  /**
   * @param {Source} source
   * @param {number} size of the datagram, in bytes
   * @param {Info} info
   * @returns {object} rinfo, with a property for each name
   */
  createRinfo({ address, family, port }, size, info) {
    const rinfo = { address, family, port, size };
    if (this.localAddress) rinfo.localAddress = info.localAddress;
    if (this.interface) rinfo.interface = info.interface;
    if (this.interfaceIndex) rinfo.interfaceIndex = info.interfaceIndex;
    if (this.tos) rinfo.tos = info.tos;
    if (this.ttl) rinfo.ttl = info.ttl;
    if (this.timestamp) rinfo.timestamp = info.timestamp;
    return rinfo;
  }

  /**
   * @param {number} count of datagrams at most
   * @returns {InfoColumns} the additional columns of a 'batch'
   */
  createColumns(count) {
    return new InfoColumns(this, count);
  }
}

/** @returns {string|undefined} undefined if its zone has no name */
function readAddress(memory, at) {
  const { words } = memory;
  const slot = words[at + INFO_LOCAL_ADDRESS];
  const newText = words[at + INFO_NEW_TEXT];
  const source = newText === 0 ?
    localAddresses[slot] :
    readSource(memory, localAddresses, slot, newText - 1);
  return source.error === 0 ? source.address : undefined;
}

module.exports = { ReceiveInfo };
