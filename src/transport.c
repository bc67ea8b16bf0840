#include "transport.h"

#include <stdlib.h>
#include <string.h>

/* Best first. */
static const dgram_transport_t* const available[] = {
#ifdef __linux__
    &dgram_transport_linux,
#endif
    &dgram_transport_uv,
};

static const dgram_transport_t* chosen;
static uv_once_t once = UV_ONCE_INIT;

static void choose(void) {
  const char* wanted = getenv("DGRAM_NATIVE_TRANSPORT");
  size_t i;

  chosen = available[0];
  for (i = 0; i < sizeof(available) / sizeof(available[0]); i++)
    if (wanted != NULL && strcmp(wanted, available[i]->name) == 0)
      chosen = available[i];
}

const dgram_transport_t* dgram_transport_choose(void) {
  uv_once(&once, choose);
  return chosen;
}
