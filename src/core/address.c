#include "core/address.h"

#include <string.h>

/* Bytes in front of the IPv4 address in an IPv4-mapped one. */
#define MAPPED_PREFIX 12

static void map(dgram_address_t* address) {
  const struct sockaddr_in in4 = address->in4;

  (void) uv_ip6_addr("::ffff:0:0", 0, &address->in6); /* sin6_len, too */
  address->in6.sin6_port = in4.sin_port;
  memcpy(&address->in6.sin6_addr.s6_addr[MAPPED_PREFIX], &in4.sin_addr, 4);
}

void dgram_address_unmap(dgram_address_t* address) {
  const struct sockaddr_in6 in6 = address->in6;

  if (address->any.sa_family != AF_INET6 ||
      !IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr))
    return;
  memset(address, 0, sizeof(*address));
  (void) uv_ip4_addr("0.0.0.0", 0, &address->in4); /* sin_len, too */
  address->in4.sin_port = in6.sin6_port;
  memcpy(&address->in4.sin_addr, &in6.sin6_addr.s6_addr[MAPPED_PREFIX], 4);
}

static int parse(dgram_address_t* out,
                 int family,
                 const char* text,
                 uint16_t port) {
  bool both = family == DGRAM_FAMILY_BOTH;

  if ((family == 4 || both) && uv_ip4_addr(text, port, &out->in4) == 0) {
    if (both)
      map(out);
    return 0;
  }
  if (family == 6 || both)
    return uv_ip6_addr(text, port, &out->in6);
  return UV_EINVAL;
}

int dgram_address_parse(dgram_address_t* out,
                        int family,
                        const char* text,
                        uint16_t port) {
  memset(out, 0, sizeof(*out));
  if (parse(out, family, text, port) == 0)
    return 0;
  /* libuv sets the family before it parses the text. */
  memset(out, 0, sizeof(*out));
  return UV_EINVAL;
}

void dgram_address_copy(dgram_address_t* out, const struct sockaddr* from) {
  memset(out, 0, sizeof(*out));
  if (from->sa_family == AF_INET)
    memcpy(&out->in4, from, sizeof(out->in4));
  else if (from->sa_family == AF_INET6)
    memcpy(&out->in6, from, sizeof(out->in6));
}

bool dgram_address_has_zone(const struct sockaddr* address) {
  const struct sockaddr_in6* in6 = (const struct sockaddr_in6*) address;

  return address->sa_family == AF_INET6 && in6->sin6_scope_id != 0 &&
         IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr);
}

static int append_zone(const struct sockaddr_in6* in6,
                       dgram_source_text_t* out) {
  char zone[UV_IF_NAMESIZE];
  size_t size = sizeof(zone);
  int rc;

  rc = uv_if_indextoiid(in6->sin6_scope_id, zone, &size);
  if (rc != 0)
    return rc;
  if (out->length + 1 + size > sizeof(out->text))
    return UV_ENOBUFS;
  out->text[out->length] = '%';
  memcpy(out->text + out->length + 1, zone, size);
  out->length += (uint32_t) (1 + size);
  return 0;
}

static int describe4(const struct sockaddr_in* in4, dgram_source_text_t* out) {
  int rc = uv_ip4_name(in4, out->text, sizeof(out->text));

  out->family = 4;
  out->port = ntohs(in4->sin_port);
  out->length = rc == 0 ? (uint32_t) strlen(out->text) : 0;
  return rc;
}

static int describe6(const struct sockaddr_in6* in6, dgram_source_text_t* out) {
  int rc = uv_ip6_name(in6, out->text, sizeof(out->text));

  out->family = 6;
  out->port = ntohs(in6->sin6_port);
  out->length = rc == 0 ? (uint32_t) strlen(out->text) : 0;
  if (rc == 0 && dgram_address_has_zone((const struct sockaddr*) in6))
    rc = append_zone(in6, out);
  return rc;
}

void dgram_address_describe(const struct sockaddr* address,
                            dgram_source_text_t* out) {
  out->family = 0;
  out->port = 0;
  out->error = UV_EAFNOSUPPORT;
  if (address->sa_family == AF_INET)
    out->error = describe4((const struct sockaddr_in*) address, out);
  else if (address->sa_family == AF_INET6)
    out->error = describe6((const struct sockaddr_in6*) address, out);
  if (out->error != 0)
    out->length = 0;
}

bool dgram_address_is_ip4(const dgram_address_t* address) {
  return address->any.sa_family == AF_INET ||
         (address->any.sa_family == AF_INET6 &&
          IN6_IS_ADDR_V4MAPPED(&address->in6.sin6_addr));
}

/* Compares fields: the padding of a sockaddr_in and the flow label of a
 * sockaddr_in6 differ between datagrams of one source. */
bool dgram_address_equal(const dgram_address_t* slot,
                         const struct sockaddr* address) {
  const struct sockaddr_in* in4 = (const struct sockaddr_in*) address;
  const struct sockaddr_in6* in6 = (const struct sockaddr_in6*) address;

  if (slot->any.sa_family != address->sa_family)
    return false;
  if (address->sa_family == AF_INET)
    return slot->in4.sin_port == in4->sin_port &&
           slot->in4.sin_addr.s_addr == in4->sin_addr.s_addr;
  return address->sa_family == AF_INET6 &&
         slot->in6.sin6_port == in6->sin6_port &&
         slot->in6.sin6_scope_id == in6->sin6_scope_id &&
         memcmp(&slot->in6.sin6_addr,
                &in6->sin6_addr,
                sizeof(in6->sin6_addr)) == 0;
}
