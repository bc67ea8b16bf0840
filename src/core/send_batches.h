/* The send batches that C may send without a call from JavaScript: if the event
 * loop continues although a send batch should have been flushed, and when the
 * environment or the process ends. The memory belongs to ArrayBuffers that
 * addon/ keeps alive and that lib/batch/send-batch.js does not expose. Does not
 * use Node-API. */
#ifndef DGRAM_SEND_BATCHES_H
#define DGRAM_SEND_BATCHES_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "core/batch.h"
#include "core/env.h"

typedef struct {
  dgram_send_t* sends; /* DGRAM_BATCH_SENDS entries */
  dgram_batch_state_t* state;
  const uint8_t* arena; /* DGRAM_BATCH_ARENA bytes */
  bool connected;       /* node:dgram would have sent these in send() */
} dgram_send_batch_t;

typedef struct dgram_send_batches_s dgram_send_batches_t;

struct dgram_send_batches_s {
  dgram_env_t* env;
  dgram_send_batch_t* items;
  uint32_t count;
  bool at_exit;               /* dgram_send_batches_at_exit() has been called */
  dgram_send_batches_t* next; /* in the list that exit() sends */
};

void dgram_send_batches_init(dgram_send_batches_t* send_batches,
                             dgram_env_t* env);
void dgram_send_batches_free(dgram_send_batches_t* send_batches);

/* Adds a send batch to watch. Its memory must stay where it is. Returns 0 or
 * UV_ENOMEM. */
int dgram_send_batches_add(dgram_send_batches_t* send_batches,
                           const dgram_send_batch_t* send_batch);

/* Sends the first `count` datagrams of a send batch, and records that in its
 * state. Returns how many were DGRAM_QUEUED. */
uint32_t dgram_send_batch_flush(dgram_env_t* env,
                                const dgram_send_batch_t* send_batch,
                                uint32_t count);

/* True if a watched send batch has datagrams that were not sent, or whose
 * statuses and callbacks JavaScript has not processed completely. */
bool dgram_send_batches_stalled(const dgram_send_batches_t* send_batches);

/* Sends the pending datagrams of each watched send batch. */
void dgram_send_batches_flush(dgram_send_batches_t* send_batches);

/* Sends the deferred datagrams of each watched send batch, and no others.
 * Nothing is left for JavaScript to do. */
void dgram_send_batches_flush_deferred(
    const dgram_send_batches_t* send_batches);

/* The environment ends: sends the datagrams that node:dgram would have sent,
 * which are the pending ones of connected sockets and the deferred ones. Does
 * not access the memory of any send batch again. */
void dgram_send_batches_end(dgram_send_batches_t* send_batches);

/* Makes exit() call dgram_send_batches_end(), whatever calls exit(). For the
 * main thread only; without effect in a child that was forked without exec().
 * Returns 0, UV_ENOMEM, or UV_ENOTSUP if exit() is too late to send. */
int dgram_send_batches_at_exit(dgram_send_batches_t* send_batches);

#endif
