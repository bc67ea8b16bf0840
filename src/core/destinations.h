/* The table of destinations: addresses that were parsed once and are named by
 * their slot in a send descriptor. lib/batch/destinations.js decides which
 * address occupies which slot. */
#ifndef DGRAM_DESTINATIONS_H
#define DGRAM_DESTINATIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/address.h"
#include "core/batch.h"
#include "core/types.h"

/* Parses an address into a slot of the environment's table, which is allocated
 * by the first call. Returns 0, UV_EINVAL for an invalid slot, family or text,
 * or UV_ENOMEM. */
int dgram_destinations_set(dgram_env_t* env,
                           uint32_t slot,
                           int family,
                           const char* text,
                           uint16_t port);

/* True if a descriptor may name `slot` of `table`, which may be NULL. Slot 0 is
 * the connected peer. */
static inline bool dgram_destinations_has(const dgram_address_t* table,
                                          uint32_t slot) {
  if (slot == 0)
    return true;
  return table != NULL && slot < DGRAM_DESTINATIONS_MAX &&
         table[slot].any.sa_family != AF_UNSPEC;
}

#endif
