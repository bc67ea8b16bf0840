/* Busy-polling. A peer that has just been answered often sends its next request
 * within microseconds, which is less than it takes the thread to fall asleep
 * and wake up. So the event loop's descriptor is polled for a moment first. If
 * that finds nothing too often, it is done less frequently. */
#ifndef DGRAM_BUSY_POLL_H
#define DGRAM_BUSY_POLL_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/* Record of past attempts. Starts zeroed. */
typedef struct {
  uint8_t credit; /* earned by successful attempts */
  uint8_t skips;  /* attempts that are not due yet */
} dgram_busy_poll_t;

/* Call after an answer, before returning to the event loop. Returns when the
 * loop has something to do, or after about 10 microseconds. Reads nothing and
 * runs no callback. */
void dgram_busy_poll(dgram_busy_poll_t* busy_poll, const uv_loop_t* loop);

/* The same record for other attempts that may find nothing: whether one is due,
 * and whether it was useful. After too many useless ones the next `skips`
 * attempts are not due. */
bool dgram_busy_poll_is_due(dgram_busy_poll_t* busy_poll);
void dgram_busy_poll_learn(dgram_busy_poll_t* busy_poll,
                           bool useful,
                           uint8_t skips);

#endif
