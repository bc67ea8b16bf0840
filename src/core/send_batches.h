/* The lanes of one environment as C sees them without JavaScript: when the
 * event loop goes on although a lane should have left, and when the
 * environment or the process ends. Knows nothing of Node-API: the memory
 * belongs to ArrayBuffers that addon.c keeps alive, and lib/batch/outbox.js gives to
 * nobody. */
#ifndef DGRAM_LANES_H
#define DGRAM_LANES_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "core/batch.h"
#include "core/env.h"

typedef struct {
  dgram_send_t* sends; /* DGRAM_LANE_SENDS entries */
  dgram_lane_state_t* state;
  const uint8_t* arena; /* DGRAM_LANE_ARENA bytes */
  bool connected;       /* node:dgram would have sent these at once */
} dgram_lane_t;

typedef struct dgram_lanes_s dgram_lanes_t;

struct dgram_lanes_s {
  dgram_env_t* env;
  dgram_lane_t* items;
  uint32_t count;
  bool at_exit;        /* dgram_lanes_at_exit() has been called */
  dgram_lanes_t* next; /* of those that exit() sends */
};

void dgram_lanes_init(dgram_lanes_t* lanes, dgram_env_t* env);
void dgram_lanes_free(dgram_lanes_t* lanes);

/* Watches a lane from now on. Returns 0 or UV_ENOMEM. */
int dgram_lanes_add(dgram_lanes_t* lanes, const dgram_lane_t* lane);

/* Sends the first `count` datagrams of a lane, and says so in its state.
 * Returns how many were DGRAM_QUEUED. */
uint32_t dgram_lane_flush(dgram_env_t* env,
                          const dgram_lane_t* lane,
                          uint32_t count);

/* True when a watched lane has datagrams that did not leave, or JavaScript has
 * not come to the end of what it does with those that did. */
bool dgram_lanes_stalled(const dgram_lanes_t* lanes);

/* Sends what waits in each watched lane. */
void dgram_lanes_flush(dgram_lanes_t* lanes);

/* The environment ends: sends what waits in the connected lanes, and looks at
 * no memory of theirs again. */
void dgram_lanes_end(dgram_lanes_t* lanes);

/* Has exit() call dgram_lanes_end(), however it comes about. For the main
 * thread only, and in no child that was forked without exec(). Returns 0, or
 * UV_ENOTSUP where exit() is too late to send. */
int dgram_lanes_at_exit(dgram_lanes_t* lanes);

#endif
