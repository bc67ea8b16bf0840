'use strict';

// Lists the functions of a libuv, from its header:
//
//   node scripts/prebuild/libuv-names.js .../include/node/uv.h
//
// libuv-1.44.txt is the output for libuv 1.44.2, the version of Node 18. All of
// libuv 1.x keeps these functions, as it promises. An addon that needs no
// others loads on every later Node.

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
