{
  'targets': [
    {
      'target_name': 'canary',
      'sources': ['canary.c'],
      'cflags': ['-std=c11', '-Wall', '-Wextra', '-Wno-use-after-free'],
    },
  ],
}
