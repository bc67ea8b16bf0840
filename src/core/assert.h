/* Assertions of internal invariants, compiled into debug builds and test
 * addons. User input and memory that JavaScript can write are never asserted:
 * they are checked and rejected. */
#ifndef DGRAM_ASSERT_H
#define DGRAM_ASSERT_H

#ifdef DGRAM_ASSERTIONS

#include <stdio.h>
#include <stdlib.h>

#define DGRAM_ASSERT(condition)                                                \
  do {                                                                         \
    if (!(condition)) {                                                        \
      (void) fprintf(stderr,                                                   \
                     "%s:%d: assertion failed: %s\n",                          \
                     __FILE__,                                                 \
                     __LINE__,                                                 \
                     #condition);                                              \
      abort();                                                                 \
    }                                                                          \
  } while (0)

#else

#define DGRAM_ASSERT(condition) ((void) 0)

#endif

#endif
