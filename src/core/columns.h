/* Datagrams as columns, the second form of sendMany(): payloads anywhere in one
 * piece of memory, with their offsets and sizes in two arrays. */
#ifndef DGRAM_COLUMNS_H
#define DGRAM_COLUMNS_H

#include <stddef.h>
#include <stdint.h>

#include "core/env.h"
#include "core/send_batches.h"

/* All memory belongs to the program, and another thread may write to it if it
 * is shared. Each offset and size is therefore read once. */
typedef struct {
  const uint8_t* data;
  size_t data_size; /* in bytes */
  const uint32_t* offsets;
  size_t offsets_count;
  const uint32_t* sizes;
  size_t sizes_count;
} dgram_columns_t;

/* The fields that all descriptors of a call have in common. */
typedef struct {
  uint32_t socket;
  /* A slot in the table of destinations; negative: JavaScript has written a
   * slot into each descriptor. */
  int32_t destination;
  int32_t settings; /* the same for the table of send settings */
  uint32_t ticket;
} dgram_columns_target_t;

/* Sends `count` datagrams (at most DGRAM_BATCH_SENDS), the first of which is
 * row `first`. Fills in the descriptors of `send_batch`, which must be empty,
 * and leaves a status in each, as dgram_send_batch_flush() does. The kernel or
 * the transport's queue copies the payloads from `data`. A payload outside of
 * it, or of its first 4 GiB, gets UV_EINVAL. Returns how many datagrams were
 * DGRAM_QUEUED. */
uint32_t dgram_columns_send(dgram_env_t* env,
                            const dgram_send_batch_t* send_batch,
                            const dgram_columns_t* columns,
                            const dgram_columns_target_t* target,
                            size_t first,
                            uint32_t count);

#endif
