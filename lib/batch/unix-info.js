'use strict';

/**
 * `rinfo` and the columns of 'batch' for Unix sockets, which have names instead
 * of addresses. In the place of a ReceiveInfo (receive-info.js).
 */

const binding = require('../load/binding');

const {
  INBOX_INFOS, RECV_GRO_BUFFERS, RECV_STATUS, RECV_WORDS, INFO_WORDS,
  INFO_PRESENT, INFO_INTERFACE_INDEX, INFO_TOS, INFO_TTL, INFO_TIMESTAMP,
  HAS_CREDENTIALS, HAS_TIMESTAMP,
} = binding.layout;

// The members of unions of dgram_recv_info_t, in src/core/batch.h.
const INFO_PID = INFO_INTERFACE_INDEX;
const INFO_UID = INFO_TOS;
const INFO_GID = INFO_TTL;

/** The part of an inbox that the C core writes if something was asked for. */
class InfoMemory {
  constructor({ memory }) {
    const words = RECV_GRO_BUFFERS * INFO_WORDS;
    this.memory = memory;
    this.words = new Uint32Array(memory, INBOX_INFOS, words);
    this.longs = new BigInt64Array(memory, INBOX_INFOS, words / 2);
  }
}

/** The memory of the last inbox: nearly all batches use the same one. */
let lastMemory = null;

function openMemory(inbox) {
  if (lastMemory?.memory !== inbox.memory) lastMemory = new InfoMemory(inbox);
  return lastMemory;
}

class UnixInfo {
  /**
   * @param {Set<string>} names asked for: 'credentials', 'timestamp'
   * @param {number} bits HAS_* for the C core
   */
  constructor(names, bits) {
    this.bits = bits;
    this.credentials = names.has('credentials');
    this.timestamp = names.has('timestamp');
  }

  /** Reads what has come with the datagrams of a batch. */
  read(handle, inbox, count) {
    if (this.bits === 0) return;
    const memory = openMemory(inbox);
    for (let i = 0; i < count; i++) {
      if (inbox.statuses[i * RECV_WORDS + RECV_STATUS] < 0) continue;
      inbox.infos[i] = readOne(memory, i * INFO_WORDS);
    }
  }

  /**
   * @param {Source} source
   * @param {number} size of the datagram, in bytes
   * @param {object|undefined} info of readOne()
   * @returns {object} rinfo
   */
  createRinfo({ address }, size, info) {
    const rinfo = { path: address, family: 'unix', size };
    if (this.credentials) rinfo.credentials = info.credentials;
    if (this.timestamp) rinfo.timestamp = info.timestamp;
    return rinfo;
  }

  /**
   * @param {number} count of datagrams at most
   * @returns {UnixColumns}
   */
  createColumns(count) {
    return new UnixColumns(this, count);
  }
}

function readOne({ words, longs }, at) {
  const present = words[at + INFO_PRESENT];
  return {
    credentials: present & HAS_CREDENTIALS ?
      {
        pid: words[at + INFO_PID],
        uid: words[at + INFO_UID],
        gid: words[at + INFO_GID],
      } :
      undefined,
    timestamp: present & HAS_TIMESTAMP ?
      longs[at + INFO_TIMESTAMP >> 1] :
      undefined,
  };
}

/** The columns with what was asked for; a row per datagram. */
class UnixColumns {
  constructor({ credentials, timestamp }, count) {
    this.credentials = credentials ? new Array(count) : null;
    this.timestamp = timestamp ? new BigInt64Array(count) : null;
  }

  /** A GRO buffer of a Unix socket is one datagram: `from` is its row. */
  fill(from, end, info) {
    if (this.credentials !== null) this.credentials[from] = info.credentials;
    if (this.timestamp !== null) this.timestamp[from] = info.timestamp ?? 0n;
  }

  /** No source is blocked, so all rows are in use. */
  addTo(batch) {
    if (this.credentials !== null) batch.credentials = this.credentials;
    if (this.timestamp !== null) batch.timestamp = this.timestamp;
  }
}

/**
 * The value of 'batch', from that of a UDP socket: the addresses are names, and
 * there are no ports.
 * @param {object} batch of takeColumns()
 * @returns {object}
 */
function toUnixBatch({
  count, data, offsets, sizes, addresses, credentials, timestamp,
}) {
  const batch = {
    count, data, offsets, sizes, paths: addresses, family: 'unix',
  };
  if (credentials !== undefined) batch.credentials = credentials;
  if (timestamp !== undefined) batch.timestamp = timestamp;
  return batch;
}

module.exports = {
  BITS: { CREDENTIALS: HAS_CREDENTIALS, TIMESTAMP: HAS_TIMESTAMP },
  UnixInfo,
  toUnixBatch,
};
