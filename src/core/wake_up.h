/* The limit on the datagrams that one socket delivers in one event loop
 * iteration: DGRAM_WAKE_UP_DATAGRAMS, or those of DGRAM_WAKE_UP_TIME, whichever
 * is more. Timers and other sockets then wait no longer than with libuv, which
 * reads 32 datagrams. */
#ifndef DGRAM_WAKE_UP_H
#define DGRAM_WAKE_UP_H

#include <stdbool.h>
#include <stdint.h>

#define DGRAM_WAKE_UP_DATAGRAMS 32u
#define DGRAM_WAKE_UP_TIME 1000000u /* nanoseconds */

/* One wake-up of a socket. Starts zeroed. */
typedef struct {
  uint64_t start;     /* uv_hrtime(); 0: the clock has not been read */
  uint32_t datagrams; /* delivered so far */
  uint32_t stride;    /* datagrams between two readings of the clock */
} dgram_wake_up_t;

/* How many datagrams may be delivered before the clock is read; `waiting` are
 * available. */
uint32_t dgram_wake_up_budget(dgram_wake_up_t* wake_up, uint32_t waiting);

/* Counts delivered datagrams. Returns true if the wake-up has to end. */
bool dgram_wake_up_count(dgram_wake_up_t* wake_up, uint32_t datagrams);

/* True if the socket may read once more. After more datagrams than libuv reads,
 * the next read is left to the next wake-up, which finds more of them. */
bool dgram_wake_up_may_read(const dgram_wake_up_t* wake_up);

#endif
