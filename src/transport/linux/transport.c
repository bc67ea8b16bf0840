#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "core/memory.h"
#include "transport/linux/linux.h"

/* A descriptor of another owner may be a ping socket, which ignores
 * UDP_SEGMENT: a segment group would be sent as one packet. */
static bool is_udp(int fd) {
  int protocol = 0;
  socklen_t size = sizeof(protocol);

  return getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 &&
         protocol == IPPROTO_UDP;
}

linux_socket_t* dgram_linux_ensure(dgram_socket_t* socket) {
  linux_socket_t* self = socket->transport_data;

  if (self != NULL)
    return self;
  dgram_linux_detect_features();
  self = dgram_zalloc(sizeof(*self));
  if (self == NULL)
    return NULL;
  self->socket = socket;
  self->gso = dgram_linux_features.gso && socket->env->settings.gso &&
              !socket->is_unix &&
              (!socket->shared || is_udp(dgram_linux_fd(socket)));
  self->gro_decided = !dgram_linux_features.gro || !socket->env->settings.gro ||
                      socket->is_unix;
  self->slots = DGRAM_LINUX_SLOTS_MIN;
  socket->transport_data = self;
  return self;
}

static int linux_start(dgram_socket_t* socket) {
  linux_socket_t* self = socket->transport_data;
  bool was_reading = socket->reading;
  int rc;

  if (dgram_linux_fd(socket) < 0) {
    rc = dgram_socket_bind_any(socket, AF_INET); /* as libuv does */
    if (rc != 0)
      return rc;
  }
  socket->reading = true;
  if (self != NULL)
    self->read_deferred = false;
  rc = dgram_linux_update_poll(socket);
  if (rc != 0)
    socket->reading = was_reading;
  return rc;
}

static void linux_ref_changed(dgram_socket_t* socket) {
  linux_socket_t* self = socket->transport_data;

  if (self != NULL)
    dgram_linux_update_ref(self);
}

void dgram_linux_destroy(linux_socket_t* self) {
  dgram_linux_cancel_queue(self);
  dgram_linux_free_preread(self);
  free(self->gso_limits);
  free(self);
}

/* The poll handle is closed first: libuv must not close a descriptor that is
 * still polled. */
static void linux_close(dgram_socket_t* socket) {
  linux_socket_t* self = socket->transport_data;

  if (self != NULL) {
    dgram_linux_end_pause(self);
    dgram_linux_close_poll(self);
  }
  dgram_socket_release(socket);
}

static void linux_closed(dgram_socket_t* socket) {
  linux_socket_t* self = socket->transport_data;

  if (self == NULL)
    return;
  socket->transport_data = NULL;
  if (!self->sending) /* else queue.c does it */
    dgram_linux_destroy(self);
}

static void linux_moved(dgram_socket_t* socket) {
  linux_socket_t* self = socket->transport_data;

  if (self != NULL)
    self->socket = socket;
}

static dgram_features_t linux_features(const dgram_env_t* env) {
  dgram_features_t features;

  dgram_linux_detect_features();
  features.batches = dgram_linux_features.mmsg;
  features.gso = dgram_linux_features.gso && env->settings.gso;
  features.gro = dgram_linux_features.gro && env->settings.gro;
  features.receive_info = true;
  features.send_settings = true;
  features.unix_dgram = true;
  return features;
}

const dgram_transport_t dgram_transport_linux = {
    .name = "linux",
    .icmp_errors = true,
    .features = linux_features,
    .start = linux_start,
    .before_poll = dgram_linux_before_poll,
    .read_one = dgram_linux_read_on,
    .stop = dgram_linux_update_poll,
    .flush = dgram_linux_flush,
    .queue_size = dgram_linux_queue_size,
    .queue_count = dgram_linux_queue_count,
    .ref_changed = linux_ref_changed,
    .share = dgram_linux_share,
    .leave = dgram_linux_leave,
    .take = dgram_linux_take,
    .moved = linux_moved,
    .keep_peer = dgram_linux_keep_peer,
    .close = linux_close,
    .closed = linux_closed,
};
