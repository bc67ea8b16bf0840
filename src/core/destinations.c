#include "core/destinations.h"

#include <stdlib.h>
#include <string.h>

#include "core/env.h"

/* Size of a new table. It doubles until the slot fits. */
#define SIZE_MIN 64u

static int grow_paths(dgram_destinations_t* table, uint32_t size) {
  dgram_path_t* paths = realloc(table->paths, size * sizeof(paths[0]));

  if (paths == NULL)
    return UV_ENOMEM;
  table->paths = paths;
  return 0;
}

static int grow(dgram_destinations_t* table, uint32_t slot) {
  uint32_t size = table->size == 0 ? SIZE_MIN : table->size;
  dgram_address_t* slots;

  while (size <= slot)
    size *= 2;
  if (table->paths != NULL && grow_paths(table, size) != 0)
    return UV_ENOMEM;
  slots = realloc(table->slots, size * sizeof(slots[0]));
  if (slots == NULL)
    return UV_ENOMEM;
  memset(slots + table->size, 0, (size - table->size) * sizeof(slots[0]));
  table->slots = slots;
  table->size = size;
  return 0;
}

/* Makes room for `slot`. Returns 0, UV_EINVAL or UV_ENOMEM. */
static int reserve(dgram_destinations_t* table, uint32_t slot) {
  if (slot == 0 || slot >= DGRAM_DESTINATIONS_MAX)
    return UV_EINVAL;
  return slot < table->size ? 0 : grow(table, slot);
}

int dgram_destinations_set(dgram_env_t* env,
                           uint32_t slot,
                           int family,
                           const char* text,
                           uint16_t port) {
  dgram_destinations_t* table = &env->destinations;
  int rc = reserve(table, slot);

  if (rc != 0)
    return rc;
  return dgram_address_parse(&table->slots[slot], family, text, port);
}

int dgram_destinations_set_path(dgram_env_t* env,
                                uint32_t slot,
                                const dgram_path_t* path) {
  dgram_destinations_t* table = &env->destinations;
  int rc = reserve(table, slot);

  if (rc == 0 && table->paths == NULL)
    rc = grow_paths(table, table->size);
  if (rc != 0)
    return rc;
  memset(&table->slots[slot], 0, sizeof(table->slots[slot]));
  table->slots[slot].any.sa_family = AF_UNIX;
  table->paths[slot] = *path;
  return 0;
}

void dgram_destinations_free(dgram_destinations_t* table) {
  free(table->slots);
  free(table->paths);
  memset(table, 0, sizeof(*table));
}
