/* Memory of sockets. */
#ifndef DGRAM_MEMORY_H
#define DGRAM_MEMORY_H

#include <stdlib.h>
#include <string.h>

/* Like calloc(1, size), for what each socket allocates. calloc() of glibc
 * (seen in 2.36) does not reuse memory that was freed just before, and many
 * programs open and close one socket after the other. */
static inline void* dgram_zalloc(size_t size) {
  void* memory = malloc(size);

  if (memory != NULL)
    memset(memory, 0, size);
  return memory;
}

#endif
