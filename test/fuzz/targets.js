'use strict';

// The libFuzzer targets and the sources each is linked with.

/** The simulated kernel; the first file needs the others. */
const KERNEL = [
  'test/fuzz/kernel.c',
  'test/fuzz/unix_incoming.c',
  'test/fuzz/unix_outgoing.c',
  'test/fuzz/unix_sockets.c',
];

const CORE = [
  'src/core/address.c',
  'src/core/delivery.c',
  'src/core/descriptor.c',
  'src/core/destinations.c',
  'src/core/env.c',
  'src/core/held.c',
  'src/core/inbox.c',
  'src/core/messages.c',
  'src/core/move.c',
  'src/core/names.c',
  'src/core/receive_info.c',
  'src/core/send_settings.c',
  'src/core/sends.c',
  'src/core/socket.c',
  'src/core/socket_options.c',
  'src/core/stats.c',
  'src/core/ticket_codec.c',
  'src/core/tickets.c',
  'src/core/iteration.c',
  'src/core/sources.c',
  'src/core/unix_path.c',
  'src/core/unix_socket.c',
  'src/platform/linux.c',
  'src/platform/linux_steering.c',
  'src/platform/unix.c',
  'src/platform/unix_domain.c',
  'src/transport/choose.c',
  'src/transport/linux/ancillary.c',
  'src/transport/linux/busy_poll.c',
  'src/transport/linux/error_queue.c',
  'src/transport/linux/features.c',
  'src/transport/linux/gso_limits.c',
  'src/transport/linux/poll.c',
  'src/transport/linux/queue.c',
  'src/transport/linux/receive.c',
  'src/transport/linux/segment_group.c',
  'src/transport/linux/send.c',
  'src/transport/linux/share_descriptor.c',
  'src/transport/linux/transport.c',
  'src/transport/linux/unix.c',
  'src/transport/uv.c',
  'src/transport/uv_receive.c',
  'src/transport/uv_send.c',
  'test/fuzz/core.c',
  'test/fuzz/incoming.c',
  'test/fuzz/outgoing.c',
  'test/fuzz/unix_model.c',
  ...KERNEL,
];

/** Target name: sources other than targets/NAME.c. The slowest first. */
const targets = {
  send: CORE,
  receive: CORE,
  unix_send: CORE,
  unix_receive: CORE,
  ticket: CORE,
  sources: ['src/core/address.c', 'src/core/sources.c', ...KERNEL],
  address: ['src/core/address.c', ...KERNEL],
  segment_group: ['src/transport/linux/segment_group.c'],
  error_queue: [
    'src/core/address.c', 'src/transport/linux/error_queue.c',
    ...KERNEL,
  ],
  unix_path: [
    'src/core/unix_path.c', 'src/platform/unix_domain.c',
    ...KERNEL,
  ],
  ancillary: ['src/transport/linux/ancillary.c', ...KERNEL],
};

module.exports = { targets };
