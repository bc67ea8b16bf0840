'use strict';

/**
 * Lets the kernel start programs of another processor in qemu: an entry of
 * binfmt_misc, as /usr/lib/binfmt.d describes it. It is removed afterwards.
 */

const fs = require('node:fs');
const path = require('node:path');
const { execFileSync } = require('node:child_process');

const DIRECTORY = '/proc/sys/fs/binfmt_misc';

/** Entries that this process uses; the last user of the mount removes it. */
let users = 0;
let mounted = false;

function mount() {
  users++;
  if (fs.existsSync(path.join(DIRECTORY, 'register'))) return;
  execFileSync('mount', ['-t', 'binfmt_misc', 'binfmt_misc', DIRECTORY]);
  mounted = true;
}

function unmount() {
  if (--users > 0 || !mounted) return;
  mounted = false;
  execFileSync('umount', [DIRECTORY]);
}

/**
 * @param {string} name such as 'qemu-aarch64'
 * @returns {() => void} removes the entry, unless it was there before
 * @throws {Error} without permission, or if qemu-user-static is not installed
 */
function registerBinfmt(name) {
  const line = fs.readFileSync(`/usr/lib/binfmt.d/${name}.conf`, 'latin1');
  const entry = path.join(DIRECTORY, name);
  mount();
  const isNew = !fs.existsSync(entry);
  if (isNew)
    fs.writeFileSync(path.join(DIRECTORY, 'register'), line.trim(), 'latin1');
  let done = false;
  const restore = () => {
    if (done) return;
    done = true;
    process.removeListener('exit', restore);
    if (isNew) fs.writeFileSync(entry, '-1');
    unmount();
  };
  process.on('exit', restore); // also after a signal, see support.js
  return restore;
}

module.exports = { registerBinfmt };
