'use strict';

/** What the C core calls: the hooks that handle their events by socket id. */

const binding = require('../load/binding');
const inbox = require('../batch/inbox');
const outbox = require('../batch/outbox');
const uncaught = require('../node/uncaught');
const { emitDrain } = require('./drain');
const { publishDrops } = require('./drops');
const { emitIcmp } = require('./icmp');
const table = require('./table');

/**
 * A listener may have closed the socket, or the garbage collector has found it.
 */
function deliver(id, name) {
  const handle = table.find(id);
  return handle === undefined ? inbox.GONE : inbox.deliver(handle, name);
}

/**
 * Counts the hooks that are running. After a termination no `finally` runs and
 * the count stays up, which lets C tell it from a `throw null`.
 */
function counted(hook) {
  return (a, b, c) => {
    running[0]++;
    try {
      return hook(a, b, c);
    } finally {
      running[0]--;
    }
  };
}

const running = new Uint32Array(binding.hook({
  deliver: counted(deliver),
  complete: counted(outbox.completeQueued),
  closed: counted((id) => {
    const handle = table.find(id);
    if (handle === undefined) return;
    table.remove(handle);
    try {
      uncaught.run(handle, handle.onClosed, handle);
    } finally {
      handle.emitDestroy();
    }
  }),
  terminated: uncaught.wipeTerminated,
  idle: inbox.forgetSpares,
  stalled: counted(outbox.settleStalled),
  dropped: counted((id, count) => publishDrops(table.find(id), count)),
  icmp: counted((id, code, info) => emitIcmp(table.find(id), code, info)),
  congestion: counted((id, event) => table.find(id)?.emitCongestion(event)),
  drained: counted((id) => emitDrain(table.find(id))),
}));
