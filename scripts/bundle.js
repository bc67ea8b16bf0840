'use strict';

// Makes dist/, which is what is published of lib/: one file, since Node takes
// a third of a millisecond to find and load each, at every start of a program.
//
//   node scripts/bundle.js [--or-link]
//
// --or-link, for `npm install --omit=dev` in a checkout: without esbuild dist/
// only refers to lib/.

const fs = require('node:fs');
const path = require('node:path');

const root = path.join(__dirname, '..');
const lib = path.join(root, 'lib');
const dist = path.join(root, 'dist');
const entry = path.join(dist, 'index.js');

/** Other ways to load ./index.js; it is beside them here as it is in lib/. */
const COPIED = ['index.mjs', 'register.js'];

function hasEsbuild() {
  try {
    return Boolean(require.resolve('esbuild'));
  } catch {
    return false;
  }
}

function prepare() {
  fs.mkdirSync(dist, { recursive: true });
  for (const name of COPIED) {
    fs.copyFileSync(path.join(lib, name), path.join(dist, name));
  }
}

/** Writes dist/ anew. Programs that run have read theirs. */
function bundle() {
  prepare();
  require('esbuild').buildSync({
    absWorkingDir: root,
    entryPoints: [path.join(lib, 'index.js')],
    outfile: entry,
    bundle: true,
    external: ['node-gyp-build'],
    platform: 'node',
    format: 'cjs',
    target: 'node18',
    charset: 'utf8',
    banner: { js: '// Made of lib/ by scripts/bundle.js of the repository.' },
    logLevel: 'warning',
  });
}

function link() {
  prepare();
  fs.writeFileSync(entry,
                   "'use strict';\n\nmodule.exports = require('../lib');\n");
}

if (require.main === module) {
  if (process.argv.includes('--or-link') && !hasEsbuild()) link();
  else bundle();
}

module.exports = { bundle };
