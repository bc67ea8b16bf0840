'use strict';

/**
 * Columns of a 'batch' with what has come with the datagrams. They have their
 * own memory: the other columns are behind the payloads, unaligned for 64 bits.
 */
class InfoColumns {
  /**
   * @param {ReceiveInfo} asked which columns
   * @param {number} count of datagrams at most
   */
  constructor(asked, count) {
    const memory = new ArrayBuffer(count * 14);
    this.asked = asked;
    this.localAddress = asked.localAddress ? new Array(count) : null;
    this.interface = asked.interface ? new Array(count) : null;
    this.timestamp = new BigInt64Array(memory, 0, count);
    this.interfaceIndex = new Uint32Array(memory, count * 8, count);
    this.tos = new Uint8Array(memory, count * 12, count);
    this.ttl = new Uint8Array(memory, count * 13, count);
  }

  /**
   * Sets rows to what has come with a GRO buffer. Missing numbers remain 0.
   * @param {number} from index of the first row
   * @param {number} end index behind the last row
   * @param {Info} info
   */
  fill(from, end, info) {
    const { asked, localAddress } = this;
    const { interfaceIndex = 0, tos = 0, ttl = 0, timestamp = 0n } = info;
    // Most runs have one datagram, which TypedArray.prototype.fill() is slow
    // for.
    for (let i = from; i < end; i++) {
      if (asked.localAddress) localAddress[i] = info.localAddress;
      if (asked.interface) this.interface[i] = info.interface;
      this.interfaceIndex[i] = interfaceIndex;
      this.tos[i] = tos;
      this.ttl[i] = ttl;
      this.timestamp[i] = timestamp;
    }
  }

  /**
   * Adds the columns to a batch.
   * @param {object} batch
   * @param {number} count of rows in use
   */
  addTo(batch, count) {
    const { asked } = this;
    if (asked.localAddress) batch.localAddress = cut(this.localAddress, count);
    if (asked.interface) batch.interface = cut(this.interface, count);
    for (const name of ['interfaceIndex', 'tos', 'ttl', 'timestamp']) {
      if (asked[name]) batch[name] = this[name].subarray(0, count);
    }
  }
}

function cut(list, count) {
  list.length = count;
  return list;
}

module.exports = { InfoColumns };
