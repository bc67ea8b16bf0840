{
  'targets': [
    {
      'target_name': 'dgram_native',
      'sources': [
        'src/addon/addon.c',
        'src/addon/arguments.c',
        'src/addon/bind.c',
        'src/addon/deliver.c',
        'src/addon/descriptors.c',
        'src/addon/handle.c',
        'src/addon/hooks.c',
        'src/addon/icmp.c',
        'src/addon/inbox.c',
        'src/addon/layout.c',
        'src/addon/module.c',
        'src/addon/move.c',
        'src/addon/napi_util.c',
        'src/addon/options.c',
        'src/addon/platform_options.c',
        'src/addon/send_batch.c',
        'src/addon/send_settings.c',
        'src/addon/settings.c',
        'src/addon/stats.c',
        'src/addon/unix.c',
        'src/core/address.c',
        'src/core/columns.c',
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
        'src/core/send_batches.c',
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
        'src/transport/choose.c',
        'src/transport/uv.c',
        'src/transport/uv_receive.c',
        'src/transport/uv_send.c',
      ],
      'include_dirs': ['src'],
      'defines': ['NAPI_VERSION=8'],
      'configurations': {
        'Debug': {'defines': ['DGRAM_ASSERTIONS']},
      },
      'conditions': [
        ['OS == "win"', {
          'sources': ['src/platform/win.c'],
          'libraries': ['ws2_32.lib'],
          'msvs_settings': {
            'VCCLCompilerTool': {
              'WarningLevel': 4,
              'AdditionalOptions': ['/std:c11'],
            },
          },
        }, {
          'sources': ['src/platform/unix.c'],
          'cflags_c': [
            '-std=c11',
            '-Wall',
            '-Wextra',
            '-Wshadow',
            '-Wconversion',
          ],
          'cflags': ['-fvisibility=hidden'],
        }],
        ['OS == "linux"', {
          # -std=c11 alone hides recvmmsg() and its relatives.
          'defines': ['_GNU_SOURCE'],
          # Node's default. It only renames fcntl() to fcntl64(), which needs
          # glibc 2.28.
          'defines!': ['_FILE_OFFSET_BITS=64'],
          'sources': [
            'src/platform/linux.c',
            'src/platform/linux_steering.c',
            'src/platform/unix_domain.c',
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
          ],
          'ldflags': [
            # gyp links with the C++ compiler; nothing of C++ is used.
            '-Wl,--as-needed',
            # A libuv that lacks a function fails the load, for which there is
            # a fallback, and not the first call.
            '-Wl,-z,now',
          ],
        }, {
          'sources': [
            'src/platform/no_options.c',
            'src/platform/no_unix_domain.c',
          ],
        }],
        ['OS == "mac"', {
          'xcode_settings': {
            'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
            'MACOSX_DEPLOYMENT_TARGET': '10.15',
            'OTHER_CFLAGS': [
              '-std=c11',
              '-Wall',
              '-Wextra',
              '-Wshadow',
              '-Wconversion',
            ],
          },
        }],
      ],
    },
  ],
}
