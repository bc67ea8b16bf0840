/* The table of sources: remote addresses whose text JavaScript has cached. It
 * saves formatting the address and creating a string for each datagram. */
#ifndef DGRAM_SOURCES_H
#define DGRAM_SOURCES_H

#include <stdbool.h>
#include <stdint.h>

#include "core/address.h"
#include "core/batch.h"

typedef struct {
  dgram_address_t address;
  uint16_t next; /* of the same bucket; SOURCES_NONE: the last one */
  bool has_text; /* JavaScript has the text for this slot */
} dgram_source_t;

/* Slots are assigned in ascending order and keep their number, so JavaScript's
 * table grows with this one. The buckets are lists of slots. All zero is an
 * empty table. */
typedef struct {
  dgram_source_t* slots;
  uint16_t* buckets; /* first slot of each list; `size` entries */
  uint32_t size;     /* 0 or a power of two, at most DGRAM_SOURCES_MAX */
  uint32_t count;    /* slots in use */
  uint32_t last;     /* slot of the latest result */
  uint32_t random;   /* selects the slot to overwrite */
} dgram_sources_t;

/* Finds the slot of `address`, or assigns one. Sets `*is_new` if JavaScript
 * does not have the text for this slot, and always for an address with a zone.
 * The table is bounded: when it is full, a new address overwrites an older
 * one. Without memory every address is new. */
uint32_t dgram_sources_find(dgram_sources_t* sources,
                            const struct sockaddr* address,
                            bool* is_new);

/* JavaScript did not read the text for this slot: the next datagram of its
 * source is new again. */
void dgram_sources_forget(dgram_sources_t* sources, uint32_t slot);

void dgram_sources_free(dgram_sources_t* sources);

#endif
