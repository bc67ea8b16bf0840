#include "transport/linux/busy_poll.h"

#include <poll.h>
#include <stdbool.h>

#define NANOSECONDS 10000u

/* A useful attempt earns GAIN, up to CREDIT_MAX. A useless one costs COST; one
 * that finds the loop ready at once costs COST_READY, a single system call.
 * Without credit left, the next SKIPS attempts are not due. */
#define GAIN 8u
#define COST 24u
#define COST_READY 1u
#define CREDIT_MAX 96u
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

static void spend(dgram_busy_poll_t* busy_poll, uint8_t cost, uint8_t skips) {
  if (busy_poll->credit >= cost) {
    busy_poll->credit = (uint8_t) (busy_poll->credit - cost);
  } else {
    busy_poll->credit = 0;
    busy_poll->skips = skips;
  }
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
  if (!useful)
    spend(busy_poll, COST, skips);
  else if (busy_poll->credit <= CREDIT_MAX - GAIN)
    busy_poll->credit = (uint8_t) (busy_poll->credit + GAIN);
}

void dgram_busy_poll(dgram_busy_poll_t* busy_poll, const uv_loop_t* loop) {
  if (!dgram_busy_poll_is_due(busy_poll) || uv_backend_timeout(loop) == 0)
    return; /* at 0 the loop does not sleep: an immediate or a timer is due */
  /* If the loop is ready already, it would not have slept: the peer is in this
   * process, or is faster than the listener. */
  if (is_ready(loop))
    spend(busy_poll, COST_READY, SKIPS);
  else
    dgram_busy_poll_learn(busy_poll, becomes_ready(loop), SKIPS);
}
