#include "core/sources.h"

#include <stdlib.h>
#include <string.h>

/* Size of a new table. Each time it is full it doubles. */
#define SIZE_MIN 64u

/* Longest list of a bucket. Addresses spread evenly stay far below. A sender
 * that forges colliding addresses only overwrites the slots of its own list. */
#define LIST_MAX 16u

#define NONE UINT16_MAX

_Static_assert((DGRAM_SOURCES_MAX & (DGRAM_SOURCES_MAX - 1)) == 0,
               "the hash is masked");
_Static_assert(DGRAM_SOURCES_MAX <= NONE, "a slot fits into 16 bits");

/* Folds the upper half into the lower one before and after: the bytes that
 * differ between addresses are the upper ones of a little-endian word. */
static uint64_t mix(uint64_t hash) {
  hash ^= hash >> 32;
  hash *= UINT64_C(0x9e3779b97f4a7c15);
  return hash ^ hash >> 32;
}

static uint32_t hash_source(const struct sockaddr* address) {
  const struct sockaddr_in* in4 = (const struct sockaddr_in*) address;
  const struct sockaddr_in6* in6 = (const struct sockaddr_in6*) address;
  uint64_t halves[2];

  if (address->sa_family == AF_INET)
    return (uint32_t) mix(mix(in4->sin_port) ^ in4->sin_addr.s_addr);
  if (address->sa_family != AF_INET6)
    return 0;
  memcpy(halves, &in6->sin6_addr, sizeof(halves));
  return (uint32_t) mix(mix(mix(in6->sin6_port) ^ halves[0]) ^ halves[1]);
}

static uint16_t* bucket_of(const dgram_sources_t* sources,
                           const struct sockaddr* address) {
  return &sources->buckets[hash_source(address) & (sources->size - 1)];
}

static void link_slot(dgram_sources_t* sources, uint32_t slot) {
  uint16_t* bucket = bucket_of(sources, &sources->slots[slot].address.any);

  sources->slots[slot].next = *bucket;
  *bucket = (uint16_t) slot;
}

static void unlink_slot(dgram_sources_t* sources, uint32_t slot) {
  uint16_t* link = bucket_of(sources, &sources->slots[slot].address.any);

  while (*link != slot)
    link = &sources->slots[*link].next;
  *link = sources->slots[slot].next;
}

/* Doubles the table. The slots keep their numbers. Returns false at the
 * maximum, or if there is no memory: the table then stays as it is. */
static bool grow(dgram_sources_t* sources) {
  uint32_t size = sources->size == 0 ? SIZE_MIN : sources->size * 2;
  dgram_source_t* slots;
  uint16_t* buckets;
  uint32_t slot;

  if (size > DGRAM_SOURCES_MAX)
    return false;
  slots = realloc(sources->slots, size * sizeof(slots[0]));
  if (slots == NULL)
    return false;
  sources->slots = slots;
  buckets = malloc(size * sizeof(buckets[0]));
  if (buckets == NULL)
    return false;
  memset(buckets, 0xff, size * sizeof(buckets[0])); /* NONE */
  free(sources->buckets);
  sources->buckets = buckets;
  sources->size = size;
  for (slot = 0; slot < sources->count; slot++)
    link_slot(sources, slot);
  return true;
}

/* At random: with round robin, sources that send in turn would each be
 * overwritten just before their next datagram, if they are one too many. */
static uint32_t draw(dgram_sources_t* sources, uint32_t limit) {
  sources->random = sources->random * 1664525u + 1013904223u;
  return (sources->random >> 16) % limit;
}

/* The slot for an address that is not in the table, in no list: an unused one,
 * else one to overwrite. `list` has LIST_MAX entries or is NULL. */
static uint32_t take_slot(dgram_sources_t* sources, const uint16_t* list) {
  uint32_t slot;

  if (list != NULL)
    slot = list[draw(sources, LIST_MAX)];
  else if (sources->count < sources->size || grow(sources))
    return sources->count++;
  else
    slot = draw(sources, sources->size);
  unlink_slot(sources, slot);
  return slot;
}

static uint32_t add(dgram_sources_t* sources,
                    const struct sockaddr* address,
                    const uint16_t* list) {
  uint32_t slot = take_slot(sources, list);
  dgram_source_t* source = &sources->slots[slot];

  memset(source, 0, sizeof(*source));
  if (address->sa_family == AF_INET)
    memcpy(&source->address.in4, address, sizeof(source->address.in4));
  else if (address->sa_family == AF_INET6)
    memcpy(&source->address.in6, address, sizeof(source->address.in6));
  link_slot(sources, slot);
  return slot;
}

/* The slot that holds `address`, or the one that gets it. */
static uint32_t find_or_add(dgram_sources_t* sources,
                            const struct sockaddr* address) {
  uint16_t list[LIST_MAX];
  uint32_t length = 0;
  uint16_t slot;

  for (slot = *bucket_of(sources, address); slot != NONE;
       slot = sources->slots[slot].next) {
    if (dgram_address_equal(&sources->slots[slot].address, address))
      return slot;
    if (length < LIST_MAX)
      list[length++] = slot;
  }
  return add(sources, address, length == LIST_MAX ? list : NULL);
}

uint32_t dgram_sources_find(dgram_sources_t* sources,
                            const struct sockaddr* address,
                            bool* is_new) {
  uint32_t slot = sources->last;

  *is_new = true;
  if (sources->size == 0 && !grow(sources))
    return 0;
  if (sources->count == 0 ||
      !dgram_address_equal(&sources->slots[slot].address, address))
    slot = find_or_add(sources, address);
  *is_new = !sources->slots[slot].has_text || dgram_address_has_zone(address);
  sources->slots[slot].has_text = true;
  sources->last = slot;
  return slot;
}

void dgram_sources_forget(dgram_sources_t* sources, uint32_t slot) {
  if (slot < sources->count)
    sources->slots[slot].has_text = false;
}

void dgram_sources_free(dgram_sources_t* sources) {
  free(sources->slots);
  free(sources->buckets);
  memset(sources, 0, sizeof(*sources));
}
