/* The receiving half of the simulated kernel. Payload, sources, ancillary data,
 * flags and errors are drawn from the input. The messages are recorded for the
 * target to compare. */
#ifndef DGRAM_FUZZ_INCOMING_H
#define DGRAM_FUZZ_INCOMING_H

#include "core/address.h"
#include "core/batch.h"
#include "kernel.h"

typedef struct {
  const uint8_t* bytes; /* their address */
  uint32_t length;
  uint32_t segment; /* 0: the ancillary data was arbitrary */
  int status;       /* 0, or the UV_ code reported for the message */
  dgram_address_t source;
  bool has_info;    /* of one kind each: */
  uint8_t ttl;      /* IP_TTL */
  uint32_t address; /* IP_PKTINFO */
} fuzz_arrival_t;

/* Messages since fuzz_incoming_reset(). */
extern fuzz_arrival_t fuzz_arrivals[DGRAM_RECV_SLOTS + 1];
extern uint32_t fuzz_arrivals_count;

/* The sockets have the option icmpErrors: no receive reports an error that an
 * ICMP message may have caused. */
extern bool fuzz_icmp_errors;

/* `memory`: the receive buffer; NULL: reading is not allowed now. */
void fuzz_incoming_reset(const uint8_t* memory, uint32_t count);

/* Reads as libuv does when the descriptor is readable. */
void fuzz_incoming_event(fuzz_watch_t* watch);

#endif
