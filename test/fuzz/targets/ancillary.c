/* Ancillary data of a received message: arbitrary bytes, and lists of control
 * messages with a known result. */
#include "transport/linux/ancillary.h"

#include <netinet/in.h>

#include "../input.h"

static uint32_t segment_of(void* control, size_t size, uint32_t length) {
  struct msghdr header = {.msg_control = control, .msg_controllen = size};

  return dgram_ancillary_get_segment(&header, length);
}

static void check_bytes(fuzz_input_t* input, uint32_t length) {
  size_t size = input->size;
  char* control = fuzz_alloc(size);
  uint32_t segment;

  fuzz_bytes(input, control, size);
  segment = segment_of(control, size, length);
  FUZZ_CHECK(segment == length || (segment > 0 && segment < length));
  free(control);
}

/* Appends a control message of any type and length. Returns the segment size
 * that it carries, or 0. */
static uint32_t add_message(fuzz_input_t* input,
                            char* control,
                            size_t* size,
                            uint32_t length) {
  static const int levels[] = {IPPROTO_UDP, IPPROTO_IP, SOL_SOCKET};
  static const int types[] = {UDP_GRO, UDP_SEGMENT, IP_TOS};
  struct cmsghdr cmsg;
  int value = (int) fuzz_u32(input);
  size_t bytes = fuzz_below(input, 9);

  cmsg.cmsg_level = levels[fuzz_below(input, 3)];
  cmsg.cmsg_type = types[fuzz_below(input, 3)];
  cmsg.cmsg_len = CMSG_LEN(bytes);
  if (fuzz_one_in(input, 2))
    value = (int) fuzz_u8(input);
  memset(control + *size, 0, CMSG_SPACE(bytes));
  memcpy(control + *size, &cmsg, sizeof(cmsg));
  memcpy(control + *size + CMSG_LEN(0),
         &value,
         bytes < sizeof(value) ? bytes : sizeof(value));
  *size += CMSG_SPACE(bytes);
  if (cmsg.cmsg_level != IPPROTO_UDP || cmsg.cmsg_type != UDP_GRO ||
      bytes < sizeof(value) || value <= 0 || (uint32_t) value >= length)
    return 0;
  return (uint32_t) value;
}

/* A list of control messages. `cut`: truncated, so the segment size may be
 * missing. */
static void check_list(fuzz_input_t* input, uint32_t length, bool cut) {
  char list[8 * CMSG_SPACE(8)] = {0};
  char* control;
  size_t size = 0;
  uint32_t expected = 0;
  uint32_t segment;
  uint32_t i;
  uint32_t n = fuzz_below(input, 8);

  for (i = 0; i < n; i++) {
    segment = add_message(input, list, &size, length);
    if (expected == 0)
      expected = segment;
  }
  if (cut)
    size = fuzz_below(input, (uint32_t) size + 1);
  control = fuzz_alloc(size);
  memcpy(control, list, size);
  segment = segment_of(control, size, length);
  FUZZ_CHECK(segment == (expected == 0 ? length : expected) ||
             (cut && segment == length));
  free(control);
}

static void check_put(uint16_t segment) {
  _Alignas(struct cmsghdr) char control[DGRAM_ANCILLARY_SEGMENT_SIZE];
  struct msghdr header = {0};
  struct cmsghdr* cmsg;
  uint16_t written;

  dgram_ancillary_put_segment(&header, control, segment);
  cmsg = CMSG_FIRSTHDR(&header);
  FUZZ_CHECK(cmsg != NULL && cmsg->cmsg_level == IPPROTO_UDP);
  FUZZ_CHECK(cmsg->cmsg_type == UDP_SEGMENT);
  FUZZ_CHECK(cmsg->cmsg_len == CMSG_LEN(sizeof(written)));
  memcpy(&written, CMSG_DATA(cmsg), sizeof(written));
  FUZZ_CHECK(written == segment);
  FUZZ_CHECK(CMSG_NXTHDR(&header, cmsg) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz_input_t input = {data, size};
  uint32_t kind = fuzz_below(&input, 3);
  uint32_t length = fuzz_u16(&input);

  check_put((uint16_t) length);
  if (kind == 0)
    check_bytes(&input, length);
  else
    check_list(&input, length, kind == 2);
  return 0;
}
