#include "core/iteration.h"

#include <uv.h>

uint32_t dgram_iteration_budget(dgram_iteration_t* iteration,
                                uint32_t waiting) {
  uint32_t budget = DGRAM_ITERATION_DATAGRAMS;

  if (iteration->datagrams < budget)
    budget -= iteration->datagrams;
  else if (iteration->stride > budget)
    budget = iteration->stride;
  if (waiting > budget && iteration->start == 0)
    iteration->start = uv_hrtime();
  return budget;
}

/* Reading the clock, with a return from JavaScript and another call, costs as
 * much as delivering one or two datagrams. If delivery is fast, the clock is
 * read less often. */
bool dgram_iteration_count(dgram_iteration_t* iteration, uint32_t datagrams) {
  uint64_t time;

  iteration->datagrams += datagrams;
  if (iteration->datagrams < DGRAM_ITERATION_DATAGRAMS || iteration->start == 0)
    return false;
  time = uv_hrtime() - iteration->start;
  iteration->stride =
      time < DGRAM_ITERATION_TIME / 16 ? 4 * DGRAM_ITERATION_DATAGRAMS : 0;
  return time >= DGRAM_ITERATION_TIME;
}

bool dgram_iteration_may_read(const dgram_iteration_t* iteration) {
  return iteration->datagrams < DGRAM_ITERATION_DATAGRAMS;
}
