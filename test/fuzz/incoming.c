#include "incoming.h"

#include <errno.h>
#include <netinet/in.h>

#include "transport/linux/ancillary.h"
#include "unix_incoming.h"

fuzz_arrival_t fuzz_arrivals[DGRAM_RECV_SLOTS + 1];
uint32_t fuzz_arrivals_count;
bool fuzz_icmp_errors;
static const uint8_t* recv_buffer;
static uint32_t slots;

static fuzz_arrival_t* add_arrival(const void* base, size_t size, int status);

/* An error that is delivered before the memory is acquired. */
static int early_error;

void fuzz_incoming_reset(const uint8_t* memory, uint32_t count) {
  fuzz_arrivals_count = 0;
  recv_buffer = memory;
  slots = count;
  if (memory == NULL || early_error == 0)
    return;
  add_arrival(NULL, 0, early_error);
  early_error = 0; /* a nested event has its own */
}

/* -- one message ---------------------------------------------------------- */

static void draw_source(dgram_address_t* out) {
  fuzz_input_t* input = fuzz_kernel_input;

  memset(out, 0, sizeof(*out));
  if (fuzz_one_in(input, 2)) {
    out->in6.sin6_family = AF_INET6;
    out->in6.sin6_port = fuzz_u8(input);
    fuzz_bytes(input, &out->in6.sin6_addr, fuzz_one_in(input, 4) ? 16 : 2);
    out->in6.sin6_scope_id = fuzz_below(input, 3);
  } else {
    out->in4.sin_family = AF_INET;
    out->in4.sin_port = fuzz_u8(input);
    out->in4.sin_addr.s_addr = fuzz_u8(input);
  }
}

static uint32_t draw_length(void) {
  fuzz_input_t* input = fuzz_kernel_input;

  return fuzz_one_in(input, 8) ? fuzz_u16(input) : fuzz_u8(input);
}

static fuzz_arrival_t* add_arrival(const void* base, size_t size, int status) {
  fuzz_arrival_t* arrival = &fuzz_arrivals[fuzz_arrivals_count++];
  const uint8_t* bytes = base;

  FUZZ_CHECK(fuzz_arrivals_count <= DGRAM_RECV_SLOTS + 1);
  memset(arrival, 0, sizeof(*arrival));
  arrival->status = status;
  arrival->bytes = bytes;
  if (status != 0)
    return arrival;
  FUZZ_CHECK(bytes >= recv_buffer &&
             bytes + size <= recv_buffer + slots * DGRAM_RECV_SLOT_SIZE);
  arrival->length = draw_length();
  if (arrival->length > size)
    arrival->length = (uint32_t) size;
  arrival->segment = arrival->length;
  draw_source(&arrival->source);
  /* Writing the first and last byte shows that the memory is valid. */
  if (arrival->length > 0)
    ((uint8_t*) base)[0] = ((uint8_t*) base)[arrival->length - 1] = 0x5a;
  return arrival;
}

/* Adds the UDP_GRO control message of a GRO buffer: an int. */
static void put_gro(struct msghdr* header, fuzz_arrival_t* arrival) {
  struct cmsghdr* cmsg = CMSG_FIRSTHDR(header);
  int segment = 1 + (int) fuzz_below(fuzz_kernel_input, 1500);

  cmsg->cmsg_level = IPPROTO_UDP;
  cmsg->cmsg_type = UDP_GRO;
  cmsg->cmsg_len = CMSG_LEN(sizeof(segment));
  memcpy(CMSG_DATA(cmsg), &segment, sizeof(segment));
  header->msg_controllen = CMSG_SPACE(sizeof(segment));
  if ((uint32_t) segment < arrival->length)
    arrival->segment = (uint32_t) segment;
}

/* Adds IP_PKTINFO and IP_TTL. */
static void put_info(struct msghdr* header, fuzz_arrival_t* arrival) {
  struct cmsghdr* cmsg = CMSG_FIRSTHDR(header);
  struct in_pktinfo packet = {.ipi_ifindex = 1};
  int ttl;

  arrival->has_info = true;
  arrival->ttl = fuzz_u8(fuzz_kernel_input);
  arrival->address = fuzz_u8(fuzz_kernel_input);
  packet.ipi_addr.s_addr = arrival->address;
  ttl = arrival->ttl;
  cmsg->cmsg_level = IPPROTO_IP;
  cmsg->cmsg_type = IP_PKTINFO;
  cmsg->cmsg_len = CMSG_LEN(sizeof(packet));
  memcpy(CMSG_DATA(cmsg), &packet, sizeof(packet));
  cmsg = CMSG_NXTHDR(header, cmsg);
  cmsg->cmsg_level = IPPROTO_IP;
  cmsg->cmsg_type = IP_TTL;
  cmsg->cmsg_len = CMSG_LEN(sizeof(ttl));
  memcpy(CMSG_DATA(cmsg), &ttl, sizeof(ttl));
  header->msg_controllen = CMSG_SPACE(sizeof(packet)) + CMSG_SPACE(sizeof(ttl));
}

static bool gro_is_on(int fd) {
  int on = 0;
  socklen_t size = sizeof(on);

  return getsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, &size) == 0 && on != 0;
}

static void put_control(int fd,
                        struct msghdr* header,
                        fuzz_arrival_t* arrival) {
  fuzz_input_t* input = fuzz_kernel_input;

  FUZZ_CHECK(header->msg_controllen >= CMSG_SPACE(sizeof(int)));
  switch (fuzz_below(input, 8)) {
    case 0:
      header->msg_controllen =
          fuzz_below(input, (uint32_t) header->msg_controllen + 1);
      fuzz_bytes(input, header->msg_control, header->msg_controllen);
      arrival->segment = 0;
      break;
    case 1:
      header->msg_flags |= MSG_CTRUNC;
      header->msg_controllen = 0;
      if (gro_is_on(fd))
        arrival->status = UV_EMSGSIZE;
      break;
    case 5:
      put_info(header, arrival);
      break;
    case 2:
    case 3:
    case 4:
      put_gro(header, arrival);
      break;
    default:
      header->msg_controllen = 0;
  }
}

static void fill_message(int fd, struct mmsghdr* message) {
  struct msghdr* header = &message->msg_hdr;
  fuzz_arrival_t* arrival;

  FUZZ_CHECK(header->msg_iovlen == 1 && header->msg_flags == 0);
  FUZZ_CHECK(header->msg_namelen == sizeof(arrival->source));
  arrival =
      add_arrival(header->msg_iov[0].iov_base, header->msg_iov[0].iov_len, 0);
  message->msg_len = arrival->length;
  header->msg_namelen = arrival->source.any.sa_family == AF_INET
                            ? sizeof(arrival->source.in4)
                            : sizeof(arrival->source.in6);
  memcpy(header->msg_name, &arrival->source, header->msg_namelen);
  put_control(fd, header, arrival);
}

/* -- system calls --------------------------------------------------------- */

/* The number of messages (at most `length`), or a negative errno. */
static int draw_count(uint32_t length) {
  switch (fuzz_below(fuzz_kernel_input, 8)) {
    case 0:
      return -EAGAIN;
    case 1:
      return -EINTR;
    case 2:
      return -fuzz_errno();
    case 3:
      return (int) length;
    default:
      return 1 + (int) fuzz_below(fuzz_kernel_input, length);
  }
}

static bool is_reported(int code) {
  return !fuzz_icmp_errors || (code != ECONNREFUSED && code != EHOSTUNREACH &&
                               code != EMSGSIZE && code != ENETUNREACH);
}

int fuzz_recvmmsg(int fd,
                  struct mmsghdr* vmessages,
                  unsigned vlen,
                  int flags,
                  struct timespec* tmo) {
  int n;
  int i;

  if (fd < 0) { /* the transport checks that the call exists */
    errno = EBADF;
    return -1;
  }
  if (fuzz_unix(fd) != NULL)
    return fuzz_unix_receive(fuzz_unix(fd), vmessages, vlen, flags);
  FUZZ_CHECK(recv_buffer != NULL);
  FUZZ_CHECK(vlen > 0 && vlen <= slots);
  FUZZ_CHECK(flags == MSG_DONTWAIT && tmo == NULL);
  n = draw_count(vlen);
  if (n < 0) {
    errno = -n;
    if (n != -EAGAIN && n != -EINTR && is_reported(-n))
      add_arrival(NULL, 0, n);
    return -1;
  }
  for (i = 0; i < n; i++)
    fill_message(fd, &vmessages[i]);
  return n;
}

/* One message. */
static ssize_t receive_one(int fd, struct msghdr* message, int flags) {
  struct mmsghdr one = {.msg_hdr = *message};
  int n = fuzz_recvmmsg(fd, &one, 1, flags, NULL);

  *message = one.msg_hdr;
  return n < 0 ? -1 : (ssize_t) one.msg_len;
}

/* A message of the error queue: an arbitrary address and ancillary data, which
 * is that of an ICMP error in half of the cases. */
static ssize_t receive_error(struct msghdr* message) {
  fuzz_input_t* input = fuzz_kernel_input;
  size_t room = message->msg_controllen;
  sa_family_t family = AF_INET;
  struct cmsghdr* cmsg;

  if (fuzz_one_in(input, 2))
    family = AF_INET6;
  if (!fuzz_one_in(input, 2)) {
    errno = EAGAIN;
    return -1;
  }
  message->msg_namelen = fuzz_below(input, message->msg_namelen + 1);
  fuzz_bytes(input, message->msg_name, message->msg_namelen);
  if (message->msg_namelen >= sizeof(family))
    memcpy(message->msg_name, &family, sizeof(family));
  fuzz_bytes(input, message->msg_control, room);
  message->msg_controllen = fuzz_below(input, (uint32_t) room + 1);
  cmsg = message->msg_control;
  if (fuzz_one_in(input, 2)) {
    cmsg->cmsg_level = IPPROTO_IPV6;
    cmsg->cmsg_type = IPV6_RECVERR;
    cmsg->cmsg_len = CMSG_LEN(16 + fuzz_below(input, 29));
  }
  return 0;
}

/* One message, or the queue of errors. */
ssize_t fuzz_recvmsg(int fd, struct msghdr* message, int flags) {
  FUZZ_CHECK(fd >= 0);
  if (message->msg_iovlen == 1)
    return receive_one(fd, message, flags);
  FUZZ_CHECK(fuzz_unix(fd) == NULL); /* U6 */
  FUZZ_CHECK(flags == (MSG_ERRQUEUE | MSG_DONTWAIT));
  return receive_error(message);
}

static void hand_over(fuzz_watch_t* watch, const uv_buf_t* buf, unsigned flag) {
  fuzz_arrival_t* arrival = add_arrival(buf->base, buf->len, 0);

  watch->on_recv((uv_udp_t*) watch->handle,
                 (ssize_t) arrival->length,
                 buf,
                 &arrival->source.any,
                 flag);
}

/* Several datagrams in chunks of one buffer, as libuv does on Linux. */
static void hand_over_chunks(fuzz_watch_t* watch, const uv_buf_t* buf, int n) {
  int i;

  for (i = 0; i < n && watch->on_recv != NULL; i++) {
    uv_buf_t chunk = uv_buf_init(buf->base + (size_t) i * DGRAM_RECV_SLOT_SIZE,
                                 DGRAM_RECV_SLOT_SIZE);

    hand_over(watch, &chunk, UV_UDP_MMSG_CHUNK);
  }
  if (watch->on_recv != NULL)
    watch->on_recv((uv_udp_t*) watch->handle, 0, buf, NULL, UV_UDP_MMSG_FREE);
}

/* Delivers an error with the buffer, or without one as on Windows, or as an
 * unsigned length, as libuv 1.52 does if IP_RECVERR is set. */
static void hand_over_error(fuzz_watch_t* watch, const uv_buf_t* buf, int rc) {
  uv_udp_t* udp = (uv_udp_t*) watch->handle;
  uv_buf_t none = uv_buf_init(NULL, 0);
  dgram_address_t source;

  add_arrival(NULL, 0, rc);
  draw_source(&source);
  switch (fuzz_below(fuzz_kernel_input, 3)) {
    case 0:
      watch->on_recv(udp, rc, buf, NULL, 0);
      break;
    case 1:
      early_error = rc;
      watch->on_recv(udp, rc, &none, NULL, 0);
      early_error = 0;
      break;
    default:
      watch->on_recv(udp, (ssize_t) (uint32_t) rc, buf, &source.any, 0);
  }
}

void fuzz_incoming_event(fuzz_watch_t* watch) {
  uv_buf_t buf = uv_buf_init(NULL, 0);
  int n;

  watch->on_alloc(watch->handle, DGRAM_RECV_SLOT_SIZE, &buf);
  if (buf.base == NULL || buf.len == 0) {
    watch->on_recv((uv_udp_t*) watch->handle, UV_ENOBUFS, &buf, NULL, 0);
    return;
  }
  n = draw_count((uint32_t) (buf.len / DGRAM_RECV_SLOT_SIZE));
  if (n == -EAGAIN || n == -EINTR) {
    watch->on_recv((uv_udp_t*) watch->handle, 0, &buf, NULL, 0);
  } else if (n < 0) {
    hand_over_error(watch, &buf, n);
  } else if (n == 1 && fuzz_one_in(fuzz_kernel_input, 2)) {
    hand_over(watch, &buf, 0);
  } else {
    hand_over_chunks(watch, &buf, n);
  }
}
