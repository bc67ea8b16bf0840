'use strict';

// The libFuzzer targets, and what each is linked with.

const CORE = [
  'src/core/address.c',
  'src/core/env.c',
  'src/core/socket.c',
  'src/platform/unix.c',
  'src/transport/linux/ancillary.c',
  'src/transport/linux/busy_poll.c',
  'src/transport/linux/features.c',
  'src/transport/linux/gso_limits.c',
  'src/transport/linux/poll.c',
  'src/transport/linux/queue.c',
  'src/transport/linux/receive.c',
  'src/transport/linux/segment_group.c',
  'src/transport/linux/send.c',
  'src/transport/linux/share.c',
  'src/transport/linux/transport.c',
  'src/transport/choose.c',
  'src/transport/uv.c',
  'test/fuzz/core.c',
  'test/fuzz/inlet.c',
  'test/fuzz/kernel.c',
  'test/fuzz/wire.c',
];

/** Name: sources besides targets/NAME.c. The longest ones first. */
const targets = {
  send: CORE,
  receive: CORE,
  sources: ['src/core/address.c', 'test/fuzz/kernel.c'],
  address: ['src/core/address.c', 'test/fuzz/kernel.c'],
  segment_group: ['src/transport/linux/segment_group.c'],
  ancillary: ['src/transport/linux/ancillary.c'],
};

module.exports = { targets };
