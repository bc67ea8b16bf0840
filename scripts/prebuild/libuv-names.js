'use strict';

// The functions that a libuv has, read off its header:
//
//   node scripts/prebuild/libuv-names.js .../include/node/uv.h
//
// libuv-1.44.txt beside this file is what it prints for libuv 1.44.2, that of
// Node 18. All of libuv 1.x keeps them (its own promise), so an addon that
// needs no other loads on every later Node.

const fs = require('node:fs');

const DECLARATION = /^UV_EXTERN\s[^;]*?\b(uv_\w+)\s*\(/gm;

/** @param {string} header path of uv.h */
function libuvNames(header) {
  const text = fs.readFileSync(header, 'utf8').replace(/\/\*.*?\*\//gs, '');
  const names = Array.from(text.matchAll(DECLARATION), ([, name]) => name);
  return [...new Set(names)].sort();
}

module.exports = { libuvNames };

if (require.main === module) {
  console.log(libuvNames(process.argv[2]).join('\n'));
}
