#include "core/destinations.h"

#include <stdlib.h>
#include <string.h>

#include "core/env.h"

/* Size of a new table. It doubles until the slot fits. */
#define SIZE_MIN 64u

static int grow(dgram_destinations_t* table, uint32_t slot) {
  uint32_t size = table->size == 0 ? SIZE_MIN : table->size;
  dgram_address_t* slots;

  while (size <= slot)
    size *= 2;
  slots = realloc(table->slots, size * sizeof(slots[0]));
  if (slots == NULL)
    return UV_ENOMEM;
  memset(slots + table->size, 0, (size - table->size) * sizeof(slots[0]));
  table->slots = slots;
  table->size = size;
  return 0;
}

int dgram_destinations_set(dgram_env_t* env,
                           uint32_t slot,
                           int family,
                           const char* text,
                           uint16_t port) {
  dgram_destinations_t* table = &env->destinations;
  int rc = 0;

  if (slot == 0 || slot >= DGRAM_DESTINATIONS_MAX)
    return UV_EINVAL;
  if (slot >= table->size)
    rc = grow(table, slot);
  if (rc != 0)
    return rc;
  return dgram_address_parse(&table->slots[slot], family, text, port);
}

void dgram_destinations_free(dgram_destinations_t* table) {
  free(table->slots);
  memset(table, 0, sizeof(*table));
}
