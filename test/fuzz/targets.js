'use strict';

// The libFuzzer targets, and what each is linked with.

const CORE = [
  'src/address.c',
  'src/control.c',
  'src/env.c',
  'src/linger.c',
  'src/platform_unix.c',
  'src/run.c',
  'src/socket.c',
  'src/transport.c',
  'src/transport_linux.c',
  'src/transport_uv.c',
  'test/fuzz/core.c',
  'test/fuzz/inlet.c',
  'test/fuzz/kernel.c',
  'test/fuzz/wire.c',
];

/** Name: sources besides targets/NAME.c. The longest ones first. */
const targets = {
  send: CORE,
  receive: CORE,
  sources: ['src/address.c', 'test/fuzz/kernel.c'],
  address: ['src/address.c', 'test/fuzz/kernel.c'],
  run: ['src/run.c'],
  control: ['src/control.c'],
};

module.exports = { targets };
