#include "transport/linux/busy_poll.h"

#include <poll.h>
#include <stdbool.h>

#define NANOSECONDS 10000u

/* A useful attempt earns one credit, up to CREDIT_MAX. A useless one costs
 * COST. Without credit left, the next SKIPS attempts are not due. */
#define COST 3u
#define CREDIT_MAX 12u
#define SKIPS 64u

/* Any handle of the loop counts: busy-polling must not delay the others. */
static bool is_ready(const uv_loop_t* loop) {
  struct pollfd entry = {.fd = uv_backend_fd(loop), .events = POLLIN};

  return poll(&entry, 1, 0) > 0;
}

static bool becomes_ready(const uv_loop_t* loop) {
  uint64_t start = uv_hrtime();

  do
    if (is_ready(loop))
      return true;
  while (uv_hrtime() - start < NANOSECONDS);
  return false;
}

bool dgram_busy_poll_is_due(dgram_busy_poll_t* busy_poll) {
  if (busy_poll->skips == 0)
    return true;
  busy_poll->skips--;
  return false;
}

void dgram_busy_poll_learn(dgram_busy_poll_t* busy_poll,
                           bool useful,
                           uint8_t skips) {
  if (useful) {
    if (busy_poll->credit < CREDIT_MAX)
      busy_poll->credit++;
  } else if (busy_poll->credit >= COST) {
    busy_poll->credit = (uint8_t) (busy_poll->credit - COST);
  } else {
    busy_poll->credit = 0;
    busy_poll->skips = skips;
  }
}

void dgram_busy_poll(dgram_busy_poll_t* busy_poll, const uv_loop_t* loop) {
  if (!dgram_busy_poll_is_due(busy_poll) || uv_backend_timeout(loop) == 0)
    return; /* at 0 the loop does not sleep: an immediate or a timer is due */
  dgram_busy_poll_learn(busy_poll, becomes_ready(loop), SKIPS);
}
