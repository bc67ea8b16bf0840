/* Ancillary data of a received message: arbitrary bytes, and lists of control
 * messages with a known result. */
#include "transport/linux/ancillary.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <time.h>
#include <unistd.h>

#include "../input.h"

/* Descriptors of one message. */
#define RIGHTS_MAX 4

static uint32_t segment_of(void* control, size_t size, uint32_t length) {
  struct msghdr header = {.msg_control = control, .msg_controllen = size};

  return dgram_ancillary_get_segment(&header, length);
}

/* Reads the information. What is present is in its range. */
static void info_of(void* control, size_t size, dgram_receive_info_t* out) {
  struct msghdr header = {.msg_control = control, .msg_controllen = size};

  dgram_ancillary_get_info(&header, out);
  FUZZ_CHECK((out->present & ~63u) == 0);
  FUZZ_CHECK(!(out->present & DGRAM_INFO_LOCAL_ADDRESS) ==
             (out->local_address.any.sa_family == AF_UNSPEC));
  FUZZ_CHECK((out->present & DGRAM_INFO_TIMESTAMP) || out->timestamp == 0);
  FUZZ_CHECK(out->timestamp >= 0);
}

static void check_bytes(fuzz_input_t* input, uint32_t length) {
  size_t size = input->size;
  char* control = fuzz_alloc(size);
  dgram_receive_info_t info;
  uint32_t segment;

  fuzz_bytes(input, control, size);
  segment = segment_of(control, size, length);
  FUZZ_CHECK(segment == length || (segment > 0 && segment < length));
  info_of(control, size, &info);
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

/* -- information ---------------------------------------------------------- */

/* A list of control messages, built like those of the kernel. */
typedef struct {
  char bytes[16 * CMSG_SPACE(sizeof(struct in6_pktinfo))];
  size_t size;
} list_t;

static void put(list_t* list,
                int level,
                int type,
                const void* value,
                size_t size) {
  struct cmsghdr cmsg;

  memset(&cmsg, 0, sizeof(cmsg));
  cmsg.cmsg_level = level;
  cmsg.cmsg_type = type;
  cmsg.cmsg_len = CMSG_LEN(size);
  memcpy(list->bytes + list->size, &cmsg, sizeof(cmsg));
  memcpy(list->bytes + list->size + CMSG_LEN(0), value, size);
  list->size += CMSG_SPACE(size);
}

static void put_packet_info(fuzz_input_t* input,
                            list_t* list,
                            dgram_receive_info_t* out) {
  struct in_pktinfo four = {.ipi_ifindex = (int) fuzz_u8(input)};
  struct in6_pktinfo six = {.ipi6_ifindex = (unsigned) four.ipi_ifindex};

  memset(&out->local_address, 0, sizeof(out->local_address));
  if (fuzz_one_in(input, 2)) {
    four.ipi_addr.s_addr = fuzz_u32(input);
    put(list, IPPROTO_IP, IP_PKTINFO, &four, sizeof(four));
    out->local_address.in4.sin_family = AF_INET;
    out->local_address.in4.sin_addr = four.ipi_addr;
  } else {
    fuzz_bytes(input, &six.ipi6_addr, sizeof(six.ipi6_addr));
    put(list, IPPROTO_IPV6, IPV6_PKTINFO, &six, sizeof(six));
    out->local_address.in6.sin6_family = AF_INET6;
    out->local_address.in6.sin6_addr = six.ipi6_addr;
  }
  out->interface_index = (uint32_t) four.ipi_ifindex;
  out->present |= DGRAM_INFO_LOCAL_ADDRESS | DGRAM_INFO_INTERFACE;
}

/* A value of a byte, as one or as an int; or one that does not fit. Returns
 * whether it does. */
static bool put_byte(fuzz_input_t* input,
                     list_t* list,
                     int level,
                     int type,
                     uint8_t* out) {
  int value = fuzz_u8(input);

  switch (fuzz_below(input, 3)) {
    case 0:
      *out = (uint8_t) value;
      put(list, level, type, out, 1);
      return true;
    case 1:
      *out = (uint8_t) value;
      put(list, level, type, &value, sizeof(value));
      return true;
    default:
      value = -1 - value;
      put(list, level, type, &value, sizeof(value));
      return false;
  }
}

static void put_timestamp(fuzz_input_t* input,
                          list_t* list,
                          dgram_receive_info_t* out) {
  struct timespec time = {.tv_sec = fuzz_u32(input),
                          .tv_nsec = fuzz_u32(input) % 1000000000};

  put(list, SOL_SOCKET, SO_TIMESTAMPNS, &time, sizeof(time));
  out->timestamp = (int64_t) time.tv_sec * 1000000000 + time.tv_nsec;
  out->present |= DGRAM_INFO_TIMESTAMP;
}

static void put_credentials(fuzz_input_t* input,
                            list_t* list,
                            dgram_receive_info_t* out) {
  struct ucred credentials = {.pid = (pid_t) fuzz_u32(input),
                              .uid = fuzz_u32(input),
                              .gid = fuzz_u32(input)};

  put(list, SOL_SOCKET, SCM_CREDENTIALS, &credentials, sizeof(credentials));
  out->pid = (uint32_t) credentials.pid;
  out->uid = credentials.uid;
  out->gid = credentials.gid;
  out->present |= DGRAM_INFO_CREDENTIALS;
}

/* Appends one message of some kind. */
static void put_any(fuzz_input_t* input,
                    list_t* list,
                    dgram_receive_info_t* expected) {
  bool six = fuzz_one_in(input, 2);

  switch (fuzz_below(input, 5)) {
    case 0:
      if (!(expected->present & DGRAM_INFO_LOCAL_ADDRESS))
        put_packet_info(input, list, expected);
      break;
    case 1:
      if (put_byte(input,
                   list,
                   six ? (int) IPPROTO_IPV6 : (int) IPPROTO_IP,
                   six ? IPV6_TCLASS : IP_TOS,
                   &expected->tos))
        expected->present |= DGRAM_INFO_TOS;
      break;
    case 2:
      if (put_byte(input,
                   list,
                   six ? (int) IPPROTO_IPV6 : (int) IPPROTO_IP,
                   six ? IPV6_HOPLIMIT : IP_TTL,
                   &expected->ttl))
        expected->present |= DGRAM_INFO_TTL;
      break;
    case 3:
      put_timestamp(input, list, expected);
      break;
    default:
      if (fuzz_one_in(input, 2))
        put_credentials(input, list, expected);
      else
        put(list, SOL_SOCKET, SO_RXQ_OVFL, "abcd", 4);
  }
}

static bool same_address(const dgram_address_t* a, const dgram_address_t* b) {
  if (a->any.sa_family != b->any.sa_family)
    return false;
  if (a->any.sa_family == AF_INET)
    return a->in4.sin_addr.s_addr == b->in4.sin_addr.s_addr;
  return memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, 16) == 0;
}

static void check_info(fuzz_input_t* input) {
  list_t list = {.size = 0};
  dgram_receive_info_t expected = {0};
  dgram_receive_info_t info;
  uint32_t n = fuzz_below(input, 8);
  char* control;

  while (n-- > 0)
    put_any(input, &list, &expected);
  control = fuzz_alloc(list.size);
  memcpy(control, list.bytes, list.size);
  info_of(control, list.size, &info);
  FUZZ_CHECK(info.present == expected.present);
  FUZZ_CHECK(info.tos == expected.tos && info.ttl == expected.ttl);
  FUZZ_CHECK(info.timestamp == expected.timestamp);
  FUZZ_CHECK(info.pid == expected.pid && info.uid == expected.uid &&
             info.gid == expected.gid);
  FUZZ_CHECK(info.interface_index == expected.interface_index);
  FUZZ_CHECK(same_address(&info.local_address, &expected.local_address));
  free(control);
}

/* Appends a message with descriptors. The kernel may have cut off the last. */
static size_t put_rights(fuzz_input_t* input, list_t* list, int* out) {
  size_t n = fuzz_below(input, RIGHTS_MAX + 1);
  size_t cut = n > 0 && fuzz_one_in(input, 4) ? fuzz_below(input, 4) : 0;
  size_t i;

  for (i = 0; i < n; i++) {
    out[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    FUZZ_CHECK(out[i] >= 0);
  }
  put(list, SOL_SOCKET, SCM_RIGHTS, out, n * sizeof(*out) - cut);
  if (cut > 0) /* not installed */
    (void) close(out[--n]);
  return n;
}

/* Every descriptor is closed, and no other. */
static void check_rights(fuzz_input_t* input) {
  list_t list = {.size = 0};
  dgram_receive_info_t ignored = {0};
  int open_fds[2 * RIGHTS_MAX];
  struct msghdr header = {0};
  size_t n;
  size_t i;

  n = put_rights(input, &list, open_fds);
  put_any(input, &list, &ignored);
  n += put_rights(input, &list, open_fds + n);
  header.msg_controllen = list.size;
  header.msg_control = fuzz_alloc(list.size);
  memcpy(header.msg_control, list.bytes, list.size);
  dgram_ancillary_close_descriptors(&header);
  for (i = 0; i < n; i++)
    FUZZ_CHECK(fcntl(open_fds[i], F_GETFD) == -1);
  FUZZ_CHECK(fcntl(STDERR_FILENO, F_GETFD) != -1);
  free(header.msg_control);
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
      .send_time = fuzz_one_in(input, 2) ? fuzz_u32(input) : 0,
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
  if (settings.send_time != 0)
    cmsg = check_next(&header,
                      cmsg,
                      SOL_SOCKET,
                      61, /* SCM_TXTIME */
                      &settings.send_time,
                      sizeof(settings.send_time));
  FUZZ_CHECK(cmsg == NULL);
  free(header.msg_control);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz_input_t input = {data, size};
  uint32_t kind = fuzz_below(&input, 5);
  uint32_t length = fuzz_u16(&input);

  if (kind == 3)
    check_put(&input, (uint16_t) length);
  else if (kind == 0)
    check_bytes(&input, length);
  else if (kind == 4 && length % 8 == 7)
    check_rights(&input);
  else if (kind == 4)
    check_info(&input);
  else
    check_list(&input, length, kind == 2);
  return 0;
}
