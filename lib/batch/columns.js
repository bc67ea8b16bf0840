'use strict';

/** The value of the 'batch' event: one block of datagrams as columns. */

const binding = require('../load/binding');
const { countDatagrams, takePayloads } = require('./blocks');
const { BOTH, familyName } = require('./loopback');

const { RECV_WORDS, RECV_LENGTH, RECV_SEGMENT } = binding.layout;

// The constructor behind Buffer, without Buffer.from()'s argument checks.
const View = Buffer[Symbol.species];

/**
 * Copies a block into columns. Datagrams from blocked sources are omitted.
 * `data` belongs to the listener and is never written again, unless the socket
 * has the option reuseBatch.
 * @param {UDP} handle
 * @param {Inbox} inbox
 * @param {number} from index of the first GRO buffer
 * @param {number} end index behind the last GRO buffer
 * @param {number} size of the payloads, in bytes
 * @returns {{count: number, data: Buffer, offsets: Uint32Array,
 *   sizes: Uint32Array, ports: Uint16Array, addresses: string[],
 *   family: string}} and the columns of the option receiveInfo
 */
function takeColumns(handle, inbox, from, end, size) {
  const { groBuffers } = inbox;
  const most = countDatagrams(inbox, from, end);
  // One ArrayBuffer for all columns: an allocation costs more than its bytes.
  const padding = -size & 3;
  takePayloads(inbox, from, end, size, padding + most * 10,
               handle.reuseBatch && !handle.sharedBuffers);
  const { block } = inbox;
  const offsets = new Uint32Array(block, size + padding, most);
  const sizes = new Uint32Array(block, size + padding + most * 4, most);
  const ports = new Uint16Array(block, size + padding + most * 8, most);
  const addresses = new Array(most);
  const infoColumns = inbox.receiveInfo?.createColumns(most);
  let index = 0;
  let offset = 0;
  for (let i = from; i < end; i++) {
    const at = i * RECV_WORDS;
    const { address, family, port } = inbox.sources[i];
    const segment = groBuffers[at + RECV_SEGMENT];
    const stop = offset + groBuffers[at + RECV_LENGTH];
    if (handle.blocks(address, family)) {
      offset = stop;
      continue;
    }
    const first = index;
    do {
      offsets[index] = offset;
      sizes[index] = segment;
      ports[index] = port;
      addresses[index] = address;
      index++;
      offset += segment;
    } while (offset < stop);
    sizes[index - 1] -= offset - stop; // the last one may be shorter
    infoColumns?.fill(first, index, inbox.infos[i]);
    offset = stop;
  }
  if (index < most) addresses.length = index;
  const batch = {
    count: index,
    data: new View(block, 0, size),
    offsets: index === most ? offsets : copyRows(offsets, index),
    sizes: index === most ? sizes : copyRows(sizes, index),
    ports: index === most ? ports : copyRows(ports, index),
    addresses,
    family: handle.family === BOTH ?
      inbox.sources[from].family :
      familyName(handle.family),
  };
  infoColumns?.addTo(batch, index);
  return batch;
}

/**
 * Copies the rows in use. Clears the memory of the column, which the program
 * can see behind `data` and which was not initialized.
 */
function copyRows(column, count) {
  const rows = column.slice(0, count);
  column.fill(0);
  return rows;
}

module.exports = { takeColumns };
