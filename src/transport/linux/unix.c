#include "transport/linux/unix.h"

#include <stddef.h>
#include <string.h>
#include <sys/un.h>

#include "core/unix_socket.h"
#include "transport/linux/ancillary.h"

/* Messages of one sendmmsg(). */
#define SEND_MESSAGES 64

/* U5. A slot takes this many of the receive buffer's. */
#define SLOTS_PER_SLOT 8u
#define SLOT_SIZE (SLOTS_PER_SLOT * DGRAM_RECV_SLOT_SIZE)
#define SLOTS (DGRAM_RECV_SLOTS / SLOTS_PER_SLOT)

/* Calls in a row that may be repeated because they tell only that the peer has
 * disconnected (U3). */
#define RESET_ATTEMPTS 8u

/* The time and the credentials. */
#define CONTROL_SIZE                                                           \
  (CMSG_SPACE(sizeof(struct timespec)) + CMSG_SPACE(sizeof(struct ucred)))

/* -- sending ----------------------------------------------------------------
 */

typedef struct {
  struct mmsghdr headers[SEND_MESSAGES];
  struct iovec vectors[SEND_MESSAGES];
  struct sockaddr_un addresses[SEND_MESSAGES];
} messages_t;

static void set_name(struct msghdr* header,
                     struct sockaddr_un* address,
                     const dgram_path_t* path) {
  address->sun_family = AF_UNIX;
  memcpy(address->sun_path, path->bytes, path->length);
  header->msg_name = address;
  header->msg_namelen =
      (socklen_t) (offsetof(struct sockaddr_un, sun_path) + path->length);
}

/* True if the message is for the connected peer, and needs no name (U7). */
static bool is_for_peer(const linux_batch_t* batch, uint32_t destination) {
  return destination == 0 &&
         (batch->peers == NULL || batch->peers[0].any.sa_family == AF_UNSPEC);
}

/* Returns 0, or the error of a destination that is not the name of a Unix
 * socket. An empty name: see U7. */
static int check_destination(const linux_batch_t* batch, uint32_t destination) {
  if (is_for_peer(batch, destination))
    return 0;
  if (batch->peers[destination].any.sa_family != AF_UNIX)
    return UV_EINVAL;
  return batch->paths[destination].length == 0 ? UV_ENOTCONN : 0;
}

/* Fills in messages from `position` on. Stops at a destination that has an
 * error. */
static unsigned build_messages(messages_t* messages,
                               const linux_batch_t* batch,
                               uint32_t position) {
  unsigned max = dgram_linux_features.mmsg ? SEND_MESSAGES : 1;
  unsigned n;

  for (n = 0; n < max && position + n < batch->count; n++) {
    const dgram_send_t* send = &batch->sends[position + n];
    struct msghdr* header = &messages->headers[n].msg_hdr;

    memset(header, 0, sizeof(*header));
    /* The cast drops const: sendmsg() only reads. */
    messages->vectors[n].iov_base = (void*) (batch->arena + send->offset);
    messages->vectors[n].iov_len = send->length;
    header->msg_iov = &messages->vectors[n];
    header->msg_iovlen = 1;
    if (is_for_peer(batch, send->destination))
      continue;
    if (check_destination(batch, send->destination) != 0)
      break;
    set_name(header, &messages->addresses[n], &batch->paths[send->destination]);
  }
  return n;
}

/* Why the next datagram was sent again. */
typedef struct {
  unsigned resets;  /* number of ECONNRESET */
  bool reconnected; /* it is sent to the new peer */
} repeats_t;

/* U2, U3: true if the datagram is to be sent again. Otherwise `*rc` is its
 * error. */
static bool may_repeat(dgram_socket_t* socket, repeats_t* repeats, int* rc) {
  if (*rc == UV_ECONNRESET)
    return repeats->resets++ < RESET_ATTEMPTS;
  if (repeats->reconnected || !socket->connected ||
      (*rc != UV_ECONNREFUSED && *rc != UV_ENOTCONN))
    return false;
  repeats->reconnected = true;
  *rc = dgram_unix_socket_reconnect(socket);
  return *rc == 0;
}

static void mark_sent(dgram_send_t* sends, int count) {
  int i;

  for (i = 0; i < count; i++)
    sends[i].status = (int32_t) sends[i].length;
}

int dgram_unix_transmit(dgram_socket_t* socket,
                        const linux_batch_t* batch,
                        uint32_t* position) {
  int fd = dgram_linux_fd(socket);
  messages_t messages;
  repeats_t repeats = {0}; /* of the next datagram */
  unsigned n;
  int rc;

  while (*position < batch->count) {
    n = build_messages(&messages, batch, *position);
    rc = check_destination(batch, batch->sends[*position].destination);
    if (n > 0) {
      rc = dgram_linux_send_messages(fd, messages.headers, n);
      dgram_socket_stats(socket)->send_calls++;
    }
    if (rc > 0) { /* S1 */
      mark_sent(&batch->sends[*position], rc);
      *position += (uint32_t) rc;
      repeats = (repeats_t){0};
      continue;
    }
    if (rc == UV_EAGAIN || rc == UV_ENOBUFS || rc == 0)
      return UV_EAGAIN; /* U1 */
    if (n > 0 && may_repeat(socket, &repeats, &rc))
      continue;
    repeats = (repeats_t){0};
    batch->sends[(*position)++].status = rc; /* S3 */
  }
  return 0;
}

/* -- receiving --------------------------------------------------------------
 */

typedef struct {
  struct mmsghdr headers[SLOTS];
  struct iovec vectors[SLOTS];
  struct sockaddr_storage sources[SLOTS];
  _Alignas(struct cmsghdr) char controls[SLOTS][CONTROL_SIZE];
} slots_t;

/* Without a control buffer the kernel installs no descriptors (U4). */
static void prepare_slots(slots_t* slots,
                          uint32_t count,
                          uint8_t* recv_buffer,
                          bool with_info) {
  size_t i;

  for (i = 0; i < count; i++) { /* R1 */
    struct msghdr* header = &slots->headers[i].msg_hdr;

    memset(header, 0, sizeof(*header));
    slots->vectors[i].iov_base = recv_buffer + i * SLOT_SIZE;
    slots->vectors[i].iov_len = SLOT_SIZE;
    header->msg_name = &slots->sources[i];
    header->msg_namelen = sizeof(slots->sources[i]);
    header->msg_iov = &slots->vectors[i];
    header->msg_iovlen = 1;
    if (with_info) {
      header->msg_control = slots->controls[i];
      header->msg_controllen = CONTROL_SIZE;
    }
  }
}

static void append_received(const dgram_socket_t* socket,
                            const slots_t* slots,
                            uint32_t i) {
  dgram_env_t* env = socket->env;
  const struct msghdr* header = &slots->headers[i].msg_hdr;
  uint32_t first = env->inbox->count;
  dgram_receive_info_t info;
  dgram_path_t source;

  if (header->msg_control != NULL)
    dgram_ancillary_close_descriptors(header); /* U4 */
  if (header->msg_flags & MSG_TRUNC) {         /* U5 */
    dgram_inbox_append(env, 0, 0, 0, NULL, UV_EMSGSIZE);
    return;
  }
  dgram_platform_unix_path(&slots->sources[i], header->msg_namelen, &source);
  dgram_inbox_append_from_path(
      env, i * SLOT_SIZE, slots->headers[i].msg_len, &source);
  if (socket->receive_info == 0)
    return;
  dgram_ancillary_get_info(header, &info);
  info.present &= socket->receive_info;
  dgram_inbox_set_info(env, first, &info);
}

int dgram_unix_read(linux_socket_t* self, uint32_t count) {
  dgram_socket_t* socket = self->socket;
  dgram_env_t* env = socket->env;
  uint32_t most = env->inbox->slots / SLOTS_PER_SLOT;
  slots_t slots;
  unsigned attempts = 0;
  uint32_t i;
  int n;

  if (count > most)
    count = most;
  do {
    prepare_slots(
        &slots, count, env->inbox->recv_buffer, socket->receive_info != 0);
    n = dgram_linux_receive_messages(
        dgram_linux_fd(socket), slots.headers, count, true);
    dgram_socket_stats(socket)->receive_calls++;
  } while (n == UV_ECONNRESET && ++attempts < RESET_ATTEMPTS); /* U3 */
  if (n == UV_ECONNRESET)
    n = UV_EAGAIN;
  self->read_full = n == (int) count;
  if (n < 0 && n != UV_EAGAIN)
    dgram_inbox_append(env, 0, 0, 0, NULL, n);
  for (i = 0; (int) i < n; i++)
    append_received(socket, &slots, i);
  return n;
}

/* -- congestion -------------------------------------------------------------
 */

/* Which of the events of dgram_congestion_t comes next. */
enum { NONE, BEGINS, WRITABLE, DRAINED };

void dgram_unix_congested(linux_socket_t* self) {
  if (self->congestion != NONE)
    return;
  self->congestion = BEGINS;
  self->congestion_eased = false;
  /* If too many sockets wait, the event comes with the next one. */
  (void) dgram_env_add_starting(self->socket->env, self->socket);
}

static void report(dgram_socket_t* socket, dgram_congestion_t event) {
  if (socket->env->congestion != NULL && !socket->closing)
    socket->env->congestion(socket, event);
}

/* The state is advanced first: a listener may send, run the event loop, or
 * close the socket. */
void dgram_unix_report(linux_socket_t* self) {
  dgram_socket_t* socket = self->socket;

  dgram_socket_use(socket);
  if (!socket->closing && self->congestion == BEGINS) {
    self->congestion = WRITABLE;
    report(socket, DGRAM_CONGESTION_BEGINS);
  }
  if (!socket->closing && self->congestion == WRITABLE &&
      self->congestion_eased) {
    self->congestion = DRAINED;
    report(socket, DGRAM_CONGESTION_WRITABLE);
  }
  if (!socket->closing && self->congestion == DRAINED &&
      self->queue_head == NULL) {
    self->congestion = NONE;
    report(socket, DGRAM_CONGESTION_DRAINED);
  }
  dgram_socket_unuse(socket);
}
