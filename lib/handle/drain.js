'use strict';

/** The event 'drain': the send queue of a socket is empty again. */

const uncaught = require('../node/uncaught');

/** @param {UDP|undefined} handle undefined: it was closed in the meantime */
function emitDrain(handle) {
  if (handle === undefined || handle.closed || !handle.hasListeners('drain')) {
    return;
  }
  const { owner } = handle;
  uncaught.run(handle, owner.emit, owner, 'drain');
}

module.exports = { emitDrain };
