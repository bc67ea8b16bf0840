{
  'targets': [
    {
      # The inner functions of ../../src, for mocha. Not published.
      'target_name': 'dgram_test',
      'sources': [
        'dgram_test.cc',
        '../../src/address.c',
        '../../src/env.c',
        '../../src/run.c',
        '../../src/socket.c',
        '../../src/transport.c',
        '../../src/transport_uv.c',
      ],
      'include_dirs': [
        '../../src',
        '<!(node -p "require(\'node-addon-api\').include_dir")',
      ],
      'defines': ['NAPI_VERSION=8', 'NAPI_DISABLE_CPP_EXCEPTIONS'],
      'conditions': [
        ['OS == "win"', {
          'sources': ['../../src/platform_win.c'],
          'libraries': ['ws2_32.lib'],
          'msvs_settings': {
            'VCCLCompilerTool': {'AdditionalOptions': ['/std:c11']},
          },
        }, {
          'sources': ['../../src/platform_unix.c'],
          'cflags_c': ['-std=c11'],
          'cflags': ['-fvisibility=hidden', '-Wall', '-Wextra'],
        }],
        ['OS == "linux"', {
          'defines': ['_GNU_SOURCE'],
          'sources': [
            '../../src/control.c',
            '../../src/linger.c',
            '../../src/transport_linux.c',
          ],
        }],
        ['OS == "mac"', {
          'xcode_settings': {'OTHER_CFLAGS': ['-std=c11']},
        }],
      ],
    },
  ],
}
