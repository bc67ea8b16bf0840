'use strict';

// A service that tells systemd its state (sd_notify(3)): ready, a status line,
// a sign of life for the watchdog, stopping. systemd names its socket in the
// environment.
//
//   node examples/sd-notify.js
//
// A unit with `Type=notify` and `WatchdogSec=10s` runs it. Without systemd, in
// two terminals:
//
//   socat -u UNIX-RECV:/tmp/notify.sock -
//   export NOTIFY_SOCKET=/tmp/notify.sock WATCHDOG_USEC=2000000
//   node examples/sd-notify.js

const dgram = require('dgram-native');

const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID } = process.env;

/**
 * Sends the lines of one message. Without systemd it does nothing.
 * @param {string[]} lines such as 'READY=1'
 * @returns {Promise<void>}
 */
function notify(...lines) {
  if (NOTIFY_SOCKET === undefined) return Promise.resolve();
  return new Promise((resolve, reject) => {
    // '@' in front is an abstract name, for systemd as well.
    socket.send(lines.join('\n'), NOTIFY_SOCKET, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

/** Half the time after which systemd restarts the service, in milliseconds. */
function watchdogInterval() {
  if (WATCHDOG_USEC === undefined) return undefined;
  const isForUs =
    WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === process.pid;
  return isForUs ? Number(WATCHDOG_USEC) / 2000 : undefined;
}

const socket = dgram.createSocket('unix_dgram');
const started = Date.now();

/** A sign of life, and a line for `systemctl status`. */
function beat() {
  const time = Math.round((Date.now() - started) / 1000);
  notify('WATCHDOG=1', `STATUS=Up for ${time} s`).catch(console.error);
}

const work = setInterval(() => {}, 60000); // that of the service
let watchdog;

async function start() {
  await notify('READY=1', `MAINPID=${process.pid}`, 'STATUS=Waiting for work');
  console.log('ready');
  const interval = watchdogInterval();
  if (interval !== undefined) watchdog = setInterval(beat, interval);
}

async function stop() {
  clearInterval(watchdog);
  clearInterval(work);
  await notify('STOPPING=1');
  socket.close();
}

process.once('SIGINT', stop);
process.once('SIGTERM', stop);

start();
