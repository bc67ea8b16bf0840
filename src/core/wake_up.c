#include "core/wake_up.h"

#include <uv.h>

uint32_t dgram_wake_up_budget(dgram_wake_up_t* wake_up, uint32_t waiting) {
  uint32_t budget = DGRAM_WAKE_UP_DATAGRAMS;

  if (wake_up->datagrams < budget)
    budget -= wake_up->datagrams;
  else if (wake_up->stride > budget)
    budget = wake_up->stride;
  if (waiting > budget && wake_up->start == 0)
    wake_up->start = uv_hrtime();
  return budget;
}

/* Reading the clock, with a return from JavaScript and another call, costs as
 * much as delivering one or two datagrams. If delivery is fast, the clock is
 * read less often. */
bool dgram_wake_up_count(dgram_wake_up_t* wake_up, uint32_t datagrams) {
  uint64_t time;

  wake_up->datagrams += datagrams;
  if (wake_up->datagrams < DGRAM_WAKE_UP_DATAGRAMS || wake_up->start == 0)
    return false;
  time = uv_hrtime() - wake_up->start;
  wake_up->stride =
      time < DGRAM_WAKE_UP_TIME / 16 ? 4 * DGRAM_WAKE_UP_DATAGRAMS : 0;
  return time >= DGRAM_WAKE_UP_TIME;
}

bool dgram_wake_up_may_read(const dgram_wake_up_t* wake_up) {
  return wake_up->datagrams < DGRAM_WAKE_UP_DATAGRAMS;
}
