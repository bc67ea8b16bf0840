'use strict';

// An SNMP manager or agent, with the package net-snmp.

const snmp = require('net-snmp');

const { serve } = require('../support/inside');

const VERSIONS = { 1: snmp.Version1, '2c': snmp.Version2c };

const plain = ({ oid, value }) =>
  ({ oid, value: Buffer.isBuffer(value) ? String(value) : value });

function sessionTo(port, version) {
  return snmp.createSession('127.0.0.1', 'public',
    { port, version: VERSIONS[version], retries: 3, timeout: 5000 });
}

function sessionV3To(port, name, key) {
  return snmp.createV3Session('127.0.0.1', {
    name,
    level: snmp.SecurityLevel.authPriv,
    authProtocol: snmp.AuthProtocols.sha,
    authKey: key,
    privProtocol: snmp.PrivProtocols.aes,
    privKey: key,
  }, { port, retries: 3, timeout: 5000 });
}

function get(session, oids) {
  return new Promise((resolve, reject) => {
    session.get(oids, (error, varbinds) => {
      session.close();
      if (error) reject(error);
      else resolve(varbinds.map(plain));
    });
  });
}

/** Reads everything below `oid` in bulk, many variables an answer. */
function walk(port, oid) {
  const session = sessionTo(port, '2c');
  const found = [];
  return new Promise((resolve, reject) => {
    session.subtree(oid, 20, (varbinds) => found.push(...varbinds.map(plain)),
      (error) => {
        session.close();
        if (error) reject(error);
        else resolve(found);
      });
  });
}

/** An agent with a few names and one writable number. */
function agent(names) {
  // The test finds its port. net-snmp replaces 0 with the default, 161.
  const running = snmp.createAgent({
    port: '0', address: '127.0.0.1', disableAuthorization: true,
  }, (error) => {
    if (error) throw error;
  });
  const mib = running.getMib();
  for (const [oid, value] of Object.entries(names)) {
    running.registerProvider({
      name: `name${oid}`,
      type: snmp.MibProviderType.Scalar,
      oid,
      scalarType: snmp.ObjectType.OctetString,
      maxAccess: snmp.MaxAccess['read-write'],
    });
    mib.setScalarValue(`name${oid}`, value);
  }
}

serve({
  agent,
  walk,
  get: (port, version, oids) => get(sessionTo(port, version), oids),
  getV3: (port, name, key, oids) => get(sessionV3To(port, name, key), oids),
});
