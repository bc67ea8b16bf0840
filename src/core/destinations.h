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
#include "core/unix_path.h"

/* Grows to the highest slot in use. All zero is an empty table. */
typedef struct {
  dgram_address_t* slots;
  uint32_t size;       /* at most DGRAM_DESTINATIONS_MAX */
  dgram_path_t* paths; /* of the slots with the family AF_UNIX; NULL: none */
} dgram_destinations_t;

/* Parses an address into a slot of the environment's table. Returns 0,
 * UV_EINVAL for an invalid slot, family or text, or UV_ENOMEM. */
int dgram_destinations_set(dgram_env_t* env,
                           uint32_t slot,
                           int family,
                           const char* text,
                           uint16_t port);

/* The same for the name of a Unix socket. */
int dgram_destinations_set_path(dgram_env_t* env,
                                uint32_t slot,
                                const dgram_path_t* path);

void dgram_destinations_free(dgram_destinations_t* table);

/* True if a descriptor may name `slot`. Slot 0 is the connected peer. */
static inline bool dgram_destinations_has(const dgram_destinations_t* table,
                                          uint32_t slot) {
  return slot == 0 ||
         (slot < table->size && table->slots[slot].any.sa_family != AF_UNSPEC);
}

#endif
