'use strict';

/** SNMP: a manager reads an object of an agent, 10 requests at a time. */

const { HOST, freePort, packageRequire, repeat } = require('../../program');

const snmp = packageRequire('net-snmp');

const CONCURRENT = 10;
const OID = '1.3.6.1.2.1.1.5'; // sysName (RFC 3418)

async function main() {
  const port = await freePort();
  const agent = snmp.createAgent(
    { port, address: HOST, disableAuthorization: true }, (error) => {
      if (error) throw error;
    });
  agent.registerProvider({
    name: 'sysName', type: snmp.MibProviderType.Scalar, oid: OID,
    scalarType: snmp.ObjectType.OctetString, maxAccess: 2,
  });
  agent.getMib().setScalarValue('sysName', 'bench');
  const session = snmp.createSession(HOST, 'public', { port });
  repeat(CONCURRENT, () => new Promise((resolve, reject) => {
    session.get([`${OID}.0`], (error, [varbind] = []) => {
      if (error) reject(error);
      else if (String(varbind.value) !== 'bench')
        reject(new Error('another value'));
      else resolve();
    });
  }));
}

main();
