#include "transport/linux/busy_poll.h"

#include <poll.h>
#include <stdbool.h>

#define NANOS 10000u

/* A look in vain uses up COST looks that were of use, of which CREDIT count at
 * most. When they are used up, PAUSE calls go by without. */
#define COST 3u
#define CREDIT 12u
#define PAUSE 64u

/* Any handle of the loop: not only the socket's next datagram must not wait. */
static bool is_ready(const uv_loop_t* loop) {
  struct pollfd entry = {.fd = uv_backend_fd(loop), .events = POLLIN};

  return poll(&entry, 1, 0) > 0;
}

static bool becomes_ready(const uv_loop_t* loop) {
  uint64_t start = uv_hrtime();

  do
    if (is_ready(loop))
      return true;
  while (uv_hrtime() - start < NANOS);
  return false;
}

bool dgram_busy_poll_is_due(dgram_busy_poll_t* busy_poll) {
  if (busy_poll->pause == 0)
    return true;
  busy_poll->pause--;
  return false;
}

void dgram_busy_poll_learn(dgram_busy_poll_t* busy_poll,
                           bool useful,
                           uint8_t pause) {
  if (useful) {
    if (busy_poll->credit < CREDIT)
      busy_poll->credit++;
  } else if (busy_poll->credit >= COST) {
    busy_poll->credit = (uint8_t) (busy_poll->credit - COST);
  } else {
    busy_poll->credit = 0;
    busy_poll->pause = pause;
  }
}

void dgram_busy_poll(dgram_busy_poll_t* busy_poll, const uv_loop_t* loop) {
  if (!dgram_busy_poll_is_due(busy_poll) || uv_backend_timeout(loop) == 0)
    return; /* at 0 it would not sleep: immediates, or a timer that is due */
  dgram_busy_poll_learn(busy_poll, becomes_ready(loop), PAUSE);
}
