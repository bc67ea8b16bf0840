#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "transport/linux/linux.h"

/* A ping socket is handed over like any other and ignores UDP_SEGMENT: a run
 * would leave as one packet. */
static bool is_udp(int fd) {
  int protocol = 0;
  socklen_t size = sizeof(protocol);

  return getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 &&
         protocol == IPPROTO_UDP;
}

linux_socket_t* dgram_linux_ensure(dgram_socket_t* socket) {
  linux_socket_t* path = socket->transport_data;

  if (path != NULL)
    return path;
  dgram_linux_detect_features();
  path = calloc(1, sizeof(*path));
  if (path == NULL)
    return NULL;
  path->socket = socket;
  path->gso = dgram_linux_features.gso && socket->env->settings.gso &&
              (!socket->shared || is_udp(dgram_linux_fd(socket)));
  path->gro = !dgram_linux_features.gro || !socket->env->settings.gro;
  path->slots = DGRAM_LINUX_SLOTS_MIN;
  socket->transport_data = path;
  return path;
}

static int linux_start(dgram_socket_t* socket) {
  linux_socket_t* path = dgram_linux_ensure(socket);
  bool was_reading = socket->reading;
  int rc;

  if (path == NULL)
    return UV_ENOMEM;
  if (dgram_linux_fd(socket) < 0) {
    rc = dgram_socket_bind_any(socket, AF_INET); /* libuv's choice */
    if (rc != 0)
      return rc;
  }
  socket->reading = true;
  path->read_deferred = false;
  rc = dgram_linux_update_poll(path);
  if (rc != 0)
    socket->reading = was_reading;
  return rc;
}

static int linux_stop(dgram_socket_t* socket) {
  linux_socket_t* path = socket->transport_data;

  return path == NULL ? 0 : dgram_linux_update_poll(path);
}

static void linux_ref_changed(dgram_socket_t* socket) {
  linux_socket_t* path = socket->transport_data;

  if (path != NULL && path->polling)
    dgram_linux_update_ref(path);
}

/* Cancels what is queued, and frees the path unless its poll handle is still to
 * be given back. */
void dgram_linux_end(linux_socket_t* path) {
  dgram_linux_cancel_queue(path);
  dgram_linux_free_preread(path);
  free(path->limits);
  path->limits = NULL;
  path->socket = NULL;
  if (!path->polling)
    free(path);
}

/* The poll handle and the socket are given back by libuv in either order; the
 * path goes with the last of them. */
static void on_poll_closed(uv_handle_t* handle) {
  linux_socket_t* path = (linux_socket_t*) handle;

  path->polling = false;
  if (path->socket == NULL)
    free(path);
}

/* The poll handle goes first: it must be off the descriptor when libuv closes
 * that. */
static void linux_close(dgram_socket_t* socket) {
  linux_socket_t* path = socket->transport_data;

  if (path != NULL)
    dgram_linux_end_pause(path);
  if (path != NULL && path->polling)
    uv_close((uv_handle_t*) &path->poll, on_poll_closed);
  dgram_socket_release(socket);
}

static void linux_closed(dgram_socket_t* socket) {
  linux_socket_t* path = socket->transport_data;

  if (path == NULL)
    return;
  socket->transport_data = NULL;
  if (!path->sending)
    dgram_linux_end(path);
}

static void linux_moved(dgram_socket_t* socket) {
  linux_socket_t* path = socket->transport_data;

  if (path != NULL)
    path->socket = socket;
}

const dgram_transport_t dgram_transport_linux = {
    .name = "linux",
    .start = linux_start,
    .read_on = dgram_linux_read_on,
    .stop = linux_stop,
    .flush = dgram_linux_flush,
    .queue_size = dgram_linux_queue_size,
    .queue_count = dgram_linux_queue_count,
    .ref_changed = linux_ref_changed,
    .share = dgram_linux_share,
    .moved = linux_moved,
    .close = linux_close,
    .closed = linux_closed,
};
