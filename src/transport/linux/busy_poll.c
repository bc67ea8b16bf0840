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

bool dgram_linger_is_due(dgram_linger_t* linger) {
  if (linger->pause == 0)
    return true;
  linger->pause--;
  return false;
}

void dgram_linger_learn(dgram_linger_t* linger, bool useful, uint8_t pause) {
  if (useful) {
    if (linger->credit < CREDIT)
      linger->credit++;
  } else if (linger->credit >= COST) {
    linger->credit = (uint8_t) (linger->credit - COST);
  } else {
    linger->credit = 0;
    linger->pause = pause;
  }
}

void dgram_linger(dgram_linger_t* linger, const uv_loop_t* loop) {
  if (!dgram_linger_is_due(linger) || uv_backend_timeout(loop) == 0)
    return; /* at 0 it would not sleep: immediates, or a timer that is due */
  dgram_linger_learn(linger, becomes_ready(loop), PAUSE);
}
