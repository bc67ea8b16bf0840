/* The limit on the datagrams that one socket delivers in one event loop
 * iteration: DGRAM_ITERATION_DATAGRAMS, or those of DGRAM_ITERATION_TIME,
 * whichever is more. Timers and other sockets then wait no longer than with
 * libuv, which reads 32 datagrams. */
#ifndef DGRAM_ITERATION_H
#define DGRAM_ITERATION_H

#include <stdbool.h>
#include <stdint.h>

#define DGRAM_ITERATION_DATAGRAMS 32u
#define DGRAM_ITERATION_TIME 1000000u /* nanoseconds */

/* One wake-up of a socket. Starts zeroed. */
typedef struct {
  uint64_t start;     /* uv_hrtime(); 0: the clock has not been read */
  uint32_t datagrams; /* delivered so far */
  uint32_t stride;    /* datagrams between two readings of the clock */
} dgram_iteration_t;

/* How many datagrams may be delivered before the clock is read; `waiting` are
 * available. */
uint32_t dgram_iteration_budget(dgram_iteration_t* iteration, uint32_t waiting);

/* Counts delivered datagrams. Returns true if the wake-up has to end. */
bool dgram_iteration_count(dgram_iteration_t* iteration, uint32_t datagrams);

/* True if the socket may read once more. After more datagrams than libuv reads,
 * the next read is left to the next wake-up, which finds more of them. */
bool dgram_iteration_may_read(const dgram_iteration_t* iteration);

#endif
