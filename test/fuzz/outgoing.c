#include "outgoing.h"

#include <errno.h>
#include <netinet/in.h>

#include "transport/linux/ancillary.h"
#include "unix_outgoing.h"

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
                              const struct sockaddr* peer,
                              const dgram_send_settings_t* settings) {
  static const dgram_send_settings_t none = {.tos = DGRAM_SETTING_UNSET,
                                             .ttl = DGRAM_SETTING_UNSET};
  static const struct in6_addr any4 = {{{[10] = 0xff, [11] = 0xff}}};
  fuzz_datagram_t datagram = {(uint32_t) length, 2166136261u};

  datagram.hash = hash(datagram.hash, bytes, length);
  if (peer != NULL)
    datagram.hash =
        hash(datagram.hash,
             peer,
             peer->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                         : sizeof(struct sockaddr_in));
  if (settings == NULL)
    settings = &none;
  datagram.hash = hash(
      datagram.hash,
      memcmp(&settings->local, &any4, 16) == 0 ? &none.local : &settings->local,
      16);
  datagram.hash = hash(datagram.hash, &settings->interface_index, 4);
  datagram.hash = hash(datagram.hash, &settings->tos, 4);
  datagram.hash = hash(datagram.hash, &settings->ttl, 4);
  datagram.hash = hash(datagram.hash, &settings->send_time, 8);
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

/* Connected sockets have a peer of IPv4. */
static bool is_ip4(int fd, const struct sockaddr* peer) {
  const struct sockaddr_in6* in6 = (const struct sockaddr_in6*) peer;
  struct sockaddr_storage connected;
  socklen_t size = sizeof(connected);

  if (peer == NULL)
    return getpeername(fd, (struct sockaddr*) &connected, &size) == 0;
  return peer->sa_family == AF_INET || IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr);
}

static void read_value(const struct cmsghdr* cmsg, void* out, size_t size) {
  FUZZ_CHECK(cmsg->cmsg_len == CMSG_LEN(size));
  memcpy(out, CMSG_DATA(cmsg), size);
}

/* A setting in the way of the kernel, which ignores those of IPv6 for an IPv4
 * datagram, and the reverse. Only a source that does not fit is passed on. */
static void read_setting(const struct cmsghdr* cmsg,
                         bool ip4,
                         dgram_send_settings_t* out) {
  struct in_pktinfo info4;
  struct in6_pktinfo info6;

  if (cmsg->cmsg_level == IPPROTO_IPV6 && cmsg->cmsg_type == IPV6_PKTINFO) {
    read_value(cmsg, &info6, sizeof(info6));
    FUZZ_CHECK(!ip4 || (!IN6_IS_ADDR_V4MAPPED(&info6.ipi6_addr) &&
                        !IN6_IS_ADDR_UNSPECIFIED(&info6.ipi6_addr)));
    out->local = info6.ipi6_addr;
    out->interface_index = info6.ipi6_ifindex;
    return;
  }
  if (cmsg->cmsg_level == SOL_SOCKET) {
    FUZZ_CHECK(cmsg->cmsg_type == 61); /* SCM_TXTIME */
    read_value(cmsg, &out->send_time, sizeof(out->send_time));
    return;
  }
  FUZZ_CHECK(cmsg->cmsg_level == (ip4 ? (int) IPPROTO_IP : (int) IPPROTO_IPV6));
  if (ip4 && cmsg->cmsg_type == IP_PKTINFO) {
    read_value(cmsg, &info4, sizeof(info4));
    FUZZ_CHECK(info4.ipi_addr.s_addr == 0);
    if (info4.ipi_spec_dst.s_addr != 0) {
      memset(&out->local.s6_addr[10], 0xff, 2);
      memcpy(&out->local.s6_addr[12], &info4.ipi_spec_dst, 4);
    }
    out->interface_index = (uint32_t) info4.ipi_ifindex;
  } else if (cmsg->cmsg_type == (ip4 ? IP_TOS : IPV6_TCLASS)) {
    read_value(cmsg, &out->tos, sizeof(out->tos));
  } else {
    FUZZ_CHECK(cmsg->cmsg_type == (ip4 ? IP_TTL : IPV6_HOPLIMIT));
    read_value(cmsg, &out->ttl, sizeof(out->ttl));
  }
}

/* The ancillary data of a message, read without the code under test. Returns
 * the segment size. */
static size_t read_ancillary(int fd,
                             const struct msghdr* header,
                             size_t length,
                             dgram_send_settings_t* settings) {
  struct msghdr copy = *header;
  struct cmsghdr* cmsg;
  uint16_t segment = 0;

  memset(settings, 0, sizeof(*settings));
  settings->tos = settings->ttl = DGRAM_SETTING_UNSET;
  for (cmsg = CMSG_FIRSTHDR(&copy); cmsg != NULL;
       cmsg = CMSG_NXTHDR(&copy, cmsg)) {
    if (cmsg->cmsg_level != IPPROTO_UDP) {
      read_setting(cmsg, is_ip4(fd, header->msg_name), settings);
      continue;
    }
    FUZZ_CHECK(cmsg->cmsg_type == UDP_SEGMENT && segment == 0);
    read_value(cmsg, &segment, sizeof(segment));
    /* The kernel's limits for a GSO send. */
    FUZZ_CHECK(segment > 0 && segment < length);
    FUZZ_CHECK(length <= 65507 && (length + segment - 1) / segment <= 64);
  }
  if (segment > 0)
    return segment;
  return length == 0 ? 1 : length;
}

static void take_message(int fd, const struct msghdr* header) {
  dgram_send_settings_t settings;
  size_t length;
  size_t segment;
  size_t at = 0;

  FUZZ_CHECK(header->msg_iovlen == 1);
  length = header->msg_iov[0].iov_len;
  segment = read_ancillary(fd, header, length, &settings);
  do {
    size_t rest = length - at;

    take(fd,
         fuzz_datagram((const char*) header->msg_iov[0].iov_base + at,
                       rest < segment ? rest : segment,
                       header->msg_name,
                       &settings));
    at += segment;
  } while (at < length);
}

ssize_t fuzz_sendmsg(int fd, const struct msghdr* message, int flags) {
  int code;

  FUZZ_CHECK(flags == MSG_DONTWAIT);
  if (fuzz_unix(fd) != NULL)
    return fuzz_unix_send(fuzz_unix(fd), message);
  code = draw_result(fd);
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
  FUZZ_CHECK(flags == MSG_DONTWAIT && vlen > 0 && vlen <= 1024);
  if (fuzz_unix(fd) != NULL)
    return fuzz_unix_send_many(fuzz_unix(fd), vmessages, vlen);
  code = draw_result(fd);
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
  take(fd, fuzz_datagram(bufs[0].base, bufs[0].len, peer, NULL));
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
                       peer->sa_family == AF_UNSPEC ? NULL : peer,
                       NULL));
  else
    errors++;
  fuzz_end_request(watch, status);
}
