#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "transport/linux/ancillary.h"
#include "transport/linux/error_queue.h"
#include "transport/linux/linux.h"

/* Limits of dgram_linux_share(): attempts to empty the kernel's receive buffer,
 * and bytes that it prereads. */
#define PREREAD_TRIES 8
#define PREREAD_BYTES (4u * 1024 * 1024)

void dgram_linux_deliver_preread(linux_socket_t* self,
                                 dgram_iteration_t* iteration) {
  dgram_socket_t* socket = self->socket;

  self->preread = dgram_messages_append(
      socket->env, self->preread, DGRAM_ITERATION_DATAGRAMS);
  (void) dgram_delivery_start(socket->env, socket, iteration);
}

/* Reads one message into memory of its own. Returns NULL if none is waiting or
 * there is no memory. */
static dgram_message_t* preread_next(linux_socket_t* self) {
  dgram_message_t* message = dgram_message_new(DGRAM_RECV_SLOT_SIZE);
  _Alignas(struct cmsghdr) char control[DGRAM_ANCILLARY_RECV_SIZE];
  struct msghdr header = {0};
  struct iovec vector;
  dgram_message_t* smaller;
  unsigned attempts = 0;
  int code;
  ssize_t n;

  if (message == NULL)
    return NULL;
  message->length = 0;
  vector.iov_base = message->bytes;
  vector.iov_len = DGRAM_RECV_SLOT_SIZE;
  header.msg_name = &message->source;
  header.msg_namelen = sizeof(message->source);
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof(control);
  do {
    n = recvmsg(dgram_linux_fd(self->socket), &header, MSG_DONTWAIT);
    code = n < 0 ? uv_translate_sys_error(errno) : 0;
    if (code != 0 && code != UV_EINTR && self->socket->icmp_errors)
      code = dgram_error_queue_check_receive(self, code, &attempts); /* E1 */
  } while (n < 0 && (code == 0 || code == UV_EINTR));
  if (code == UV_EAGAIN) {
    free(message);
    return NULL;
  }
  if (code != 0)
    message->status = code;
  else
    message->status = dgram_linux_find_segment(
        self->socket, &header, (uint32_t) n, &message->segment);
  if (message->status == 0) {
    message->length = (uint32_t) n;
    dgram_ancillary_get_info(&header, &message->info);
  }
  if (self->socket->dual_stack) {
    dgram_address_unmap(&message->source);
    dgram_address_unmap(&message->info.local_address);
  }
  smaller = realloc(message, sizeof(*message) + message->length);
  return smaller == NULL ? message : smaller;
}

static bool is_readable(int fd) {
  struct pollfd entry = {.fd = fd, .events = POLLIN};

  return poll(&entry, 1, 0) > 0;
}

/* The next reader of the descriptor does not expect GRO buffers. Those already
 * waiting lose their segment size when the option is switched off, and would be
 * taken for one datagram each. So they are read first, and delivered later.
 * Once the option is off and nothing is waiting, no GRO buffer can arrive any
 * more. If a peer sends too fast for that, the limits above apply. */
void dgram_linux_share(dgram_socket_t* socket) {
  linux_socket_t* self = dgram_linux_ensure(socket);
  int fd = dgram_linux_fd(socket);
  dgram_message_t** end;
  uint32_t bytes = 0;
  int tries;

  if (self == NULL || !dgram_linux_features.gro || !socket->env->settings.gro ||
      socket->is_unix)
    return;
  self->gro_decided = true; /* and it stays off */
  dgram_linux_set_gro(socket, 0);
  if (!self->gro_active)
    return;
  self->gro_active = false;
  end = dgram_messages_end(&self->preread);
  for (tries = 0; tries < PREREAD_TRIES && is_readable(fd); tries++) {
    dgram_linux_set_gro(socket, 1);
    while (bytes < PREREAD_BYTES && (*end = preread_next(self)) != NULL) {
      bytes += (uint32_t) sizeof(**end) + (*end)->length;
      end = &(*end)->next;
    }
    dgram_linux_set_gro(socket, 0);
  }
  if (self->preread != NULL)
    (void) dgram_linux_update_poll(socket);
}

void dgram_linux_leave(dgram_socket_t* socket, dgram_message_t** end) {
  linux_socket_t* self = socket->transport_data;

  if (self == NULL)
    return;
  *end = self->preread;
  self->preread = NULL;
}

/* UDP_GRO is an option of the descriptor: the socket that left it may have set
 * it, and GRO buffers may be waiting. */
void dgram_linux_take(dgram_socket_t* socket) {
  linux_socket_t* self = dgram_linux_ensure(socket);
  int on = 0;
  socklen_t size = sizeof(on);

  if (self == NULL ||
      getsockopt(dgram_linux_fd(socket), IPPROTO_UDP, UDP_GRO, &on, &size) !=
          0 ||
      on == 0)
    return;
  self->gro_decided = true;
  self->gro_active = true;
}

void dgram_linux_free_preread(linux_socket_t* self) {
  dgram_messages_free(self->preread);
  self->preread = NULL;
}
