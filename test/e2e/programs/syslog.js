'use strict';

// Logs with syslog-client, and receives messages of a syslog server.

const dgram = require('dgram');
const { once } = require('node:events');

const syslog = require('syslog-client');

const { serve } = require('../support/inside');

/** Logs `text 1` to `text COUNT`, in the format of RFC 5424. */
async function log(port, text, count) {
  const client = syslog.createClient('127.0.0.1', {
    port,
    transport: syslog.Transport.Udp,
    facility: syslog.Facility.Local3,
    severity: syslog.Severity.Notice,
    appName: 'e2e',
    rfc3164: false,
  });
  const sent = (message) => new Promise((resolve, reject) => {
    client.log(message, (error) => error ? reject(error) : resolve());
  });
  for (let i = 1; i <= count; i++) await sent(`${text} ${i}`);
  client.close();
}

const gathered = [];

async function gather() {
  const socket = dgram.createSocket('udp4');
  socket.on('message', (msg) => gathered.push(String(msg)));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket.address().port;
}

serve({ log, gather, gathered: () => gathered });
