#include "core/destinations.h"

#include <stdlib.h>

#include "core/env.h"

int dgram_env_set_peer(dgram_env_t* env,
                       uint32_t slot,
                       int family,
                       const char* text,
                       uint16_t port) {
  if (slot == 0 || slot >= DGRAM_PEERS_MAX)
    return UV_EINVAL;
  if (env->peers == NULL)
    env->peers = calloc(DGRAM_PEERS_MAX, sizeof(env->peers[0]));
  if (env->peers == NULL)
    return UV_ENOMEM;
  return dgram_address_parse(&env->peers[slot], family, text, port);
}
