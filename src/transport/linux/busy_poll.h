/* A moment at the event loop's door. Who was asked, and has answered, is often
 * asked again within microseconds. To fall asleep and be woken up takes longer,
 * so the loop is looked at for a while before it goes to sleep; less often
 * where that was in vain. Linux only, as transport_linux.c is. */
#ifndef DGRAM_BUSY_POLL_H
#define DGRAM_BUSY_POLL_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/* What was learnt. Starts zeroed. */
typedef struct {
  uint8_t credit; /* looks that were of use, and not used up */
  uint8_t pause;  /* calls that go by without a look */
} dgram_busy_poll_t;

/* The same for other looks that may be in vain: whether one is due, and what
 * came of it. In vain too often, `pause` calls go by without. */
bool dgram_busy_poll_is_due(dgram_busy_poll_t* busy_poll);
void dgram_busy_poll_learn(dgram_busy_poll_t* busy_poll,
                           bool useful,
                           uint8_t pause);

/* Called after an answer, before the caller returns to the loop. Nothing is
 * read, no callback runs: it returns once the loop has something to do, or
 * after some ten microseconds. */
void dgram_busy_poll(dgram_busy_poll_t* busy_poll, const uv_loop_t* loop);

#endif
