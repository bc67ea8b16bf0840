/* Socket addresses: parsing, formatting and comparing. */
#ifndef DGRAM_ADDRESS_H
#define DGRAM_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "core/batch.h"

/* Holds either family in a fifth of the size of sockaddr_storage. */
typedef union {
  struct sockaddr any;
  struct sockaddr_in in4;
  struct sockaddr_in6 in6;
} dgram_address_t;

/* The family of a dual-stack socket, besides 4 and 6. */
#define DGRAM_FAMILY_BOTH 46

/* Parses a numeric address. `family` is 4 or 6; 6 accepts a zone
 * (`fe80::1%eth0`). DGRAM_FAMILY_BOTH accepts either, and stores an IPv4
 * address as an IPv4-mapped one (RFC 4291, 2.5.5.2). Returns 0 or UV_EINVAL. */
int dgram_address_parse(dgram_address_t* out,
                        int family,
                        const char* text,
                        uint16_t port);

/* Formats `address`. A link-local IPv6 address has its zone appended, as in
 * Node. If that interface has no name, `out->error` is the code and
 * `out->length` is 0. */
void dgram_address_describe(const struct sockaddr* address,
                            dgram_source_text_t* out);

/* Copies the address of either family; any other becomes AF_UNSPEC. */
void dgram_address_copy(dgram_address_t* out, const struct sockaddr* from);
/* Converts an IPv4-mapped address into that of IPv4; others stay as they are.
 */
void dgram_address_unmap(dgram_address_t* address);

/* True for a link-local address with a zone. Its text may change while its
 * bytes do not: the zone is the name of an interface, which can be renamed. */
bool dgram_address_has_zone(const struct sockaddr* address);

/* True if datagrams to `address` are of IPv4: also for an IPv4-mapped one. */
bool dgram_address_is_ip4(const dgram_address_t* address);

/* True if both have the same text and port. */
bool dgram_address_equal(const dgram_address_t* one,
                         const struct sockaddr* other);

#endif
