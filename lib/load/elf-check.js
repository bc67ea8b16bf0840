'use strict';

/**
 * Detects a truncated shared object before it is loaded. On Linux one that was
 * cut short, by a full disk or an interrupted copy, may load: glibc maps what
 * the ELF header promises, and the process dies of SIGBUS at the missing page.
 */

const fs = require('node:fs');

const { process } = globalThis;

// The header of a 64-bit little-endian ELF file.
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

/** Linkers and strip(1) write the section table at the end of the file. */
function endOf(header) {
  // The field has 64 bits, but no addon has 4 GiB.
  return header.getUint32(SECTIONS_OFFSET, true) +
    header.getUint16(SECTION_SIZE, true) *
    header.getUint16(SECTION_COUNT, true);
}

/**
 * @param {string} file an existing file
 * @throws {Error} if it is truncated or cannot be read
 */
function checkComplete(file) {
  if (process.platform !== 'linux') return;
  const fd = fs.openSync(file, 'r');
  try {
    // Not a Buffer, whose methods V8 would have to compile first.
    const header = new DataView(new ArrayBuffer(SIZE));
    const read = fs.readSync(fd, header, 0, SIZE, 0);
    // dlopen() reports any other kind of file.
    if (read < SIZE || !isElf64(header)) return;
    if (fs.readSync(fd, header, 0, 1, endOf(header) - 1) === 0) {
      throw new Error(`${file}: file cut short`);
    }
  } finally {
    fs.closeSync(fd);
  }
}

module.exports = { checkComplete };
