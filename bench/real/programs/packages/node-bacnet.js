'use strict';

/** BACnet: a client reads a property of a device, 10 requests at a time. */

const { once } = require('node:events');
const { HOST, freePort, packageRequire, repeat } = require('../../program');

const BacnetClient = packageRequire('node-bacnet');

const { ObjectType, PropertyIdentifier, ApplicationTag } = BacnetClient.enum;

const CONCURRENT = 10;
const TEMPERATURE = 21.5;

async function open() {
  const client = new BacnetClient({
    port: await freePort(),
    interface: HOST,
    broadcastAddress: '127.255.255.255',
    reuseAddr: false,
  });
  await once(client, 'listening');
  return client;
}

async function main() {
  const device = await open();
  const client = await open();
  device.on('readProperty', ({ header, invokeId, payload }) => {
    device.readPropertyResponse(header.sender, invokeId, payload.objectId,
      payload.property, [{ type: ApplicationTag.REAL, value: TEMPERATURE }]);
  });
  const { address, port } = device._transport.ownAddress;
  const receiver = { address: `${address}:${port}` };
  const object = { type: ObjectType.ANALOG_INPUT, instance: 1 };
  repeat(CONCURRENT, () => new Promise((resolve, reject) => {
    client.readProperty(receiver, object, PropertyIdentifier.PRESENT_VALUE,
      (error, result) => {
        if (error) reject(error);
        else if (result.values[0].value !== TEMPERATURE)
          reject(new Error('another value'));
        else resolve();
      });
  }));
}

main();
