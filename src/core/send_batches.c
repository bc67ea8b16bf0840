#include "core/send_batches.h"

#include <stdlib.h>
#include <string.h>

#include "core/sends.h"
#include "platform/platform.h"

/* The send batches that exit() sends: those of the main thread, which may have
 * loaded this library several times. */
static struct {
  bool registered;
  uv_pid_t pid;
  uv_thread_t thread;
  dgram_send_batches_t* first;
} main_thread;

void dgram_send_batches_init(dgram_send_batches_t* send_batches,
                             dgram_env_t* env) {
  send_batches->env = env;
  send_batches->items = NULL;
  send_batches->count = 0;
  send_batches->at_exit = false;
  send_batches->next = NULL;
}

static void unlink_at_exit(dgram_send_batches_t* send_batches) {
  dgram_send_batches_t** link = &main_thread.first;

  while (*link != send_batches)
    link = &(*link)->next;
  *link = send_batches->next;
  send_batches->at_exit = false;
}

void dgram_send_batches_free(dgram_send_batches_t* send_batches) {
  if (send_batches->at_exit)
    unlink_at_exit(send_batches);
  free(send_batches->items);
  send_batches->items = NULL;
  send_batches->count = 0;
}

int dgram_send_batches_add(dgram_send_batches_t* send_batches,
                           const dgram_send_batch_t* send_batch) {
  dgram_send_batch_t* items;

  items = realloc(send_batches->items,
                  (send_batches->count + 1) * sizeof(items[0]));
  if (items == NULL)
    return UV_ENOMEM;
  items[send_batches->count] = *send_batch;
  send_batches->items = items;
  send_batches->count++;
  return 0;
}

uint32_t dgram_send_batch_flush(dgram_env_t* env,
                                const dgram_send_batch_t* send_batch,
                                uint32_t count) {
  uint32_t queued = dgram_sends_flush(
      env, send_batch->sends, count, send_batch->arena, DGRAM_BATCH_ARENA);

  if (count > 0) {
    send_batch->state->pending = DGRAM_BATCH_SENT | count;
    send_batch->state->deferred = 0;
  }
  return queued;
}

bool dgram_send_batches_stalled(const dgram_send_batches_t* send_batches) {
  uint32_t i;

  for (i = 0; i < send_batches->count; i++)
    if ((send_batches->items[i].state->pending |
         send_batches->items[i].state->callbacks_due) != 0)
      return true;
  return false;
}

/* The count was written by JavaScript, so it is not trusted. */
static void flush_pending(dgram_env_t* env,
                          const dgram_send_batch_t* send_batch) {
  uint32_t count = send_batch->state->pending;

  if (count > 0 && count <= DGRAM_BATCH_SENDS)
    (void) dgram_send_batch_flush(env, send_batch, count);
}

/* The descriptors behind the deferred ones stay pending. They keep their place
 * in the arena. */
static void flush_deferred(dgram_env_t* env,
                           const dgram_send_batch_t* send_batch) {
  dgram_batch_state_t* state = send_batch->state;
  uint32_t pending = state->pending;
  uint32_t count = state->deferred;

  if (count == 0 || pending > DGRAM_BATCH_SENDS)
    return;
  if (count > pending)
    count = pending;
  (void) dgram_sends_flush(
      env, send_batch->sends, count, send_batch->arena, DGRAM_BATCH_ARENA);
  memmove(send_batch->sends,
          send_batch->sends + count,
          (pending - count) * sizeof(send_batch->sends[0]));
  state->pending = pending - count;
  state->deferred = 0;
}

void dgram_send_batches_flush_deferred(
    const dgram_send_batches_t* send_batches) {
  uint32_t i;

  for (i = 0; i < send_batches->count; i++)
    flush_deferred(send_batches->env, &send_batches->items[i]);
}

void dgram_send_batches_flush(dgram_send_batches_t* send_batches) {
  uint32_t i;

  for (i = 0; i < send_batches->count; i++)
    flush_pending(send_batches->env, &send_batches->items[i]);
}

void dgram_send_batches_end(dgram_send_batches_t* send_batches) {
  uint32_t i;

  for (i = 0; i < send_batches->count; i++)
    if (send_batches->items[i].connected)
      flush_pending(send_batches->env, &send_batches->items[i]);
    else
      flush_deferred(send_batches->env, &send_batches->items[i]);
  send_batches->count = 0;
}

/* exit() may be called in a forked child, which shares these sockets, or by
 * another thread while the main thread is sending. */
static void on_exit_called(void) {
  dgram_send_batches_t* send_batches;
  uv_thread_t self = uv_thread_self();

  if (uv_os_getpid() != main_thread.pid ||
      !uv_thread_equal(&self, &main_thread.thread))
    return;
  for (send_batches = main_thread.first; send_batches != NULL;
       send_batches = send_batches->next)
    dgram_send_batches_end(send_batches);
}

int dgram_send_batches_at_exit(dgram_send_batches_t* send_batches) {
  int rc;

  if (send_batches->at_exit)
    return 0;
  if (!main_thread.registered) {
    rc = dgram_platform_at_exit(on_exit_called);
    if (rc != 0)
      return rc;
    main_thread.registered = true;
    main_thread.pid = uv_os_getpid();
    main_thread.thread = uv_thread_self();
  }
  send_batches->next = main_thread.first;
  main_thread.first = send_batches;
  send_batches->at_exit = true;
  return 0;
}
