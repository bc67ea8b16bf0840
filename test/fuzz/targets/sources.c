/* The table of sources, compared with JavaScript's cache: a slot that is not
 * new must contain exactly the requested source. */
#include "core/sources.h"

#include "../input.h"

typedef struct {
  dgram_sources_t sources;
  dgram_address_t known[DGRAM_SOURCES_MAX]; /* JavaScript's cache */
} state_t;

/* Few addresses, so that they collide; sometimes all bytes are random. */
static void draw_address(fuzz_input_t* input, dgram_address_t* out) {
  static const sa_family_t families[] = {
      AF_INET, AF_INET, AF_INET6, AF_INET6, AF_UNSPEC, AF_UNIX};

  memset(out, 0, sizeof(*out));
  if (fuzz_one_in(input, 8)) {
    fuzz_bytes(input, out, sizeof(*out));
    out->any.sa_family = families[fuzz_below(input, 6)];
    return;
  }
  out->any.sa_family = families[fuzz_below(input, 6)];
  out->in4.sin_port = fuzz_u8(input); /* sin6_port has the same offset */
  if (out->any.sa_family == AF_INET) {
    out->in4.sin_addr.s_addr = fuzz_u8(input);
    /* Padding must not matter. */
    out->in4.sin_zero[3] = fuzz_u8(input);
  } else if (out->any.sa_family == AF_INET6) {
    out->in6.sin6_addr.s6_addr[0] = fuzz_one_in(input, 2) ? 0xfe : 0;
    out->in6.sin6_addr.s6_addr[1] = 0x80;
    out->in6.sin6_addr.s6_addr[15] = fuzz_u8(input);
    out->in6.sin6_scope_id = fuzz_below(input, 3);
    out->in6.sin6_flowinfo = fuzz_u8(input);
  }
}

static bool same_text(const dgram_address_t* a, const dgram_address_t* b) {
  if (a->any.sa_family != b->any.sa_family)
    return false;
  if (a->any.sa_family == AF_INET)
    return a->in4.sin_port == b->in4.sin_port &&
           a->in4.sin_addr.s_addr == b->in4.sin_addr.s_addr;
  return a->any.sa_family == AF_INET6 && a->in6.sin6_port == b->in6.sin6_port &&
         memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, 16) == 0 &&
         a->in6.sin6_scope_id == b->in6.sin6_scope_id;
}

static size_t size_of(const dgram_address_t* address) {
  if (address->any.sa_family == AF_INET)
    return sizeof(address->in4);
  /* For an unknown family the kernel's whole buffer is used. */
  return sizeof(*address);
}

static void look_up(state_t* state, const dgram_address_t* address) {
  size_t size = size_of(address);
  struct sockaddr* exact = fuzz_alloc(size);
  bool fresh = false;
  bool again = false;
  uint32_t slot;

  memcpy(exact, address, size);
  slot = dgram_sources_find(&state->sources, exact, &fresh);
  FUZZ_CHECK(slot < DGRAM_SOURCES_MAX);
  if (fresh)
    state->known[slot] = *address;
  FUZZ_CHECK(fresh || same_text(&state->known[slot], address));
  FUZZ_CHECK(fresh || !dgram_address_has_zone(exact));
  if (fresh && (slot & 7) == 0 && !dgram_address_has_zone(exact) &&
      address->any.sa_family != AF_UNSPEC &&
      address->any.sa_family != AF_UNIX) {
    /* A text that was not read comes again. */
    dgram_sources_forget(&state->sources, slot);
    FUZZ_CHECK(dgram_sources_find(&state->sources, exact, &again) == slot);
    FUZZ_CHECK(again);
  }
  if (address->any.sa_family == AF_INET || address->any.sa_family == AF_INET6) {
    /* A second request at once returns the same slot. */
    FUZZ_CHECK(dgram_sources_find(&state->sources, exact, &again) == slot);
    FUZZ_CHECK(again == dgram_address_has_zone(exact));
  }
  free(exact);
}

/* Many sources: the table grows, and older ones are replaced once it is full.
 */
static void flood(fuzz_input_t* input, state_t* state) {
  dgram_address_t address = {0};
  uint32_t most = fuzz_one_in(input, 128) ? 2 * DGRAM_SOURCES_MAX : 512;
  uint32_t n = fuzz_below(input, most);
  uint32_t i;

  address.in4.sin_family = AF_INET;
  address.in4.sin_port = fuzz_u8(input);
  for (i = 0; i < n; i++) {
    address.in4.sin_addr.s_addr = i;
    look_up(state, &address);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz_input_t input = {data, size};
  static state_t memory; /* one MiB: an allocation is slow */
  state_t* state = &memory;
  dgram_address_t address;
  int floods = 0;

  memset(state, 0, sizeof(*state));
  while (input.size > 0) {
    if (fuzz_one_in(&input, 32)) {
      dgram_sources_free(&state->sources);
      continue;
    }
    if (floods < 1 && fuzz_one_in(&input, 64)) {
      flood(&input, state);
      floods++;
    }
    draw_address(&input, &address);
    look_up(state, &address);
  }
  dgram_sources_free(&state->sources);
  return 0;
}
