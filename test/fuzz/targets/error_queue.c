/* Messages of the error queue: arbitrary bytes, and lists of control messages
 * with a known result. */
#include "transport/linux/error_queue.h"

#include <netinet/in.h>

#include "../input.h"

/* struct sock_extended_err of <linux/errqueue.h>. */
typedef struct {
  uint32_t error;
  uint8_t origin;
  uint8_t type;
  uint8_t code;
  uint8_t padding;
  uint32_t info;
  uint32_t data;
} extended_error_t;

#define ERROR_SIZE (sizeof(extended_error_t) + sizeof(struct sockaddr_in6))

/* error_queue.c has it; this target does not call it. */
ssize_t fuzz_recvmsg(int fd, struct msghdr* message, int flags) {
  (void) fd;
  (void) message;
  (void) flags;
  abort();
}

static void check_address(const dgram_address_t* address) {
  FUZZ_CHECK(address->any.sa_family == AF_UNSPEC ||
             address->any.sa_family == AF_INET ||
             address->any.sa_family == AF_INET6);
}

/* Decodes copies of exactly that size. */
static bool decode(const char* control,
                   size_t size,
                   const dgram_address_t* name,
                   size_t name_size,
                   dgram_icmp_error_t* out) {
  char* bytes = fuzz_alloc(size);
  void* from = fuzz_alloc(name_size);
  struct msghdr header = {.msg_control = bytes,
                          .msg_controllen = size,
                          .msg_name = from,
                          .msg_namelen = (socklen_t) name_size};
  bool is_icmp;

  memcpy(bytes, control, size);
  memcpy(from, name, name_size);
  is_icmp = dgram_error_queue_decode(&header, out);
  if (is_icmp) {
    FUZZ_CHECK(out->code < 0 && out->code >= -4095);
    FUZZ_CHECK(out->mtu == 0 || out->code == UV_EMSGSIZE);
    check_address(&out->destination);
    check_address(&out->offender);
  }
  free(bytes);
  free(from);
  return is_icmp;
}

static void draw_address(fuzz_input_t* input, dgram_address_t* out) {
  static const sa_family_t families[] = {
      AF_INET, AF_INET6, AF_INET6, AF_UNSPEC, AF_UNIX};

  fuzz_bytes(input, out, sizeof(*out));
  out->any.sa_family = families[fuzz_below(input, 5)];
}

/* What is left of an address that was cut. */
static size_t known_size(const dgram_address_t* address, size_t size) {
  size_t needed = address->any.sa_family == AF_INET ? sizeof(address->in4)
                                                    : sizeof(address->in6);

  if (address->any.sa_family != AF_INET && address->any.sa_family != AF_INET6)
    return 0;
  return size >= needed ? needed : 0;
}

static void check_copy(const dgram_address_t* copy,
                       const dgram_address_t* original,
                       size_t size) {
  size_t known = known_size(original, size);

  if (known == 0)
    FUZZ_CHECK(copy->any.sa_family == AF_UNSPEC);
  else
    FUZZ_CHECK(memcmp(copy, original, known) == 0);
}

static size_t add_message(char* control,
                          int level,
                          int type,
                          const void* data,
                          size_t size) {
  struct cmsghdr cmsg;

  memset(&cmsg, 0, sizeof(cmsg));
  cmsg.cmsg_level = level;
  cmsg.cmsg_type = type;
  cmsg.cmsg_len = CMSG_LEN(size);
  memset(control, 0, CMSG_SPACE(size));
  memcpy(control, &cmsg, sizeof(cmsg));
  memcpy(control + CMSG_LEN(0), data, size);
  return CMSG_SPACE(size);
}

/* An error after up to two other control messages, possibly cut. */
static void check_list(fuzz_input_t* input, bool cut) {
  static const uint8_t others[16];
  char control[2 * CMSG_SPACE(sizeof(others)) + CMSG_SPACE(ERROR_SIZE)] = {0};
  char data[ERROR_SIZE];
  extended_error_t error;
  dgram_address_t name;
  dgram_address_t offender;
  dgram_icmp_error_t out;
  size_t name_size = fuzz_below(input, sizeof(name) + 1);
  size_t size = 0;
  size_t length = fuzz_below(input, ERROR_SIZE + 1);
  uint32_t before = fuzz_below(input, 3);
  bool six = fuzz_one_in(input, 2);
  bool expected;

  fuzz_bytes(input, &error, sizeof(error));
  error.origin %= 7;
  if (fuzz_one_in(input, 2))
    error.error %= 200;
  draw_address(input, &name);
  draw_address(input, &offender);
  memcpy(data, &error, sizeof(error));
  memcpy(data + sizeof(error), &offender, sizeof(struct sockaddr_in6));
  for (; before > 0; before--)
    size += add_message(control + size,
                        SOL_SOCKET,
                        (int) fuzz_u8(input),
                        others,
                        fuzz_below(input, sizeof(others) + 1));
  size += add_message(control + size,
                      six ? IPPROTO_IPV6 : IPPROTO_IP,
                      six ? IPV6_RECVERR : IP_RECVERR,
                      data,
                      length);
  if (cut)
    size = fuzz_below(input, (uint32_t) size + 1);
  expected = length >= sizeof(error) && error.error > 0 &&
             error.error <= 4095 && (error.origin == 2 || error.origin == 3);
  if (!decode(control, size, &name, name_size, &out)) {
    FUZZ_CHECK(!expected || cut);
    return;
  }
  FUZZ_CHECK(expected);
  FUZZ_CHECK(out.code == -(int) error.error);
  FUZZ_CHECK(out.type == error.type && out.icmp_code == error.code);
  FUZZ_CHECK(out.mtu == (out.code == UV_EMSGSIZE ? error.info : 0));
  check_copy(&out.destination, &name, name_size);
  check_copy(&out.offender, &offender, length - sizeof(error));
}

static void check_bytes(fuzz_input_t* input) {
  char control[128];
  dgram_address_t name;
  dgram_icmp_error_t out;
  size_t size = input->size < sizeof(control) ? input->size : sizeof(control);

  draw_address(input, &name);
  fuzz_bytes(input, control, size);
  (void) decode(control, size, &name, sizeof(name), &out);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz_input_t input = {data, size};
  uint32_t kind = fuzz_below(&input, 3);

  if (kind == 0)
    check_bytes(&input);
  else
    check_list(&input, kind == 2);
  return 0;
}
