#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "transport/linux/ancillary.h"
#include "transport/linux/error_queue.h"
#include "transport/linux/gso_limits.h"
#include "transport/linux/linux.h"
#include "transport/linux/segment_group.h"
#include "transport/linux/unix.h"

/* Messages of one sendmmsg(), each a segment group or a single datagram. */
#define SEND_MESSAGES 64

/* Attempts before an error that may pass is one of the datagram (E4). With the
 * pauses between them they take 27 ms: a full queue of an interface gets
 * shorter. */
#define DELAYS_MAX 8

/* The arguments of sendmmsg(), with iovecs and ancillary data. */
typedef struct {
  struct mmsghdr headers[SEND_MESSAGES];
  struct iovec vectors[SEND_MESSAGES];
  uint32_t counts[SEND_MESSAGES]; /* in datagrams */
  _Alignas(
      struct cmsghdr) char controls[SEND_MESSAGES][DGRAM_ANCILLARY_SEND_SIZE];
} messages_t;

static socklen_t address_size(const dgram_address_t* address) {
  return address->any.sa_family == AF_INET6 ? sizeof(address->in6)
                                            : sizeof(address->in4);
}

/* The size limit is that of IPv4. IPv6 allows slightly more, but IPv4-mapped
 * addresses do not, and the address of a connected peer is not known here. */
static uint32_t group_length(const linux_socket_t* self,
                             const linux_batch_t* batch,
                             uint32_t position) {
  const dgram_send_t* sends = &batch->sends[position];
  uint32_t count = batch->count - position;

  if (!self->gso || self->singles_left > 0)
    return 1;
  if (self->gso_limits != NULL)
    return dgram_gso_limits_length(self, batch, position);
  return dgram_segment_group_length(
      sends, count, DGRAM_GSO_SEGMENT_MAX, DGRAM_SEGMENT_GROUP_BYTES_IP4);
}

/* Adds the ancillary data of a message that starts with `first`. `segment`: the
 * size of its segments, 0 for a single datagram. */
static void put_ancillary(struct msghdr* header,
                          char* control,
                          const linux_socket_t* self,
                          const linux_batch_t* batch,
                          const dgram_send_t* first,
                          uint16_t segment) {
  uint32_t peer = first->destination;
  bool is_ip4 = peer == 0 ? self->socket->peer_is_ip4
                          : dgram_address_is_ip4(&batch->peers[peer]);

  header->msg_control = control;
  if (segment > 0)
    dgram_ancillary_put_segment(header, segment);
  if (first->settings != 0)
    dgram_ancillary_put_settings(
        header, &batch->settings[first->settings], is_ip4);
}

/* Fills in messages from `position` on, until the batch ends or there is no
 * more room. Returns the number of messages. */
static unsigned build_messages(messages_t* messages,
                               const linux_socket_t* self,
                               const linux_batch_t* batch,
                               uint32_t position) {
  unsigned max =
      dgram_linux_features.mmsg && self->singles_left == 0 ? SEND_MESSAGES : 1;
  unsigned n = 0;

  while (position < batch->count && n < max) {
    const dgram_send_t* first = &batch->sends[position];
    uint32_t length = group_length(self, batch, position);
    const dgram_send_t* last = first + length - 1;
    struct msghdr* header = &messages->headers[n].msg_hdr;

    memset(header, 0, sizeof(*header));
    /* The casts drop const: sendmsg() only reads. */
    messages->vectors[n].iov_base = (void*) (batch->arena + first->offset);
    messages->vectors[n].iov_len = last->offset + last->length - first->offset;
    header->msg_iov = &messages->vectors[n];
    header->msg_iovlen = 1;
    if (first->destination != 0) {
      const dgram_address_t* peer = &batch->peers[first->destination];

      header->msg_name = (void*) peer;
      header->msg_namelen = address_size(peer);
    }
    if (length > 1 || first->settings != 0)
      put_ancillary(header,
                    messages->controls[n],
                    self,
                    batch,
                    first,
                    length > 1 ? (uint16_t) first->length : 0);
    messages->counts[n] = length;
    position += length;
    n++;
  }
  return n;
}

int dgram_linux_send_messages(int fd, struct mmsghdr* headers, unsigned n) {
  ssize_t sent;
  int count;

  do {
    if (n == 1) { /* sendmsg() is cheaper for one message */
      sent = sendmsg(fd, &headers[0].msg_hdr, MSG_DONTWAIT);
      count = sent < 0 ? -1 : 1;
    } else {
      count = sendmmsg(fd, headers, n, MSG_DONTWAIT);
    }
  } while (count < 0 && errno == EINTR);
  return count < 0 ? uv_translate_sys_error(errno) : count;
}

/* An error that passes. 0: nothing was sent and no reason was given, so nothing
 * may be dropped. */
static bool is_blocked(const linux_socket_t* self, int code) {
  return code == UV_EAGAIN || code == UV_ENOBUFS || code == 0 ||
         (self->socket->icmp_errors && dgram_error_queue_is_foreign(code));
}

static bool is_multicast(const dgram_address_t* address) {
  const uint8_t* bytes = address->in6.sin6_addr.s6_addr;

  if (address->any.sa_family == AF_INET)
    return IN_MULTICAST(ntohl(address->in4.sin_addr.s_addr));
  return IN6_IS_ADDR_V4MAPPED(&address->in6.sin6_addr)
             ? (bytes[12] & 0xf0) == 0xe0
             : IN6_IS_ADDR_MULTICAST(&address->in6.sin6_addr);
}

/* E4: whether an error that should have passed belongs to the datagram of this
 * message. */
static bool is_own_after_all(linux_socket_t* self,
                             const struct msghdr* header,
                             int code) {
  dgram_address_t peer = {0};
  socklen_t size = sizeof(peer);

  if (code == UV_EAGAIN || code == 0 || !self->socket->icmp_errors)
    return false;
  if (self->delays == DELAYS_MAX)
    return true;
  if (header->msg_name != NULL)
    memcpy(&peer, header->msg_name, header->msg_namelen);
  else
    (void) getpeername(dgram_linux_fd(self->socket), &peer.any, &size);
  if (code == UV_ENOBUFS && is_multicast(&peer))
    return true;
  self->delays++;
  return false;
}

static void mark_sent(dgram_send_t* sends, uint32_t count) {
  uint32_t i;

  for (i = 0; i < count; i++)
    sends[i].status = (int32_t) sends[i].length;
}

static int transmit_udp(dgram_socket_t* socket,
                        const linux_batch_t* batch,
                        uint32_t* position) {
  linux_socket_t* self = socket->transport_data;
  dgram_stats_t* stats = dgram_socket_stats(socket);
  int fd = dgram_linux_fd(socket);
  messages_t messages;
  dgram_gso_change_t change = {0};
  /* S5: with the option icmpErrors no error is lost */
  bool reports_once = socket->connected && !socket->icmp_errors;
  bool stopped = false; /* the last call stopped early */
  unsigned attempts = 0;
  unsigned n;
  int rc;
  int i;

  while (*position < batch->count) {
    n = build_messages(&messages, self, batch, *position);
    rc = dgram_linux_send_messages(fd, messages.headers, n);
    stats->send_calls++;
    for (i = 0; i < rc; i++) { /* S1 */
      stats->segmented_runs += messages.counts[i] > 1;
      mark_sent(&batch->sends[*position], messages.counts[i]);
      *position += messages.counts[i];
    }
    if (rc > 0) {
      if (self->singles_left > 0)
        self->singles_left--;
      if (stopped && reports_once)
        self->singles_left = DGRAM_LINUX_SINGLES_AFTER_ERROR; /* S5 */
      stopped = rc < (int) n;
      self->errors_waiting |= stopped && socket->icmp_errors; /* E1 */
      self->delays = 0;
      attempts = 0;
      continue;
    }
    if (rc < 0 && socket->icmp_errors) {
      rc = dgram_error_queue_check_send(self, rc, &attempts);
      if (rc == 0)
        continue; /* E1 */
    }
    if (is_blocked(self, rc)) { /* S4 */
      if (rc != UV_EAGAIN && rc != 0 && messages.counts[0] > 1)
        self->singles_left = 1;
      if (messages.counts[0] > 1 ||
          !is_own_after_all(self, &messages.headers[0].msg_hdr, rc))
        return UV_EAGAIN;
    }
    if (messages.counts[0] > 1 &&
        dgram_gso_limits_learn(self, batch, *position, rc, &change))
      continue; /* S2 */
    dgram_gso_limits_undo(self, *position, rc, &change);
    if (reports_once)
      self->singles_left = DGRAM_LINUX_SINGLES_AFTER_ERROR; /* S5 */
    batch->sends[(*position)++].status = rc;                /* S3 */
  }
  return 0;
}

int dgram_linux_transmit(dgram_socket_t* socket,
                         const linux_batch_t* batch,
                         uint32_t* position) {
  return socket->is_unix ? dgram_unix_transmit(socket, batch, position)
                         : transmit_udp(socket, batch, position);
}

/* libuv also binds a socket that sends before bind(). */
static int bind_before_send(dgram_socket_t* socket,
                            const linux_batch_t* batch) {
  uint32_t peer = batch->sends[0].destination;

  if (peer == 0)
    return UV_EBADF; /* an unbound socket is not connected */
  return dgram_socket_bind_any(socket, batch->peers[peer].any.sa_family);
}

static void fail_all(const linux_batch_t* batch, int code) {
  uint32_t i;

  for (i = 0; i < batch->count; i++)
    batch->sends[i].status = code;
}

/* NULL: there is no memory. */
static linux_socket_t* for_sending(dgram_socket_t* socket) {
  bool is_first_use = socket->transport_data == NULL;
  linux_socket_t* self = dgram_linux_ensure(socket);

  if (is_first_use && self != NULL && !socket->is_unix)
    self->slots = 1; /* R2 */
  return self;
}

uint32_t dgram_linux_flush(dgram_socket_t* socket,
                           dgram_send_t* sends,
                           uint32_t count,
                           const uint8_t* arena) {
  linux_socket_t* self = for_sending(socket);
  const dgram_env_t* env = socket->env;
  linux_batch_t batch = {sends,
                         count,
                         env->destinations.slots,
                         env->send_settings.slots,
                         arena,
                         env->destinations.paths};
  uint32_t position = 0;
  int rc = 0;

  if (dgram_linux_fd(socket) < 0)
    rc = bind_before_send(socket, &batch);
  if (rc != 0) { /* `socket` was replaced: see dgram_socket_bind() */
    fail_all(&batch, rc);
    return 0;
  }
  if (self != NULL && self->queue_head == NULL && !env->queue_always &&
      dgram_linux_transmit(socket, &batch, &position) == 0)
    return 0;
  return dgram_linux_enqueue(socket, sends + position, count - position, arena);
}
