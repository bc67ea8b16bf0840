'use strict';

/**
 * Loaded before anything else in each process and thread of a program: writes
 * down which implementation made each of its sockets. Without it all programs
 * would pass with node:dgram underneath.
 *
 * A line of ECOSYSTEM_EVIDENCE is written at once, since the process may be
 * killed later. It is one socket whose constructor has finished:
 *
 * - `native`    a compiled addon of ours has opened a socket since the last
 *               line of this thread, by the addon's own count
 * - `exported`  a built-in that the package made on purpose, because Node's
 *               IPC takes no other handle
 * - `builtin`   a socket of node:dgram
 *
 * or an `addon` of ours that has been loaded.
 *
 * It leaves no handle, timer, listener of the process, or async resource.
 */

const fs = require('node:fs');
const diagnostics = require('node:diagnostics_channel');
const { threadId } = require('node:worker_threads');

const { appendFileSync } = fs;
const log = process.env.ECOSYSTEM_EVIDENCE;

/** Frames of the packed package, wherever a copy of it lies. */
const OURS = /[\\/]dgram-native[\w-]*[\\/](?:dist|lib)[\\/]/;

const ADDON = /dgram[-_]native[^\\/]*\.node$/;

const addons = new Set();
let opened = 0;

function watchAddons() {
  const { dlopen } = process;
  process.dlopen = function(module, file, ...rest) {
    const result = Reflect.apply(dlopen, this, [module, file, ...rest]);
    if (ADDON.test(file)) {
      addons.add(module.exports);
      note('addon');
    }
    return result;
  };
}

/** Whether an addon has opened a socket since this was called last. */
function hasOpened() {
  let sum = 0;
  for (const addon of addons) sum += addon.stats().sockets;
  const more = sum > opened;
  opened = sum;
  return more;
}

function kindOfLast() {
  if (hasOpened()) return 'native';
  return OURS.test(new Error('where').stack) ? 'exported' : 'builtin';
}

function note(kind) {
  const line = { pid: process.pid, thread: threadId, kind };
  appendFileSync(log, `${JSON.stringify(line)}\n`);
}

watchAddons();
const channel = diagnostics.channel('udp.socket');
const subscriber = () => note(kindOfLast());
channel.subscribe(subscriber);

// Node 18 holds channels weakly, and their subscribers with them.
module.exports = { channel, subscriber };
