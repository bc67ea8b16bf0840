'use strict';

// Replaces dns.lookup() before it is captured, with one that needs no resolver:
// host names are unknown immediately, everything else is Node's.

const dns = require('node:dns');
const net = require('node:net');

const original = dns.lookup;

function lookup(name, options, callback) {
  if (typeof name !== 'string' || name === '' || net.isIP(name) !== 0) {
    original.call(this, name, options, callback);
    return;
  }
  if (name === 'localhost') {
    const family = options === 6 || options?.family === 6 ? 6 : 4;
    const address = family === 6 ? '::1' : '127.0.0.1';
    process.nextTick(callback, null, address, family);
    return;
  }
  const error = new Error(`getaddrinfo ENOTFOUND ${name}`);
  Object.assign(error, {
    errno: -3008, code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname: name,
  });
  process.nextTick(callback, error);
}

dns.lookup = lookup;
