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

/* Checks the next control message and returns the one after it. */
static struct cmsghdr* check_next(struct msghdr* header,
                                  struct cmsghdr* cmsg,
                                  int level,
                                  int type,
                                  const void* value,
                                  size_t size) {
  FUZZ_CHECK(cmsg != NULL && cmsg->cmsg_level == level);
  FUZZ_CHECK(cmsg->cmsg_type == type && cmsg->cmsg_len == CMSG_LEN(size));
  FUZZ_CHECK(memcmp(CMSG_DATA(cmsg), value, size) == 0);
  return CMSG_NXTHDR(header, cmsg);
}

static void check_put(fuzz_input_t* input, uint16_t segment) {
  struct msghdr header = {.msg_control = fuzz_alloc(DGRAM_ANCILLARY_SEND_SIZE)};
  dgram_send_settings_t settings = {
      .interface_index = fuzz_u8(input),
      .tos = (int32_t) fuzz_below(input, 257) - 1,
      .ttl = (int32_t) fuzz_below(input, 257) - 1,
  };
  bool is_ip4 = fuzz_one_in(input, 2);
  int level = is_ip4 ? (int) IPPROTO_IP : (int) IPPROTO_IPV6;
  struct cmsghdr* cmsg;

  fuzz_bytes(input, &settings.local, fuzz_one_in(input, 2) ? 16 : 0);
  if (fuzz_one_in(input, 2)) { /* IPv4-mapped */
    memset(&settings.local, 0, 10);
    memset(&settings.local.s6_addr[10], 0xff, 2);
  }
  if (segment > 0)
    dgram_ancillary_put_segment(&header, segment);
  dgram_ancillary_put_settings(&header, &settings, is_ip4);
  FUZZ_CHECK(header.msg_controllen <= DGRAM_ANCILLARY_SEND_SIZE);
  cmsg = CMSG_FIRSTHDR(&header);
  if (segment > 0)
    cmsg = check_next(
        &header, cmsg, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment));
  if (settings.interface_index != 0 ||
      !IN6_IS_ADDR_UNSPECIFIED(&settings.local)) {
    struct in_pktinfo info4 = {.ipi_ifindex = (int) settings.interface_index};
    struct in6_pktinfo info6 = {.ipi6_addr = settings.local,
                                .ipi6_ifindex = settings.interface_index};

    memcpy(&info4.ipi_spec_dst, &settings.local.s6_addr[12], 4);
    if (is_ip4 && (IN6_IS_ADDR_V4MAPPED(&settings.local) ||
                   IN6_IS_ADDR_UNSPECIFIED(&settings.local)))
      cmsg = check_next(
          &header, cmsg, IPPROTO_IP, IP_PKTINFO, &info4, sizeof(info4));
    else
      cmsg = check_next(
          &header, cmsg, IPPROTO_IPV6, IPV6_PKTINFO, &info6, sizeof(info6));
  }
  if (settings.tos != DGRAM_SETTING_UNSET)
    cmsg = check_next(&header,
                      cmsg,
                      level,
                      is_ip4 ? IP_TOS : IPV6_TCLASS,
                      &settings.tos,
                      sizeof(settings.tos));
  if (settings.ttl != DGRAM_SETTING_UNSET)
    cmsg = check_next(&header,
                      cmsg,
                      level,
                      is_ip4 ? IP_TTL : IPV6_HOPLIMIT,
                      &settings.ttl,
                      sizeof(settings.ttl));
  FUZZ_CHECK(cmsg == NULL);
  free(header.msg_control);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz_input_t input = {data, size};
  uint32_t kind = fuzz_below(&input, 4);
  uint32_t length = fuzz_u16(&input);

  if (kind == 3)
    check_put(&input, (uint16_t) length);
  else if (kind == 0)
    check_bytes(&input, length);
  else
    check_list(&input, length, kind == 2);
  return 0;
}
