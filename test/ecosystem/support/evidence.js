'use strict';

/**
 * Loaded first in each process and thread of a program: records which
 * implementation created each of its sockets. Without this evidence all
 * programs would also pass with node:dgram.
 *
 * A line of ECOSYSTEM_EVIDENCE is written synchronously, since the process may
 * be killed. It is one socket whose constructor has completed:
 *
 * - `native`    a compiled addon has opened a socket since the last
 *               line of this thread, by the addon's own count
 * - `exported`  a built-in that the package created because Node's
 *               IPC accepts no other handle
 * - `builtin`   a socket of node:dgram
 *
 * or an `addon` of the package that has been loaded.
 *
 * It adds no handle, timer, process listener or async resource.
 */

const fs = require('node:fs');
const diagnostics = require('node:diagnostics_channel');
const { threadId } = require('node:worker_threads');

const { appendFileSync } = fs;
const log = process.env.ECOSYSTEM_EVIDENCE;

/**
 * Frames of the packed package, in any folder. Without an addon its fallback
 * creates sockets of node:dgram for the program.
 */
const OURS =
  /[\\/]dgram-native[\w-]*[\\/](?:dist|lib)[\\/](?!fallback)/;

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

/** Whether an addon has opened a socket since the last call. */
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

// Node 18 holds channels weakly, and thus their subscribers.
module.exports = { channel, subscriber };
