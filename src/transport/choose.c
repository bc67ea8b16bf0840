#include "transport/transport.h"

#include <string.h>

/* In order of preference. */
static const dgram_transport_t* const available[] = {
#ifdef __linux__
    &dgram_transport_linux,
#endif
    &dgram_transport_uv,
};

const dgram_transport_t* dgram_transport_choose(const char* name) {
  size_t i;

  for (i = 0; i < sizeof(available) / sizeof(available[0]); i++)
    if (strcmp(name, available[i]->name) == 0)
      return available[i];
  return available[0];
}
