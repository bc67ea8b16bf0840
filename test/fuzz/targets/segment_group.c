/* A segment group is the longest prefix that satisfies every rule. */
#include "transport/linux/segment_group.h"

#include "../input.h"

typedef struct {
  uint32_t segment_max;
  uint32_t bytes_max;
} limits_t;

static bool fits(const dgram_send_t* sends, uint32_t i, uint64_t bytes) {
  return sends[i].destination == sends[0].destination &&
         sends[i].settings == sends[0].settings && sends[i].length > 0 &&
         sends[i].length <= sends[0].length &&
         sends[i].offset == sends[0].offset + bytes;
}

/* The rules in segment_group.h, for exactly `n` datagrams. */
static bool is_group(const dgram_send_t* sends, uint32_t n, limits_t limits) {
  uint64_t bytes = sends[0].length;
  uint32_t i;

  if (n == 1)
    return true;
  if (n > DGRAM_SEGMENT_GROUP_SEGMENTS ||
      sends[0].length < DGRAM_SEGMENT_GROUP_SEGMENT_MIN ||
      sends[0].length > limits.segment_max)
    return false;
  for (i = 1; i < n; i++) {
    /* Only the last datagram may be shorter. */
    if (!fits(sends, i, bytes) ||
        (i < n - 1 && sends[i].length != sends[0].length))
      return false;
    bytes += sends[i].length;
  }
  return bytes <= limits.bytes_max;
}

/* Descriptors that dgram_sends_flush() accepts: within an arena. Most of them
 * continue the preceding one. */
static void draw_sends(fuzz_input_t* input,
                       dgram_send_t* sends,
                       uint32_t count) {
  uint32_t i;

  for (i = 0; i < count; i++) {
    bool continues = i > 0 && !fuzz_one_in(input, 16);

    memset(&sends[i], 0, sizeof(sends[i]));
    sends[i].destination =
        continues ? sends[i - 1].destination : fuzz_below(input, 3);
    sends[i].settings =
        continues ? sends[i - 1].settings : fuzz_below(input, 3);
    sends[i].length = continues && !fuzz_one_in(input, 8) ? sends[i - 1].length
                      : fuzz_one_in(input, 4)             ? fuzz_u16(input)
                                                          : fuzz_u8(input);
    sends[i].offset = continues ? sends[i - 1].offset + sends[i - 1].length
                                : fuzz_below(input, 65536);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz_input_t input = {data, size};
  uint32_t count = 1 + fuzz_below(&input, 200);
  limits_t limits;
  dgram_send_t* sends = fuzz_alloc(count * sizeof(*sends));
  uint32_t n;

  limits.segment_max = fuzz_u16(&input);
  limits.bytes_max =
      fuzz_one_in(&input, 2) ? fuzz_u16(&input) : DGRAM_SEGMENT_GROUP_BYTES_IP4;
  draw_sends(&input, sends, count);
  n = dgram_segment_group_length(
      sends, count, limits.segment_max, limits.bytes_max);
  FUZZ_CHECK(n >= 1 && n <= count);
  FUZZ_CHECK(is_group(sends, n, limits));
  FUZZ_CHECK(n == count || !is_group(sends, n + 1, limits));
  free(sends);
  return 0;
}
