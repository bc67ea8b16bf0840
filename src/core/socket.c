#include "core/socket.h"

#include <stdlib.h>

#include "platform/platform.h"
#include "transport/transport.h"

/* The first libuv with UV_UDP_REUSEPORT. */
#define UV_1_49 0x013100u

static int init_handle(dgram_socket_t* socket) {
  int rc = uv_udp_init_ex(
      socket->env->loop, &socket->udp, AF_UNSPEC | UV_UDP_RECVMMSG);

  if (rc == 0)
    socket->env->handles_open++;
  return rc;
}

int dgram_socket_new(dgram_env_t* env, dgram_socket_t** out) {
  dgram_socket_t* socket = calloc(1, sizeof(*socket));
  int rc;

  dgram_socket_free_pending(env);
  if (socket == NULL)
    return UV_ENOMEM;
  socket->env = env;
  socket->block = DGRAM_WAKE_UP_LEAST;
  rc = dgram_env_add(env, socket);
  if (rc != 0) {
    free(socket);
    return rc;
  }
  rc = init_handle(socket);
  if (rc != 0) {
    dgram_env_remove(env, socket);
    free(socket);
    return rc;
  }
  *out = socket;
  return 0;
}

void dgram_socket_use(dgram_socket_t* socket) {
  socket->uses++;
}

/* libuv may be about to look at the handle for the last time: it is freed when
 * the next socket is made. */
void dgram_socket_unuse(dgram_socket_t* socket) {
  dgram_env_t* env = socket->env;

  if (--socket->uses > 0 || !socket->closed)
    return;
  socket->next_dead = env->pending_free;
  env->pending_free = socket;
}

void dgram_socket_free_pending(dgram_env_t* env) {
  while (env->pending_free != NULL) {
    dgram_socket_t* socket = env->pending_free;

    env->pending_free = socket->next_dead;
    free(socket);
  }
}

bool dgram_socket_is_open(const dgram_socket_t* socket) {
  uv_os_fd_t fd;

  return uv_fileno((const uv_handle_t*) &socket->udp, &fd) == 0;
}

static void on_worn_closed(uv_handle_t* handle) {
  dgram_socket_t* socket = (dgram_socket_t*) handle;
  dgram_env_t* env = socket->env;

  socket->closed = true;
  if (socket->uses == 0)
    free(socket); /* else dgram_socket_unuse() sees to it */
  dgram_env_leave(env);
}

/* After a failed bind libuv keeps the descriptor it made, until the handle is
 * closed. So it is closed, and `socket` with it, while a new one takes its
 * place: JavaScript has only the id, and sees no difference. Without memory for
 * that everything stays as it was. */
static void renew(dgram_socket_t* socket) {
  dgram_socket_t* fresh = calloc(1, sizeof(*fresh));

  if (fresh == NULL)
    return;
  fresh->env = socket->env;
  fresh->block = socket->block;
  if (init_handle(fresh) != 0) {
    free(fresh);
    return;
  }
  if (!uv_has_ref((const uv_handle_t*) &socket->udp))
    uv_unref((uv_handle_t*) &fresh->udp);
  fresh->transport_data = socket->transport_data;
  dgram_env_replace(socket->env, socket, fresh);
  fresh->env->transport->moved(fresh);
  socket->closing = true;
  uv_close((uv_handle_t*) &socket->udp, on_worn_closed);
}

/* Called with the result of what may have made a descriptor. */
static int settle(dgram_socket_t* socket, bool was_open, int rc) {
  if (rc != 0 && !was_open && dgram_socket_is_open(socket))
    renew(socket);
  return rc;
}

/* A descriptor from elsewhere may be connected already. */
static void detect_connected(dgram_socket_t* socket) {
  dgram_address_t peer;

  socket->connected = dgram_socket_peer(socket, &peer) == 0;
  socket->connections++;
}

/* Pipes, files and the like cannot be used, and libuv does not look: a stream
 * would be taken. Whatever the system does not know is left to libuv. */
static bool is_other(int fd) {
  uv_handle_type type = uv_guess_handle(fd);

  return fd >= 0 && type != UV_UDP && type != UV_UNKNOWN_HANDLE;
}

int dgram_socket_open(dgram_socket_t* socket, int fd) {
  int rc;

  if (socket->closing)
    return UV_EBADF;
  if (is_other(fd))
    return UV_EINVAL;
  /* libuv aborts when it is to close one of these. */
  if (fd >= 0 && fd <= 2)
    return dgram_socket_adopt(socket, fd);
  rc = uv_udp_open(&socket->udp, (uv_os_sock_t) fd);
  if (rc != 0)
    return rc;
  socket->shared = true; /* whoever made it may still use it */
  detect_connected(socket);
  return 0;
}

int dgram_socket_adopt(dgram_socket_t* socket, int fd) {
  int copy;
  int rc;

  if (socket->closing)
    return UV_EBADF;
  if (is_other(fd))
    return UV_EINVAL;
  copy = dgram_platform_dup(fd);
  if (copy < 0)
    return copy;
  rc = uv_udp_open(&socket->udp, (uv_os_sock_t) copy);
  if (rc != 0) {
    dgram_platform_close(copy);
    return rc;
  }
  socket->shared = true;
  detect_connected(socket);
  return 0;
}

int dgram_socket_share(dgram_socket_t* socket) {
  int fd = dgram_socket_reveal(socket);

  if (fd < 0)
    return fd;
  socket->shared = true;
  return dgram_platform_dup(fd);
}

/* What libuv 1.49 does for UV_UDP_REUSEPORT, for those before. */
static int prepare_reuseport(dgram_socket_t* socket, int family) {
  int fd = dgram_platform_fd(&socket->udp);
  int rc;

  if (fd < 0) {
    fd = dgram_platform_socket(family);
    if (fd < 0)
      return fd;
    rc = uv_udp_open(&socket->udp, (uv_os_sock_t) fd);
    if (rc != 0) {
      dgram_platform_close(fd);
      return rc;
    }
    /* From here on the descriptor is libuv's, also if the rest fails. */
    rc = dgram_platform_clear_reuseaddr(fd);
    if (rc != 0)
      return rc;
  }
  return dgram_platform_set_reuseport(fd);
}

static int bind_to(dgram_socket_t* socket,
                   const dgram_address_t* address,
                   unsigned flags) {
  int rc;

  if ((flags & DGRAM_BIND_REUSEPORT) && uv_version() < UV_1_49) {
    if ((flags & DGRAM_BIND_IPV6ONLY) && address->any.sa_family != AF_INET6)
      return UV_EINVAL;
    rc = prepare_reuseport(socket, address->any.sa_family);
    if (rc != 0)
      return rc;
    flags &= ~DGRAM_BIND_REUSEPORT;
  }
  return uv_udp_bind(&socket->udp, &address->any, flags);
}

int dgram_socket_bind(dgram_socket_t* socket,
                      const dgram_address_t* address,
                      unsigned flags) {
  bool was_open = dgram_socket_is_open(socket);

  if (socket->closing)
    return UV_EBADF;
  return settle(socket, was_open, bind_to(socket, address, flags));
}

int dgram_socket_bind_any(dgram_socket_t* socket, int family) {
  dgram_address_t address = {0};

  address.any.sa_family = family == AF_INET6 ? AF_INET6 : AF_INET;
  return dgram_socket_bind(socket, &address, 0);
}

int dgram_socket_connect(dgram_socket_t* socket, const dgram_address_t* peer) {
  bool was_open = dgram_socket_is_open(socket);
  int rc;

  if (socket->closing)
    return UV_EBADF;
  rc = uv_udp_connect(&socket->udp, &peer->any);
  if (rc == 0) {
    socket->connected = true;
    socket->connections++;
  }
  return settle(socket, was_open, rc);
}

int dgram_socket_disconnect(dgram_socket_t* socket) {
  int rc;

  if (socket->closing)
    return UV_EBADF;
  rc = uv_udp_connect(&socket->udp, NULL);
  if (rc == 0)
    socket->connected = false;
  return rc;
}

int dgram_socket_name(const dgram_socket_t* socket, dgram_address_t* out) {
  int size = sizeof(*out);

  if (socket->closing)
    return UV_EBADF;
  return uv_udp_getsockname(&socket->udp, &out->any, &size);
}

int dgram_socket_peer(const dgram_socket_t* socket, dgram_address_t* out) {
  int size = sizeof(*out);

  if (socket->closing)
    return UV_EBADF;
  return uv_udp_getpeername(&socket->udp, &out->any, &size);
}

int dgram_socket_set_broadcast(dgram_socket_t* socket, int on) {
  return socket->closing ? UV_EBADF : uv_udp_set_broadcast(&socket->udp, on);
}

int dgram_socket_set_ttl(dgram_socket_t* socket, int ttl) {
  return socket->closing ? UV_EBADF : uv_udp_set_ttl(&socket->udp, ttl);
}

int dgram_socket_set_multicast_ttl(dgram_socket_t* socket, int ttl) {
  if (socket->closing)
    return UV_EBADF;
  return uv_udp_set_multicast_ttl(&socket->udp, ttl);
}

int dgram_socket_set_multicast_loop(dgram_socket_t* socket, int on) {
  if (socket->closing)
    return UV_EBADF;
  return uv_udp_set_multicast_loop(&socket->udp, on);
}

int dgram_socket_set_multicast_interface(dgram_socket_t* socket,
                                         const char* interface_address) {
  if (socket->closing)
    return UV_EBADF;
  return uv_udp_set_multicast_interface(&socket->udp, interface_address);
}

int dgram_socket_set_membership(dgram_socket_t* socket,
                                const char* group,
                                const char* interface_address,
                                uv_membership membership) {
  if (socket->closing)
    return UV_EBADF;
  return uv_udp_set_membership(
      &socket->udp, group, interface_address, membership);
}

int dgram_socket_set_source_membership(dgram_socket_t* socket,
                                       const char* group,
                                       const char* interface_address,
                                       const char* source,
                                       uv_membership membership) {
  if (socket->closing)
    return UV_EBADF;
  return uv_udp_set_source_membership(
      &socket->udp, group, interface_address, source, membership);
}

int dgram_socket_recv_buffer(dgram_socket_t* socket, int* size) {
  if (socket->closing)
    return UV_EBADF;
  return uv_recv_buffer_size((uv_handle_t*) &socket->udp, size);
}

int dgram_socket_send_buffer(dgram_socket_t* socket, int* size) {
  if (socket->closing)
    return UV_EBADF;
  return uv_send_buffer_size((uv_handle_t*) &socket->udp, size);
}

int dgram_socket_start(dgram_socket_t* socket) {
  int rc;

  if (socket->closing)
    return UV_EBADF;
  rc = socket->env->transport->start(socket);
  if (rc == 0)
    socket->reading = true;
  dgram_env_changed(socket->env, socket);
  return rc;
}

int dgram_socket_stop(dgram_socket_t* socket) {
  if (socket->closing)
    return UV_EBADF;
  socket->reading = false;
  dgram_env_changed(socket->env, socket);
  return socket->env->transport->stop(socket);
}

int dgram_socket_fd(const dgram_socket_t* socket) {
  return socket->closing ? UV_EBADF : dgram_platform_fd(&socket->udp);
}

int dgram_socket_reveal(dgram_socket_t* socket) {
  int fd = dgram_socket_fd(socket);

  if (fd >= 0)
    socket->env->transport->share(socket);
  return fd;
}

size_t dgram_socket_queue_size(const dgram_socket_t* socket) {
  return socket->env->transport->queue_size(socket);
}

size_t dgram_socket_queue_count(const dgram_socket_t* socket) {
  return socket->env->transport->queue_count(socket);
}

void dgram_socket_ref(dgram_socket_t* socket) {
  if (socket->closing)
    return;
  uv_ref((uv_handle_t*) &socket->udp);
  socket->env->transport->ref_changed(socket);
  dgram_env_changed(socket->env, socket);
}

void dgram_socket_unref(dgram_socket_t* socket) {
  if (socket->closing)
    return;
  uv_unref((uv_handle_t*) &socket->udp);
  socket->env->transport->ref_changed(socket);
  dgram_env_changed(socket->env, socket);
}

bool dgram_socket_has_ref(const dgram_socket_t* socket) {
  return !socket->closing && uv_has_ref((const uv_handle_t*) &socket->udp);
}

void dgram_socket_close(dgram_socket_t* socket) {
  if (socket->closing)
    return;
  socket->closing = true;
  socket->reading = false;
  dgram_env_changed(socket->env, socket);
  socket->env->transport->close(socket);
}

uint32_t dgram_socket_batch(const dgram_socket_t* socket) {
  return socket->shared ? 1 : DGRAM_RECV_SLOTS;
}

static void on_handle_closed(uv_handle_t* handle) {
  dgram_socket_t* socket = (dgram_socket_t*) handle;
  dgram_env_t* env = socket->env;

  dgram_socket_use(socket);
  env->transport->closed(socket);
  socket->closed = true;
  dgram_env_remove(env, socket);
  env->closed(socket);
  if (--socket->uses == 0)
    free(socket);
  dgram_env_leave(env);
}

void dgram_socket_release(dgram_socket_t* socket) {
  uv_close((uv_handle_t*) &socket->udp, on_handle_closed);
}
