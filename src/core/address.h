/* Socket addresses: text to bytes, bytes to text, and the memory of recent
 * sources that saves the latter. */
#ifndef DGRAM_ADDRESS_H
#define DGRAM_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "core/batch.h"

/* Large enough for both families, a fifth of sockaddr_storage. */
typedef union {
  struct sockaddr any;
  struct sockaddr_in in4;
  struct sockaddr_in6 in6;
} dgram_address_t;

/* Parses a numeric address. `family` is 4 or 6; a zone (`fe80::1%eth0`) is
 * taken for 6. Returns 0 or UV_EINVAL. */
int dgram_address_parse(dgram_address_t* out,
                        int family,
                        const char* text,
                        uint16_t port);

/* Describes `address`. A link-local IPv6 address carries its zone, as Node
 * writes it; when the interface has no name `out->error` is the code and
 * `out->length` 0. */
void dgram_address_describe(const struct sockaddr* address,
                            dgram_peer_text_t* out);

/* True for an address whose text may change while its bytes do not: the zone
 * of a link-local address is the name of an interface, which can be renamed. */
bool dgram_address_has_zone(const struct sockaddr* address);

/* True when both have the same text and port. */
bool dgram_address_equal(const dgram_address_t* one,
                         const struct sockaddr* other);

/* The sources whose text JavaScript remembers, by slot. */
typedef struct {
  uint32_t last; /* slot of the latest hit */
  uint32_t dice; /* which entry of a full set makes room */
  dgram_address_t slots[DGRAM_SOURCES_MAX];
} dgram_sources_t;

void dgram_sources_init(dgram_sources_t* sources);

/* Finds the slot of `address`, or gives it one. Sets `*fresh` when JavaScript
 * does not know the slot's content, which is always so for an address with a
 * zone. Bounded: a new address takes the place of an older one. */
uint32_t dgram_sources_find(dgram_sources_t* sources,
                            const struct sockaddr* address,
                            bool* fresh);

#endif
