'use strict';

const load = () => require(process.env.ECOSYSTEM_DGRAM);

test('a module that is loaded again shares the state of its thread', () => {
  const before = load();
  jest.resetModules();
  expect(load().createSocket).toBe(before.createSocket);
  expect(load().Socket).toBe(before.Socket);
  const socket = load().createSocket('udp4');
  expect(socket instanceof before.Socket).toBe(true);
  socket.close();
});
