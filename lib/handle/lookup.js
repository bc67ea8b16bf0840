'use strict';

/**
 * From a host name to an address. Node asks dns.lookup() for every bind(),
 * connect() and unconnected send(); since 24.19 and 26.5 it leaves out the
 * numeric addresses of the socket's own family. We leave them out on every
 * Node, as long as nobody could have noticed the call.
 */

const { validateFunction } = require('../errors/validators');

const { process } = globalThis;

const [major, minor] = process.versions.node.split('.').map(Number);

/** This Node calls dns.lookup() for names only, and looks it up each time. */
const NAMES_ONLY =
  major > 26 || (major === 26 && minor >= 5) || (major === 24 && minor >= 19);

// Loaded late: dns takes time, and net brings Node's streams with it.
let dns;
let net;

function loadDns() {
  dns ??= require('node:dns');
  return dns;
}

/** How Node's own dns.lookup() reads, and no other can: Node 18 to 24. */
const NODES_LOOKUP =
  /^function lookup\(hostname, options, callback\) \{[^]*GetAddrInfoReqWrap\(/;

function isNodesOwn(lookup) {
  return typeof lookup === 'function' &&
    NODES_LOOKUP.test(Function.prototype.toString.call(lookup));
}

/** Node's own dns.lookup(), once it was seen. */
let originalLookup;

/**
 * Node before 24.19 keeps the dns.lookup() of the moment a socket is made. One
 * that was replaced by then, by a test or a caching package, expects to see
 * literals too: this is how it is told from Node's own.
 */
function isOriginal(lookup) {
  if (lookup === originalLookup) return true;
  if (!isNodesOwn(lookup)) return false;
  originalLookup = lookup;
  return true;
}

/** 4, 6, or 0: not a numeric address. */
function isIP(text) {
  net ??= require('node:net');
  return net.isIP(text);
}

/** A literal is its own answer, in a tick of its own as an answer would be. */
function lookupNames(address, family, callback) {
  if (isIP(address) === family) {
    // isIP() has asked an object for its text, too.
    process.nextTick(callback, null, `${address}`, family);
    return;
  }
  loadDns().lookup(address, family, callback);
}

const LOOPBACK = { 4: '127.0.0.1', 6: '::1' };

function bindLookup(ask, family) {
  const loopback = LOOPBACK[family];
  return (address, callback) => ask(address || loopback, family, callback);
}

/** What most sockets use, made once: ten thousand idle ones share it. */
const USUAL = {
  4: bindLookup(lookupNames, 4),
  6: bindLookup(lookupNames, 6),
};

/**
 * The `lookup` method of a handle.
 * @param {4|6} family
 * @param {Function} [lookup] the user's (options.lookup)
 * @returns {function(string, function)} of (address, callback); a falsy address
 *   is the loopback address
 * @throws {TypeError} ERR_INVALID_ARG_TYPE
 */
function createLookup(family, lookup) {
  if (lookup !== undefined) {
    validateFunction(lookup, 'lookup');
    return bindLookup(lookup, family);
  }
  if (NAMES_ONLY) return USUAL[family];
  const { lookup: current } = loadDns();
  return isOriginal(current) ? USUAL[family] : bindLookup(current, family);
}

/** True when nobody sees whether this lookup is called for literals. */
function skipsLiterals(lookup, family) {
  return lookup === USUAL[family];
}

module.exports = { LOOPBACK, createLookup, isIP, skipsLiterals };
