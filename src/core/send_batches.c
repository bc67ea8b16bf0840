#include "core/send_batches.h"

#include <stdlib.h>

#include "platform/platform.h"

/* What exit() sends. One thread's only: the main thread's. A program may have
 * loaded this library several times there. */
static struct {
  bool registered;
  uv_pid_t pid;
  uv_thread_t thread;
  dgram_lanes_t* first;
} main_thread;

void dgram_lanes_init(dgram_lanes_t* lanes, dgram_env_t* env) {
  lanes->env = env;
  lanes->items = NULL;
  lanes->count = 0;
  lanes->at_exit = false;
  lanes->next = NULL;
}

static void unlink_at_exit(dgram_lanes_t* lanes) {
  dgram_lanes_t** link = &main_thread.first;

  while (*link != lanes)
    link = &(*link)->next;
  *link = lanes->next;
  lanes->at_exit = false;
}

void dgram_lanes_free(dgram_lanes_t* lanes) {
  if (lanes->at_exit)
    unlink_at_exit(lanes);
  free(lanes->items);
  lanes->items = NULL;
  lanes->count = 0;
}

int dgram_lanes_add(dgram_lanes_t* lanes, const dgram_lane_t* lane) {
  dgram_lane_t* items;

  items = realloc(lanes->items, (lanes->count + 1) * sizeof(items[0]));
  if (items == NULL)
    return UV_ENOMEM;
  items[lanes->count] = *lane;
  lanes->items = items;
  lanes->count++;
  return 0;
}

uint32_t dgram_lane_flush(dgram_env_t* env,
                          const dgram_lane_t* lane,
                          uint32_t count) {
  uint32_t queued =
      dgram_env_flush(env, lane->sends, count, lane->arena, DGRAM_LANE_ARENA);

  if (count > 0)
    lane->state->waiting = DGRAM_LANE_SENT | count;
  return queued;
}

bool dgram_lanes_stalled(const dgram_lanes_t* lanes) {
  uint32_t i;

  for (i = 0; i < lanes->count; i++)
    if ((lanes->items[i].state->waiting | lanes->items[i].state->owed) != 0)
      return true;
  return false;
}

/* JavaScript wrote the number, so it is not trusted. */
static void flush_waiting(dgram_env_t* env, const dgram_lane_t* lane) {
  uint32_t count = lane->state->waiting;

  if (count > 0 && count <= DGRAM_LANE_SENDS)
    (void) dgram_lane_flush(env, lane, count);
}

void dgram_lanes_flush(dgram_lanes_t* lanes) {
  uint32_t i;

  for (i = 0; i < lanes->count; i++)
    flush_waiting(lanes->env, &lanes->items[i]);
}

void dgram_lanes_end(dgram_lanes_t* lanes) {
  uint32_t i;

  for (i = 0; i < lanes->count; i++)
    if (lanes->items[i].connected)
      flush_waiting(lanes->env, &lanes->items[i]);
  lanes->count = 0;
}

/* exit() may have been called in a child that has these sockets too, or by
 * another thread while the main one is sending. */
static void on_exit_called(void) {
  dgram_lanes_t* lanes;
  uv_thread_t self = uv_thread_self();

  if (uv_os_getpid() != main_thread.pid ||
      !uv_thread_equal(&self, &main_thread.thread))
    return;
  for (lanes = main_thread.first; lanes != NULL; lanes = lanes->next)
    dgram_lanes_end(lanes);
}

int dgram_lanes_at_exit(dgram_lanes_t* lanes) {
  int rc;

  if (lanes->at_exit)
    return 0;
  if (!main_thread.registered) {
    rc = dgram_platform_at_exit(on_exit_called);
    if (rc != 0)
      return rc;
    main_thread.registered = true;
    main_thread.pid = uv_os_getpid();
    main_thread.thread = uv_thread_self();
  }
  lanes->next = main_thread.first;
  main_thread.first = lanes;
  lanes->at_exit = true;
  return 0;
}
