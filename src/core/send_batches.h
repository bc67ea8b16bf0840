/* The send batches of one environment as C sees them without JavaScript: when
 * the event loop goes on although a send batch should have left, and when the
 * environment or the process ends. Knows nothing of Node-API: the memory
 * belongs to ArrayBuffers that addon.c keeps alive, and lib/batch/outbox.js
 * gives to nobody. */
#ifndef DGRAM_LANES_H
#define DGRAM_LANES_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "core/batch.h"
#include "core/env.h"

typedef struct {
  dgram_send_t* sends; /* DGRAM_BATCH_SENDS entries */
  dgram_batch_state_t* state;
  const uint8_t* arena; /* DGRAM_BATCH_ARENA bytes */
  bool connected;       /* node:dgram would have sent these at once */
} dgram_send_batch_t;

typedef struct dgram_send_batches_s dgram_send_batches_t;

struct dgram_send_batches_s {
  dgram_env_t* env;
  dgram_send_batch_t* items;
  uint32_t count;
  bool at_exit;               /* dgram_send_batches_at_exit() has been called */
  dgram_send_batches_t* next; /* of those that exit() sends */
};

void dgram_send_batches_init(dgram_send_batches_t* send_batches,
                             dgram_env_t* env);
void dgram_send_batches_free(dgram_send_batches_t* send_batches);

/* Watches a send batch from now on. Returns 0 or UV_ENOMEM. */
int dgram_send_batches_add(dgram_send_batches_t* send_batches,
                           const dgram_send_batch_t* send_batch);

/* Sends the first `count` datagrams of a send batch, and says so in its state.
 * Returns how many were DGRAM_QUEUED. */
uint32_t dgram_send_batch_flush(dgram_env_t* env,
                                const dgram_send_batch_t* send_batch,
                                uint32_t count);

/* True when a watched send batch has datagrams that did not leave, or
 * JavaScript has not come to the end of what it does with those that did. */
bool dgram_send_batches_stalled(const dgram_send_batches_t* send_batches);

/* Sends what waits in each watched send batch. */
void dgram_send_batches_flush(dgram_send_batches_t* send_batches);

/* The environment ends: sends what waits in the connected send batches, and
 * looks at no memory of theirs again. */
void dgram_send_batches_end(dgram_send_batches_t* send_batches);

/* Has exit() call dgram_send_batches_end(), however it comes about. For the
 * main thread only, and in no child that was forked without exec(). Returns 0,
 * or UV_ENOTSUP where exit() is too late to send. */
int dgram_send_batches_at_exit(dgram_send_batches_t* send_batches);

#endif
