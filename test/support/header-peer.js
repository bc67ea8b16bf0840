'use strict';

/**
 * A receiver that is not this package: a Python program that reports the header
 * fields of each datagram. Linux.
 */

const { spawn } = require('node:child_process');

const { scaled } = require('./time');

/** The numbers of Linux: older Pythons lack some names. */
const PROGRAM = `
import json, os, socket, struct, sys
sockets = []
for family, address in ((socket.AF_INET, '127.0.0.1'), (socket.AF_INET6, '::1')):
    try:
        s = socket.socket(family, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        if family == socket.AF_INET:
            for option in (8, 12, 13): # IP_PKTINFO, IP_RECVTTL, IP_RECVTOS
                s.setsockopt(0, option, 1)
        else:
            for option in (49, 51, 66): # PKTINFO, HOPLIMIT, TCLASS
                s.setsockopt(41, option, 1)
        s.bind((address, 0))
        sockets.append(s)
    except OSError:
        sockets.append(None)
print(json.dumps([s.getsockname()[1] if s else 0 for s in sockets]), flush=True)
import select
while True:
    for s in select.select([s for s in sockets if s], [], [])[0]:
        data, controls, flags, peer = s.recvmsg(65536, 512)
        report = {'text': data[:64].decode('latin1'), 'size': len(data),
                  'from': peer[0], 'port': peer[1]}
        for level, kind, value in controls:
            if (level, kind) in ((0, 1), (41, 67)): # one byte, four bytes
                report['tos'] = int.from_bytes(value, sys.byteorder)
            elif (level, kind) in ((0, 2), (41, 52)):
                report['ttl'] = struct.unpack('i', value)[0]
        print(json.dumps(report), flush=True)
`;

class HeaderPeer {
  /** @returns {Promise<HeaderPeer>} with the ports `port4` and `port6` */
  static async open() {
    const peer = new HeaderPeer();
    [[peer.port4, peer.port6]] = await peer.take(1);
    return peer;
  }

  constructor() {
    this.child = spawn('python3', ['-c', PROGRAM],
      { stdio: ['ignore', 'pipe', 'inherit'] });
    this.child.on('error', (error) => { this.failure = error; });
    this.lines = [];
    this.waiting = () => {};
    let rest = '';
    this.child.stdout.setEncoding('utf8').on('data', (text) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop();
      this.lines.push(...lines.map((line) => JSON.parse(line)));
      this.waiting();
    });
  }

  /** The next `count` reports, in order. */
  take(count) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting = () => {};
        reject(this.failure ??
          new Error(`${this.lines.length} of ${count} datagrams`));
      }, scaled(10000));
      this.waiting = () => {
        if (this.lines.length < count) return;
        clearTimeout(timer);
        this.waiting = () => {};
        resolve(this.lines.splice(0, count));
      };
      this.waiting();
    });
  }

  close() {
    this.child.kill('SIGKILL');
  }
}

module.exports = { HeaderPeer };
