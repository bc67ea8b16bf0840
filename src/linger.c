#include "linger.h"

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

void dgram_linger(dgram_linger_t* linger, const uv_loop_t* loop) {
  if (linger->pause > 0) {
    linger->pause--;
  } else if (uv_backend_timeout(loop) == 0) {
    return; /* it would not sleep: immediates, or a timer that is due */
  } else if (becomes_ready(loop)) {
    if (linger->credit < CREDIT)
      linger->credit++;
  } else if (linger->credit >= COST) {
    linger->credit = (uint8_t) (linger->credit - COST);
  } else {
    linger->credit = 0;
    linger->pause = PAUSE;
  }
}
