#include "outgoing.h"

#include <errno.h>
#include <netinet/in.h>

#include "transport/linux/ancillary.h"

#define FDS 1024

static struct {
  int fd;
  fuzz_datagram_t datagram;
  bool taken;
} entries[FUZZ_DATAGRAMS];
static uint32_t count;
static uint32_t first[FDS]; /* by descriptor: none before it is left */
static uint32_t errors;

void fuzz_outgoing_reset(void) {
  memset(first, 0, sizeof(first));
  count = 0;
  errors = 0;
}

uint32_t fuzz_outgoing_errors(void) {
  return errors;
}

static uint32_t hash(uint32_t seed, const void* bytes, size_t size) {
  const uint8_t* byte = bytes;
  size_t i;

  /* FNV-1a; it reads every byte, as the kernel would. */
  for (i = 0; i < size; i++)
    seed = (seed ^ byte[i]) * 16777619u;
  return seed;
}

fuzz_datagram_t fuzz_datagram(const void* bytes,
                              size_t length,
                              const struct sockaddr* peer) {
  fuzz_datagram_t datagram = {(uint32_t) length, 2166136261u};

  datagram.hash = hash(datagram.hash, bytes, length);
  if (peer != NULL)
    datagram.hash =
        hash(datagram.hash,
             peer,
             peer->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                         : sizeof(struct sockaddr_in));
  return datagram;
}

static void take(int fd, fuzz_datagram_t datagram) {
  FUZZ_CHECK(count < FUZZ_DATAGRAMS);
  entries[count].fd = fd;
  entries[count].datagram = datagram;
  entries[count].taken = false;
  count++;
}

void fuzz_outgoing_expect(int fd, const fuzz_datagram_t* datagram) {
  uint32_t i;

  FUZZ_CHECK(fd >= 0 && fd < FDS);
  i = first[fd];
  while (i < count && (entries[i].taken || entries[i].fd != fd))
    i++;
  FUZZ_CHECK(i < count);
  FUZZ_CHECK(entries[i].datagram.length == datagram->length);
  FUZZ_CHECK(entries[i].datagram.hash == datagram->hash);
  entries[i].taken = true;
  first[fd] = i + 1;
}

void fuzz_outgoing_finish(void) {
  uint32_t i;

  for (i = 0; i < count; i++)
    FUZZ_CHECK(entries[i].taken);
}

/* -- results of system calls ----------------------------------------------- */

static int fail(int code) {
  if (code != EINTR && code != EAGAIN && code != ENOBUFS)
    errors++;
  errno = code;
  return -1;
}

/* 0, or an errno. */
static int draw_result(int fd) {
  if (fd < 0)
    return EBADF;
  switch (fuzz_below(fuzz_kernel_input, 16)) {
    case 1:
      return EINTR;
    case 2:
    case 3:
      return EAGAIN;
    case 4:
      return ENOBUFS;
    case 5:
    case 6:
      return fuzz_errno();
    default:
      return 0;
  }
}

/* The segment size of a message, read without the code under test. */
static size_t segment_of(const struct msghdr* header, size_t length) {
  struct msghdr copy = *header;
  const struct cmsghdr* cmsg;
  uint16_t segment;

  if (header->msg_controllen == 0)
    return length == 0 ? 1 : length;
  cmsg = CMSG_FIRSTHDR(&copy);
  FUZZ_CHECK(cmsg != NULL && cmsg->cmsg_level == IPPROTO_UDP);
  FUZZ_CHECK(cmsg->cmsg_type == UDP_SEGMENT);
  FUZZ_CHECK(cmsg->cmsg_len == CMSG_LEN(sizeof(segment)));
  memcpy(&segment, CMSG_DATA(cmsg), sizeof(segment));
  /* The kernel's limits for a GSO send. */
  FUZZ_CHECK(segment > 0 && segment < length);
  FUZZ_CHECK(length <= 65507 && (length + segment - 1) / segment <= 64);
  return segment;
}

static void take_message(int fd, const struct msghdr* header) {
  size_t length;
  size_t segment;
  size_t at = 0;

  FUZZ_CHECK(header->msg_iovlen == 1);
  length = header->msg_iov[0].iov_len;
  segment = segment_of(header, length);
  do {
    size_t rest = length - at;

    take(fd,
         fuzz_datagram((const char*) header->msg_iov[0].iov_base + at,
                       rest < segment ? rest : segment,
                       header->msg_name));
    at += segment;
  } while (at < length);
}

ssize_t fuzz_sendmsg(int fd, const struct msghdr* message, int flags) {
  int code = draw_result(fd);

  FUZZ_CHECK(flags == MSG_DONTWAIT);
  if (code != 0)
    return fail(code);
  take_message(fd, message);
  return (ssize_t) message->msg_iov[0].iov_len;
}

int fuzz_sendmmsg(int fd, struct mmsghdr* vmessages, unsigned vlen, int flags) {
  unsigned n = vlen;
  unsigned i;
  int code;

  if (fd < 0) { /* the transport asks whether there is such a call */
    errno = EBADF;
    return -1;
  }
  code = draw_result(fd);
  FUZZ_CHECK(flags == MSG_DONTWAIT && vlen > 0 && vlen <= 1024);
  if (code != 0)
    return fail(code);
  if (fuzz_one_in(fuzz_kernel_input, 4)) /* or none, and no error */
    n = fuzz_below(fuzz_kernel_input, vlen + 1);
  for (i = 0; i < n; i++)
    take_message(fd, &vmessages[i].msg_hdr);
  return (int) n;
}

int fuzz_uv_udp_try_send(uv_udp_t* udp,
                         const uv_buf_t bufs[],
                         unsigned length,
                         const struct sockaddr* peer) {
  uv_os_fd_t fd = -1;
  int code;

  (void) uv_fileno((uv_handle_t*) udp, &fd);
  code = draw_result(fd);
  FUZZ_CHECK(length == 1 && fuzz_watch(udp)->request == NULL);
  if (code == ENOBUFS || code == EINTR)
    code = EAGAIN; /* libuv's ways */
  if (code != 0) {
    (void) fail(code);
    return -code;
  }
  take(fd, fuzz_datagram(bufs[0].base, bufs[0].len, peer));
  return (int) bufs[0].len;
}

int fuzz_uv_udp_send(uv_udp_send_t* request,
                     uv_udp_t* udp,
                     const uv_buf_t bufs[],
                     unsigned length,
                     const struct sockaddr* peer,
                     uv_udp_send_cb on_sent) {
  fuzz_watch_t* watch = fuzz_watch(udp);
  uv_os_fd_t fd;

  FUZZ_CHECK(length == 1 && watch->request == NULL);
  if (uv_fileno((uv_handle_t*) udp, &fd) != 0)
    return UV_EBADF;
  if (fuzz_one_in(fuzz_kernel_input, 8)) {
    errors++;
    return UV_ENOMEM;
  }
  request->handle = udp;
  watch->request = request;
  watch->on_sent = on_sent;
  watch->buf = bufs[0];
  watch->peer.sin6_family = AF_UNSPEC;
  if (peer != NULL)
    memcpy(&watch->peer,
           peer,
           peer->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                       : sizeof(struct sockaddr_in));
  return 0;
}

void fuzz_outgoing_complete(fuzz_watch_t* watch, int status) {
  const struct sockaddr* peer = (const struct sockaddr*) &watch->peer;
  uv_os_fd_t fd = -1;

  (void) uv_fileno(watch->handle, &fd);
  if (status == 0)
    take(fd,
         fuzz_datagram(watch->buf.base,
                       watch->buf.len,
                       peer->sa_family == AF_UNSPEC ? NULL : peer));
  else
    errors++;
  fuzz_end_request(watch, status);
}
