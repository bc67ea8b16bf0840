{
  'targets': [
    {
      'target_name': 'dgram_native',
      'sources': [
        'src/addon.c',
        'src/address.c',
        'src/env.c',
        'src/lanes.c',
        'src/napi_util.c',
        'src/socket.c',
        'src/transport.c',
        'src/transport_uv.c',
      ],
      'defines': ['NAPI_VERSION=8'],
      'conditions': [
        ['OS == "win"', {
          'sources': ['src/platform_win.c'],
          'libraries': ['ws2_32.lib'],
          'msvs_settings': {
            'VCCLCompilerTool': {
              'WarningLevel': 4,
              'AdditionalOptions': ['/std:c11'],
            },
          },
        }, {
          'sources': ['src/platform_unix.c'],
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
            'src/control.c',
            'src/linger.c',
            'src/run.c',
            'src/transport_linux.c',
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
