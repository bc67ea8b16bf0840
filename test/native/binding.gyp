{
  'targets': [
    {
      # Internal functions of ../../src, for mocha. Not published.
      'target_name': 'dgram_test',
      'sources': [
        'dgram_test.cc',
        '../../src/core/address.c',
        '../../src/core/delivery.c',
        '../../src/core/descriptor.c',
        '../../src/core/destinations.c',
        '../../src/core/env.c',
        '../../src/core/held.c',
        '../../src/core/inbox.c',
        '../../src/core/messages.c',
        '../../src/core/move.c',
        '../../src/core/names.c',
        '../../src/core/receive_info.c',
        '../../src/core/send_settings.c',
        '../../src/core/sends.c',
        '../../src/core/socket.c',
        '../../src/core/socket_options.c',
        '../../src/core/stats.c',
        '../../src/core/ticket_codec.c',
        '../../src/core/tickets.c',
        '../../src/core/iteration.c',
        '../../src/core/sources.c',
        '../../src/core/unix_path.c',
        '../../src/core/unix_socket.c',
        '../../src/transport/choose.c',
        '../../src/transport/linux/segment_group.c',
        '../../src/transport/uv.c',
        '../../src/transport/uv_receive.c',
        '../../src/transport/uv_send.c',
      ],
      'include_dirs': [
        '../../src',
        '<!(node -p "require(\'node-addon-api\').include_dir")',
      ],
      'defines': [
        'DGRAM_ASSERTIONS',
        'NAPI_VERSION=8',
        'NAPI_DISABLE_CPP_EXCEPTIONS',
      ],
      'conditions': [
        ['OS == "win"', {
          'sources': ['../../src/platform/win.c'],
          'libraries': ['ws2_32.lib'],
          'msvs_settings': {
            'VCCLCompilerTool': {'AdditionalOptions': ['/std:c11']},
          },
        }, {
          'sources': ['../../src/platform/unix.c'],
          'cflags_c': ['-std=c11'],
          'cflags': ['-fvisibility=hidden', '-Wall', '-Wextra'],
        }],
        ['OS == "linux"', {
          'defines': ['_GNU_SOURCE'],
          'sources': [
            '../../src/platform/linux.c',
            '../../src/platform/linux_steering.c',
            '../../src/platform/unix_domain.c',
            '../../src/transport/linux/ancillary.c',
            '../../src/transport/linux/busy_poll.c',
            '../../src/transport/linux/error_queue.c',
            '../../src/transport/linux/features.c',
            '../../src/transport/linux/gso_limits.c',
            '../../src/transport/linux/poll.c',
            '../../src/transport/linux/queue.c',
            '../../src/transport/linux/receive.c',
            '../../src/transport/linux/send.c',
            '../../src/transport/linux/share_descriptor.c',
            '../../src/transport/linux/transport.c',
            '../../src/transport/linux/unix.c',
          ],
        }, {
          'sources': [
            '../../src/platform/no_options.c',
            '../../src/platform/no_unix_domain.c',
          ],
        }],
        ['OS == "mac"', {
          'xcode_settings': {'OTHER_CFLAGS': ['-std=c11']},
        }],
      ],
    },
  ],
}
