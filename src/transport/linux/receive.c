#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "transport/linux/ancillary.h"
#include "transport/linux/error_queue.h"
#include "transport/linux/linux.h"
#include "transport/linux/unix.h"

/* Approximate maximum number of datagrams per read. Handling that many in
 * JavaScript delays a timer by 0.1 to 0.2 ms. */
#define READ_DATAGRAMS 512u

/* Maximum number of reads per wake-up. */
#define READS_PER_WAKE_UP 32

/* Wake-ups without a second read, once second reads have found nothing too
 * often: after an answer, and after a full read (R2). */
#define SKIP_AFTER_ANSWER 64
#define SKIP_AFTER_FULL 8

/* The flags of a receive are constants, because those of recvmmsg() are int in
 * glibc and unsigned in musl. */
#define CLOSE_ON_EXEC (MSG_DONTWAIT | MSG_CMSG_CLOEXEC)

/* The arguments of recvmmsg(): the kernel's view of the receive buffer. They
 * are small enough for the stack. */
typedef struct {
  struct mmsghdr headers[DGRAM_RECV_SLOTS];
  struct iovec vectors[DGRAM_RECV_SLOTS];
  _Alignas(struct cmsghdr) char controls[DGRAM_RECV_SLOTS]
                                        [DGRAM_ANCILLARY_RECV_SIZE];
} slots_t;

static void prepare_slots(slots_t* slots,
                          uint32_t count,
                          const dgram_inbox_t* inbox) {
  dgram_address_t* sources = inbox->addresses->sources;
  size_t i;

  for (i = 0; i < count; i++) { /* R1 */
    struct msghdr* header = &slots->headers[i].msg_hdr;

    slots->vectors[i].iov_base = inbox->recv_buffer + i * DGRAM_RECV_SLOT_SIZE;
    slots->vectors[i].iov_len = DGRAM_RECV_SLOT_SIZE;
    sources[i].any.sa_family = AF_UNSPEC;
    header->msg_name = &sources[i];
    header->msg_namelen = sizeof(sources[i]);
    header->msg_iov = &slots->vectors[i];
    header->msg_iovlen = 1;
    header->msg_control = slots->controls[i];
    header->msg_controllen = DGRAM_ANCILLARY_RECV_SIZE;
    header->msg_flags = 0;
  }
}

/* False if GRO buffers are impossible. */
static bool may_have_gro(int fd) {
  int on = 0;
  socklen_t size = sizeof(on);

  if (getsockopt(fd, IPPROTO_UDP, UDP_GRO, &on, &size) != 0)
    return errno != ENOPROTOOPT;
  return on != 0;
}

int dgram_linux_find_segment(const dgram_socket_t* socket,
                             const struct msghdr* header,
                             uint32_t length,
                             uint32_t* out) {
  *out = dgram_ancillary_get_segment(header, length);
  if ((header->msg_flags & MSG_CTRUNC) == 0 || *out < length)
    return 0;
  return may_have_gro(dgram_linux_fd(socket)) ? UV_EMSGSIZE : 0;
}

static void append_received(const dgram_socket_t* socket,
                            slots_t* slots,
                            uint32_t i) {
  dgram_env_t* env = socket->env;
  const struct msghdr* header = &slots->headers[i].msg_hdr;
  uint32_t length = slots->headers[i].msg_len;
  uint32_t first = env->inbox->count;
  dgram_receive_info_t info;
  uint32_t segment;
  int rc = dgram_linux_find_segment(socket, header, length, &segment);

  if (rc != 0) {
    dgram_inbox_append(env, 0, 0, 0, NULL, rc);
    return;
  }
  if (socket->dual_stack)
    dgram_address_unmap(&env->inbox->addresses->sources[i]);
  dgram_inbox_append(env,
                     i * DGRAM_RECV_SLOT_SIZE,
                     length,
                     segment,
                     &env->inbox->addresses->sources[i].any,
                     0);
  if (socket->receive_info == 0)
    return;
  dgram_ancillary_get_info(header, &info);
  info.present &= socket->receive_info;
  if (socket->dual_stack)
    dgram_address_unmap(&info.local_address);
  dgram_inbox_set_info(env, first, &info);
}

void dgram_linux_set_gro(const dgram_socket_t* socket, int on) {
  (void) setsockopt(
      dgram_linux_fd(socket), IPPROTO_UDP, UDP_GRO, &on, sizeof(on));
}

/* Adapts GRO and the number of slots to the traffic: the last read filled `n`
 * of `count` slots, with `datagrams` in total. */
static void adapt(linux_socket_t* self,
                  uint32_t n,
                  uint32_t count,
                  uint32_t datagrams) {
  uint32_t limit = n * READ_DATAGRAMS / datagrams;
  uint32_t slots = self->slots;

  if (n > 1 && !self->gro_decided) { /* R3 */
    self->gro_decided = true;
    if (!self->socket->shared) {
      dgram_linux_set_gro(self->socket, 1);
      self->gro_active = true;
    }
  }
  if (n == count)
    slots = count * 4 < DGRAM_RECV_SLOTS ? count * 4 : DGRAM_RECV_SLOTS;
  else if (n <= count / 4 && count > DGRAM_LINUX_SLOTS_MIN)
    slots = count / 2;
  if (slots > limit)
    slots = limit;
  if (slots < DGRAM_LINUX_SLOTS_MIN)
    slots = DGRAM_LINUX_SLOTS_MIN;
  self->slots = (uint16_t) slots;
}

int dgram_linux_receive_messages(int fd,
                                 struct mmsghdr* headers,
                                 uint32_t count,
                                 bool close_on_exec) {
  ssize_t length;
  int n;

  do {
    if (count == 1) { /* recvmsg() is cheaper for one message */
      length = recvmsg(fd,
                       &headers[0].msg_hdr,
                       close_on_exec ? CLOSE_ON_EXEC : MSG_DONTWAIT);
      headers[0].msg_len = (unsigned) length;
      n = length < 0 ? -1 : 1;
    } else {
      n = recvmmsg(fd,
                   headers,
                   count,
                   close_on_exec ? CLOSE_ON_EXEC : MSG_DONTWAIT,
                   NULL);
    }
  } while (n < 0 && errno == EINTR);
  return n < 0 ? uv_translate_sys_error(errno) : n;
}

/* The same for a socket with the option icmpErrors, after `code` (E1). */
static int fill_slots_again(linux_socket_t* self,
                            slots_t* slots,
                            uint32_t count,
                            int code) {
  unsigned attempts = 0;

  while (code < 0 && code != UV_EAGAIN) {
    code = dgram_error_queue_check_receive(self, code, &attempts);
    if (code != 0)
      break;
    code = dgram_linux_receive_messages(
        dgram_linux_fd(self->socket), slots->headers, count, false);
    dgram_socket_stats(self->socket)->receive_calls++;
  }
  return code;
}

/* Reads up to `count` messages into the inbox. Returns how many, or a UV_ code.
 * An error other than UV_EAGAIN is also added to the inbox. */
static int read_udp(linux_socket_t* self, uint32_t count) {
  dgram_env_t* env = self->socket->env;
  slots_t slots;
  uint64_t before = env->received;
  uint32_t i;
  int n;

  prepare_slots(&slots, count, env->inbox);
  n = dgram_linux_receive_messages(
      dgram_linux_fd(self->socket), slots.headers, count, false);
  dgram_socket_stats(self->socket)->receive_calls++;
  if (n < 0 && self->socket->icmp_errors)
    n = fill_slots_again(self, &slots, count, n);
  /* R2: after the first read of a socket that has sent, epoll is asked. */
  self->read_full = n == (int) count && self->slots > 1;
  if (n == UV_EAGAIN)
    return n;
  if (n < 0) {
    dgram_inbox_append(env, 0, 0, 0, NULL, n);
    self->singles_left = DGRAM_LINUX_SINGLES_AFTER_ERROR; /* S5 */
  }
  for (i = 0; (int) i < n; i++)
    append_received(self->socket, &slots, i);
  if (env->received > before)
    adapt(self, (uint32_t) n, count, (uint32_t) (env->received - before));
  return n;
}

static int read_messages(linux_socket_t* self, uint32_t count) {
  return self->socket->is_unix ? dgram_unix_read(self, count)
                               : read_udp(self, count);
}

/* Reads one batch and delivers it. Returns the number of messages or a UV_
 * code, and 0 if no system call was made. */
static int receive_batch(linux_socket_t* self, dgram_iteration_t* iteration) {
  dgram_socket_t* socket = self->socket;
  dgram_env_t* env = socket->env;
  uint32_t count;
  int n;

  if (!dgram_inbox_acquire(env, socket)) {
    self->read_deferred = env->read_deferred;
    if (self->read_deferred)
      (void) dgram_linux_update_poll(socket);
    return 0;
  }
  if (self->preread != NULL) {
    dgram_linux_deliver_preread(self, iteration);
    return 0;
  }
  count = dgram_linux_features.mmsg ? dgram_socket_read_max(socket) : 1;
  if (count > self->slots)
    count = self->slots;
  if (count > env->inbox->slots)
    count = env->inbox->slots;
  n = read_messages(self, count);
  if (n != UV_EAGAIN)
    (void) dgram_delivery_start(env, socket, iteration);
  return n;
}

/* The first thing that a socket delivers may be the error of
 * dgram_linux_before_poll(). */
bool dgram_linux_read_on(dgram_socket_t* socket) {
  linux_socket_t* self = dgram_linux_ensure(socket);

  return self != NULL && self->preread == NULL &&
         read_messages(self, 1) != UV_EAGAIN;
}

/* False if listeners stopped or closed the socket, or left a batch
 * undelivered. */
static bool can_read(const dgram_socket_t* socket) {
  return socket->reading && !socket->closing && !socket->holds &&
         socket->inbox == NULL;
}

/* R2. Returns the result of the last read, or that of the one before if the
 * last returned UV_EAGAIN. Returns 0 if there may be more to read. */
static int receive_all(linux_socket_t* self, dgram_iteration_t* iteration) {
  dgram_socket_t* socket = self->socket;
  uint64_t sent = socket->env->sent;
  int n = receive_batch(self, iteration);
  int reads;
  int next;
  bool full;

  for (reads = 1; reads < READS_PER_WAKE_UP; reads++) {
    if (n <= 0 || !can_read(socket) ||
        !(self->read_full || socket->env->sent > sent) ||
        !dgram_busy_poll_is_due(&self->read_again) ||
        !dgram_iteration_may_read(iteration))
      return n;
    sent = socket->env->sent;
    full = self->read_full;
    next = receive_batch(self, iteration);
    if (socket->closing)
      return n;
    dgram_busy_poll_learn(&self->read_again,
                          next > 0,
                          full ? SKIP_AFTER_FULL : SKIP_AFTER_ANSWER);
    if (next == UV_EAGAIN)
      return n;
    n = next;
  }
  return 0; /* there may be more */
}

void dgram_linux_on_readable(linux_socket_t* self, bool maybe_error) {
  dgram_socket_t* socket = self->socket;
  uint64_t sent = socket->env->sent;
  dgram_iteration_t iteration = {0};
  int n = receive_all(self, &iteration);

  if (socket->closing)
    return; /* `self` may be freed */
  if ((n == UV_EAGAIN && maybe_error) || self->errors_waiting)
    dgram_error_queue_read(self); /* E3 */
  else if (n == 1 && socket->env->settings.busy_poll &&
           socket->env->sent > sent && can_read(socket))
    dgram_busy_poll(&self->busy_poll, socket->env->loop); /* R5 */
}
