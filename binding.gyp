{
  'targets': [
    {
      'target_name': 'dgram_native',
      'sources': [
        'src/addon/module.c',
        'src/addon/napi_util.c',
        'src/core/address.c',
        'src/core/delivery.c',
        'src/core/destinations.c',
        'src/core/env.c',
        'src/core/inbox.c',
        'src/core/send_batches.c',
        'src/core/sends.c',
        'src/core/socket.c',
        'src/core/socket_options.c',
        'src/core/wake_up.c',
        'src/transport/choose.c',
        'src/transport/uv.c',
        'src/transport/uv_receive.c',
        'src/transport/uv_send.c',
      ],
      'include_dirs': ['src'],
      'defines': ['NAPI_VERSION=8'],
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
            'src/transport/linux/ancillary.c',
            'src/transport/linux/busy_poll.c',
            'src/transport/linux/segment_group.c',
            'src/transport/linux/transport.c',
          ],
          'ldflags': [
            # gyp links with the C++ compiler; nothing of C++ is used.
            '-Wl,--as-needed',
            # A libuv that lacks a function fails the load, for which there is
            # a fallback, and not the first call.
            '-Wl,-z,now',
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
