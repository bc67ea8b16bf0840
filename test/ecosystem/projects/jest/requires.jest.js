'use strict';

test('requires the module', () => {
  const dgram = require(process.env.ECOSYSTEM_DGRAM);
  expect(typeof dgram.createSocket).toBe('function');
});
