'use strict';

/**
 * Resolves host names. Node calls dns.lookup() for every bind(), connect() and
 * unconnected send(); since 24.19 and 26.5 it skips numeric addresses of the
 * socket's own family. This package skips them on every Node, as long as no
 * program can notice the missing call.
 */

const { BOTH, LOOPBACK } = require('../batch/loopback');
const { validateFunction } = require('../errors/validators');
const { watch } = require('../node/loaded-modules');

const { process } = globalThis;

const [major, minor] = process.versions.node.split('.').map(Number);

/**
 * Whether this Node calls dns.lookup() for names only. It then reads the
 * property for each call, not once per socket.
 */
const NAMES_ONLY =
  major > 26 || (major === 26 && minor >= 5) || (major === 24 && minor >= 19);

// Loaded on first use: dns takes time to load, and net loads Node's streams.
let dns;
let net;

const isDnsLoaded = watch('dns');

function loadDns() {
  dns ??= require('node:dns');
  return dns;
}

/**
 * The source text of Node's own dns.lookup(), from Node 18 to 24. A replacement
 * does not match: GetAddrInfoReqWrap is internal to Node.
 */
const NODES_LOOKUP =
  /^function lookup\(hostname, options, callback\) \{[^]*GetAddrInfoReqWrap\(/;

function isNodesOwn(lookup) {
  return typeof lookup === 'function' &&
    NODES_LOOKUP.test(Function.prototype.toString.call(lookup));
}

/** Node's own dns.lookup(), as soon as it was recognised. */
let originalLookup;

/**
 * Tells Node's own dns.lookup() from a replacement, by a test or a caching
 * package. Node before 24.19 takes the function when a socket is created, and a
 * replacement expects to be called for numeric addresses too.
 */
function isOriginal(lookup) {
  if (lookup === originalLookup) return true;
  if (!isNodesOwn(lookup)) return false;
  originalLookup = lookup;
  return true;
}

/** A byte, and an address, as in net.isIPv4(). */
const BYTE = '(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
const IPV4 = new RegExp(`^(?:${BYTE}\\.){3}${BYTE}$`);

/**
 * As net.isIP(), but IPv4 addresses and names do not load the module.
 * @param {*} text
 * @returns {4|6|0} the family of a numeric address; 0: not numeric
 */
function isIP(text) {
  if (typeof text === 'string' && !text.includes(':')) {
    return IPV4.test(text) ? 4 : 0;
  }
  net ??= require('node:net');
  return net.isIP(text);
}

/**
 * Answers for a numeric address itself, in its own tick as dns.lookup() would,
 * and calls dns.lookup() for names.
 */
function lookupNames(address, family, callback) {
  const found = isIP(address);
  if (found !== 0 && (found === family || family === 0)) {
    // isIP() accepts an object that converts to an address.
    process.nextTick(callback, null, `${address}`, found);
    return;
  }
  loadDns().lookup(address, family, callback);
}

/** As in dns.lookup(), 0 stands for both families. */
function bindLookup(lookup, family) {
  const loopback = LOOPBACK[family];
  const wanted = family === BOTH ? 0 : family;
  return (address, callback) => lookup(address || loopback, wanted, callback);
}

/** The lookups of most sockets, by family; shared to save memory. */
const OWN_LOOKUP = {
  4: bindLookup(lookupNames, 4),
  6: bindLookup(lookupNames, 6),
  [BOTH]: bindLookup(lookupNames, BOTH),
};

/**
 * The `lookup` method of a handle.
 * @param {4|6|46} family
 * @param {Function} [lookup] the program's own (options.lookup)
 * @returns {function(string, function)} called with (address, callback); a
 *   falsy address is the loopback address
 * @throws {TypeError} ERR_INVALID_ARG_TYPE
 */
function createLookup(family, lookup) {
  if (lookup !== undefined) {
    validateFunction(lookup, 'lookup');
    return bindLookup(lookup, family);
  }
  if (NAMES_ONLY || !isDnsLoaded()) return OWN_LOOKUP[family];
  const { lookup: current } = loadDns();
  return isOriginal(current) ? OWN_LOOKUP[family] : bindLookup(current, family);
}

/**
 * @param {Function} lookup of createLookup()
 * @param {4|6|46} family
 * @returns {boolean} true if no program can notice that this lookup is not
 *   called for numeric addresses
 */
function skipsLiterals(lookup, family) {
  return lookup === OWN_LOOKUP[family];
}

/** The LookupCache of a lookup function that has one: lookup-cache.js. */
const caches = new WeakMap();

/**
 * @param {Function} lookup of a handle
 * @param {string} [address] an address or a name; falsy: loopback
 * @returns {string|undefined} the numeric address, if the option `lookupCache`
 *   was given and no lookup is necessary
 */
function findCached(lookup, address) {
  return caches.get(lookup)?.findNow(address);
}

/**
 * @param {Function} lookup of a handle
 * @param {4|6|46} family
 * @returns {boolean} whether it is not a program's own, which may never answer
 */
function isOwnLookup(lookup, family) {
  return skipsLiterals(lookup, family) ||
    caches.get(lookup)?.skipsLiterals === true;
}

module.exports = {
  LOOPBACK, OWN_LOOKUP, caches, createLookup, findCached, isIP, isOwnLookup,
  skipsLiterals,
};
