'use strict';

/**
 * A DHCP server (RFC 2131) on all interfaces of a host, for dhcp.test.js: as
 * much of the protocol as a client needs to get, renew and release a lease.
 */

const { once } = require('node:events');

const packed = require('../support/package');
const { serve } = require('../support/remote');

const dgram = require(packed.main);

const SERVER_PORT = 67;
const CLIENT_PORT = 68;
const EVERYBODY = '255.255.255.255';

/** The fixed header, then the magic cookie, then options. */
const HEADER = 236;
const COOKIE = 0x63825363;
const [BOOT_REQUEST, BOOT_REPLY] = [1, 2];

const OPTION = {
  mask: 1, leaseTime: 51, type: 53, server: 54, end: 255,
};
const TYPE = {
  discover: 1, offer: 2, request: 3, ack: 5, release: 7, inform: 8,
};
const ANSWERS = new Map([
  [TYPE.discover, TYPE.offer], [TYPE.request, TYPE.ack],
  [TYPE.inform, TYPE.ack],
]);
const LEASE_TIME = 600;

const bytesOf = (address) => Buffer.from(address.split('.').map(Number));
const addressAt = (msg, at) => [...msg.subarray(at, at + 4)].join('.');

/** @returns {Map<number, Buffer>} */
function optionsOf(msg) {
  const options = new Map();
  for (let at = HEADER + 4; at + 1 < msg.length && msg[at] !== OPTION.end;) {
    if (msg[at] === 0) {
      at++;
    } else {
      const end = at + 2 + msg[at + 1];
      options.set(msg[at], msg.subarray(at + 2, end));
      at = end;
    }
  }
  return options;
}

function toReply(request, type, { server, client }) {
  const header = Buffer.from(request.subarray(0, HEADER));
  header[0] = BOOT_REPLY;
  bytesOf(client).copy(header, 16); // yiaddr
  const leaseTime = Buffer.alloc(4);
  leaseTime.writeUInt32BE(LEASE_TIME);
  const cookie = Buffer.alloc(4);
  cookie.writeUInt32BE(COOKIE);
  const options = [
    [OPTION.type, Buffer.of(type)], [OPTION.server, bytesOf(server)],
    [OPTION.leaseTime, leaseTime], [OPTION.mask, bytesOf('255.255.255.0')],
  ].flatMap(([code, value]) => [Buffer.of(code, value.length), value]);
  return Buffer.concat(
    [header, cookie, ...options, Buffer.of(OPTION.end)], 300);
}

const requests = [];
let socket;

serve({
  /**
   * @param {Object<string, { server: string, client: string }>} leases by the
   *   name of the interface: address of this server, and of its only client
   * @param {boolean} [plain] lets the kernel select the source of answers to
   *   an address, to prove that a client notices
   */
  async open({ leases, plain = false }) {
    socket = dgram.createSocket(
      { type: 'udp4', receiveInfo: ['localAddress', 'interface'] });
    socket.on('message', (msg, { localAddress, interface: device }) => {
      if (msg.length < HEADER + 4 || msg[0] !== BOOT_REQUEST ||
        msg.readUInt32BE(HEADER) !== COOKIE || !leases[device]) return;
      const type = optionsOf(msg).get(OPTION.type)?.[0];
      const client = addressAt(msg, 12); // ciaddr
      requests.push({ type, device, localAddress, client });
      if (!ANSWERS.has(type)) return;
      const reply = toReply(msg, ANSWERS.get(type), leases[device]);
      if (localAddress === EVERYBODY) {
        // The client has no address yet, and there is no route to it.
        socket.send(reply, {
          port: CLIENT_PORT, address: EVERYBODY, interface: device,
          localAddress: leases[device].server,
        });
      } else {
        socket.send(reply, {
          port: CLIENT_PORT, address: client,
          localAddress: plain ? undefined : localAddress,
        });
      }
    });
    socket.bind(SERVER_PORT);
    await once(socket, 'listening');
    socket.setBroadcast(true);
  },

  /** What clients have asked: `{ type, device, localAddress, client }`. */
  requests: () => requests,
});
