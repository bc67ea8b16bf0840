'use strict';

/**
 * A shared object that was cut short, by a full disk or an interrupted copy,
 * does not fail to load on Linux: glibc maps what its header promises, and the
 * process dies of SIGBUS at the missing page. There is no falling back then,
 * so it is looked at before.
 */

const fs = require('node:fs');

const { process } = globalThis;

// ELF header of 64 bits, least significant byte first.
const MAGIC = 0x464c457f;
const CLASS_64_LITTLE = 0x0102;
const SIZE = 64;
const SECTIONS_OFFSET = 40;
const SECTION_SIZE = 58;
const SECTION_COUNT = 60;

function isElf64(header) {
  return header.getUint32(0, true) === MAGIC &&
    header.getUint16(4, true) === CLASS_64_LITTLE;
}

/** Linkers and strip(1) put the table of sections at the end of the file. */
function endOf(header) {
  // 64 bits wide, but no addon has 4 GiB.
  return header.getUint32(SECTIONS_OFFSET, true) +
    header.getUint16(SECTION_SIZE, true) *
    header.getUint16(SECTION_COUNT, true);
}

/**
 * @param {string} file that is there
 * @throws {Error} when a part of it is missing, or it cannot be read
 */
function checkWhole(file) {
  if (process.platform !== 'linux') return;
  const fd = fs.openSync(file, 'r');
  try {
    // Not a Buffer: the first use of each of its methods has to compile it.
    const header = new DataView(new ArrayBuffer(SIZE));
    const read = fs.readSync(fd, header, 0, SIZE, 0);
    // Whatever else this is, dlopen() says so.
    if (read < SIZE || !isElf64(header)) return;
    if (fs.readSync(fd, header, 0, 1, endOf(header) - 1) === 0) {
      throw new Error(`${file}: file cut short`);
    }
  } finally {
    fs.closeSync(fd);
  }
}

module.exports = { checkWhole };
