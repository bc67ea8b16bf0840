'use strict';

// Writes lines of standard input to the system log, like logger(1): a datagram
// per line, to the socket of the local syslog daemon or journal.
//
//   node examples/syslog.js [TAG [PATH]] < FILE
//
// PATH is /dev/log unless given. If the daemon is slower than the input, the
// input pauses: no line is lost. If it restarts, later lines go to the new one.

const readline = require('node:readline');
const dgram = require('dgram-native');

const tag = process.argv[2] ?? 'node';
const path = process.argv[3] ?? '/dev/log';

/** RFC 3164: facility `user`, severity `info`. */
const PRIORITY = 1 * 8 + 6;

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep',
                'Oct', 'Nov', 'Dec'];

/** The form of syslog(3), in local time: `Oct  9 22:33:20`. */
function timestamp(date) {
  const day = String(date.getDate()).padStart(2);
  const [time] = date.toTimeString().split(' ');
  return `${MONTHS[date.getMonth()]} ${day} ${time}`;
}

const format = (line) =>
  `<${PRIORITY}>${timestamp(new Date())} ${tag}[${process.pid}]: ${line}`;

const socket = dgram.createSocket('unix_dgram');
socket.connect(path);

const lines = readline.createInterface({ input: process.stdin });
let failed = 0;

socket.on('congestion', () => lines.pause());
socket.on('drain', () => lines.resume());

lines.on('line', (line) => {
  socket.send(format(line), (error) => {
    if (error && failed++ === 0) console.error(error.message);
  });
});

lines.on('close', () => {
  // The process ends when the last line has left.
  process.once('beforeExit', () => {
    socket.close();
    if (failed > 0) {
      console.error(`${failed} lines were not written`);
      process.exitCode = 1;
    }
  });
});
