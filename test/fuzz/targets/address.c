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

static void check_string(fuzz_input_t* input) {
  uint16_t port = fuzz_u16(input);
  size_t size = input->size;
  char* string = fuzz_alloc(size + 1);

  fuzz_bytes(input, string, size);
  string[size] = '\0';
  check_parsed(string, 4, port);
  check_parsed(string, 6, port);
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
