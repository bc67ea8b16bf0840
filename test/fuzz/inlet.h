/* What the kernel hands over: the receiving half. Payload, sources, control
 * data, flags and errors are drawn from the input; what was handed over is
 * kept for the target to compare. */
#ifndef DGRAM_FUZZ_INLET_H
#define DGRAM_FUZZ_INLET_H

#include "core/address.h"
#include "core/batch.h"
#include "kernel.h"

typedef struct {
  const uint8_t* bytes; /* where they were put */
  uint32_t length;
  uint32_t segment; /* 0: the ancillary data was arbitrary */
  int status;       /* 0, or the UV_ code that stands for the message */
  dgram_address_t source;
} fuzz_arrival_t;

/* Since fuzz_inlet_reset(). */
extern fuzz_arrival_t fuzz_arrivals[DGRAM_RECV_SLOTS + 1];
extern uint32_t fuzz_arrivals_count;

/* `memory`: where everything has to go; NULL: nothing may be read now. */
void fuzz_inlet_reset(const uint8_t* memory, uint32_t count);

/* libuv's reading: what it does when the descriptor is readable. */
void fuzz_inlet_event(fuzz_watch_t* watch);

#endif
