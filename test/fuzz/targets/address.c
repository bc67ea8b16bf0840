/* Addresses as text and as bytes, and the conversion in both directions. The
 * names of interfaces are drawn as well. */
#include "core/address.h"

#include <arpa/inet.h>

#include "../kernel.h"

static void check_text(const dgram_source_text_t* text, int family) {
  FUZZ_CHECK(text->family == (uint32_t) family);
  FUZZ_CHECK(text->length <= sizeof(text->text));
  FUZZ_CHECK((text->error == 0) == (text->length > 0));
}

static bool equal(const dgram_address_t* a, const dgram_address_t* b) {
  if (a->any.sa_family != b->any.sa_family)
    return false;
  if (a->any.sa_family == AF_INET)
    return a->in4.sin_port == b->in4.sin_port &&
           a->in4.sin_addr.s_addr == b->in4.sin_addr.s_addr;
  return a->in6.sin6_port == b->in6.sin6_port &&
         memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, 16) == 0;
}

/* The text ends with the zone, which is the interface name. */
static void check_zone(const dgram_source_text_t* text) {
  const char* sign = memchr(text->text, '%', text->length);
  size_t before;

  FUZZ_CHECK(sign != NULL);
  before = (size_t) (sign + 1 - text->text);
  FUZZ_CHECK(text->length == before + fuzz_zone_length);
  FUZZ_CHECK(memcmp(sign + 1, fuzz_zone, fuzz_zone_length) == 0);
}

/* A formatted address is parsed to the same address. Without the zone, as the
 * interfaces do not exist. */
static void check_round_trip(const dgram_address_t* address) {
  dgram_source_text_t text;
  dgram_address_t again;
  char string[sizeof(text.text) + 1];
  int family = address->any.sa_family == AF_INET ? 4 : 6;
  char* zone;

  memset(&text, 0xa5, sizeof(text));
  dgram_address_describe(&address->any, &text);
  check_text(&text, family);
  if (text.error != 0)
    return;
  memcpy(string, text.text, text.length);
  string[text.length] = '\0';
  if (dgram_address_has_zone(&address->any))
    check_zone(&text);
  zone = strchr(string, '%');
  FUZZ_CHECK((zone != NULL) == dgram_address_has_zone(&address->any));
  if (zone != NULL)
    *zone = '\0';
  FUZZ_CHECK(
      dgram_address_parse(&again, family, string, (uint16_t) text.port) == 0);
  FUZZ_CHECK(equal(address, &again));
}

/* Compared with the C library, which does not support zones. */
static void check_parsed(const char* string, int family, uint16_t port) {
  dgram_address_t address;
  char bytes[16];
  int rc;

  memset(&address, 0xa5, sizeof(address));
  rc = dgram_address_parse(&address, family, string, port);
  FUZZ_CHECK(rc == 0 || rc == UV_EINVAL);
  if (family == 4 || strchr(string, '%') == NULL)
    FUZZ_CHECK(
        (rc == 0) ==
        (inet_pton(family == 4 ? AF_INET : AF_INET6, string, bytes) == 1));
  if (rc == 0)
    check_round_trip(&address);
  else
    FUZZ_CHECK(address.any.sa_family == AF_UNSPEC);
}

/* A dual-stack socket: what is parsed is an IPv6 address. Without the mapping
 * it is that of the family of the text. */
static void check_both(const char* string, uint16_t port) {
  dgram_address_t both;
  dgram_address_t single;
  bool is_ip4 = dgram_address_parse(&single, 4, string, port) == 0;
  int rc = is_ip4 ? 0 : dgram_address_parse(&single, 6, string, port);

  memset(&both, 0xa5, sizeof(both));
  FUZZ_CHECK(dgram_address_parse(&both, DGRAM_FAMILY_BOTH, string, port) == rc);
  if (rc != 0) {
    FUZZ_CHECK(both.any.sa_family == AF_UNSPEC);
    return;
  }
  FUZZ_CHECK(both.any.sa_family == AF_INET6);
  FUZZ_CHECK(dgram_address_is_ip4(&both) || (!is_ip4 && equal(&both, &single)));
  dgram_address_unmap(&both);
  dgram_address_unmap(&single);
  FUZZ_CHECK(equal(&both, &single));
}

/* Only an IPv4-mapped address changes, to that of IPv4. */
static void check_unmap(const dgram_address_t* address) {
  dgram_address_t unmapped = *address;
  bool is_mapped = address->any.sa_family == AF_INET6 &&
                   IN6_IS_ADDR_V4MAPPED(&address->in6.sin6_addr);

  dgram_address_unmap(&unmapped);
  FUZZ_CHECK(unmapped.any.sa_family ==
             (is_mapped ? AF_INET : address->any.sa_family));
  if (!is_mapped) {
    FUZZ_CHECK(unmapped.any.sa_family == AF_UNIX ||
               unmapped.any.sa_family == AF_UNSPEC ||
               equal(&unmapped, address));
    return;
  }
  FUZZ_CHECK(unmapped.in4.sin_port == address->in6.sin6_port);
  FUZZ_CHECK(memcmp(&unmapped.in4.sin_addr,
                    &address->in6.sin6_addr.s6_addr[12],
                    4) == 0);
}

static void check_string(fuzz_input_t* input) {
  uint16_t port = fuzz_u16(input);
  size_t size = input->size;
  char* string = fuzz_alloc(size + 1);

  fuzz_bytes(input, string, size);
  string[size] = '\0';
  check_parsed(string, 4, port);
  check_parsed(string, 6, port);
  check_both(string, port);
  if (port + 7 != DGRAM_FAMILY_BOTH)
    FUZZ_CHECK(dgram_address_parse(
                   &(dgram_address_t){0}, (int) port + 7, string, port) ==
               UV_EINVAL);
  free(string);
}

static void check_sockaddr(fuzz_input_t* input, int family) {
  size_t size = family == AF_INET ? sizeof(struct sockaddr_in)
                                  : sizeof(struct sockaddr_in6);
  struct sockaddr* exact = fuzz_alloc(size);
  dgram_address_t address;
  dgram_source_text_t text;

  memset(&address, 0, sizeof(address));
  fuzz_bytes(input, &address, sizeof(address));
  address.any.sa_family = (sa_family_t) family;
  memcpy(exact, &address, size);
  dgram_address_describe(exact, &text);
  (void) dgram_address_has_zone(exact);
  check_unmap(&address);
  if (family == AF_INET || family == AF_INET6) {
    check_text(&text, family == AF_INET ? 4 : 6);
    check_round_trip(&address);
  } else {
    FUZZ_CHECK(text.family == 0 && text.error != 0 && text.length == 0);
  }
  free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz_input_t input = {data, size};
  uint8_t kind = fuzz_u8(&input);

  fuzz_kernel_reset(&input);
  switch (kind % 4) {
    case 0:
      check_sockaddr(&input, AF_INET);
      break;
    case 1:
      check_sockaddr(&input, AF_INET6);
      break;
    case 2:
      check_sockaddr(&input, kind == 2 ? AF_UNSPEC : AF_UNIX);
      break;
    default:
      check_string(&input);
  }
  return 0;
}
