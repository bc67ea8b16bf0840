// A CommonJS module, in TypeScript's own words for it.
import dgram = require('dgram-native');
import register = require('dgram-native/register');

const socket: dgram.Socket = dgram.createSocket('udp4', (msg, rinfo) => {
  const text: string = msg.toString('utf8');
  console.log(text, rinfo.address);
});
import promises = require('dgram-native/promises');
const { createSocket }: typeof promises = promises;
const closed: Promise<void> = createSocket('udp4').close();

const handed: number = socket.sendMany([]);

// @ts-expect-error -- there is no default to require
dgram.default.createSocket('udp4');
// @ts-expect-error -- register exports nothing
console.log(register.Socket);

console.log(closed, handed, dgram.transport);
