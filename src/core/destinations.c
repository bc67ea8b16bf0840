#include "core/destinations.h"

#include <stdlib.h>

#include "core/env.h"

int dgram_destinations_set(dgram_env_t* env,
                           uint32_t slot,
                           int family,
                           const char* text,
                           uint16_t port) {
  if (slot == 0 || slot >= DGRAM_DESTINATIONS_MAX)
    return UV_EINVAL;
  if (env->destinations == NULL)
    env->destinations =
        calloc(DGRAM_DESTINATIONS_MAX, sizeof(env->destinations[0]));
  if (env->destinations == NULL)
    return UV_ENOMEM;
  return dgram_address_parse(&env->destinations[slot], family, text, port);
}
