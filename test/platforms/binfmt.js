'use strict';

/**
 * Lets the kernel start programs of another processor in qemu: an entry of
 * binfmt_misc, as /usr/lib/binfmt.d describes it. It is removed afterwards.
 */

const fs = require('node:fs');
const path = require('node:path');
const { execFileSync } = require('node:child_process');

const DIRECTORY = '/proc/sys/fs/binfmt_misc';

/**
 * @param {string} name such as 'qemu-aarch64'
 * @returns {() => void} undoes what was done
 * @throws {Error} without permission, or if qemu-user-static is not installed
 */
function registerBinfmt(name) {
  const line = fs.readFileSync(`/usr/lib/binfmt.d/${name}.conf`, 'latin1');
  const undo = [];
  if (!fs.existsSync(path.join(DIRECTORY, 'register'))) {
    execFileSync('mount', ['-t', 'binfmt_misc', 'binfmt_misc', DIRECTORY]);
    undo.push(() => execFileSync('umount', [DIRECTORY]));
  }
  const entry = path.join(DIRECTORY, name);
  if (!fs.existsSync(entry)) {
    fs.writeFileSync(path.join(DIRECTORY, 'register'), line.trim(), 'latin1');
    undo.unshift(() => fs.writeFileSync(entry, '-1'));
  }
  let done = false;
  const restore = () => {
    if (done) return;
    done = true;
    process.removeListener('exit', restore);
    undo.forEach((step) => step());
  };
  process.on('exit', restore); // also after a signal, see support.js
  return restore;
}

module.exports = { registerBinfmt };
