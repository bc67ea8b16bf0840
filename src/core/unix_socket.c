#include "core/unix_socket.h"

#include <string.h>

#include "platform/platform.h"
#include "transport/transport.h"

static dgram_unix_socket_t* unix_of(dgram_socket_t* socket) {
  return (dgram_unix_socket_t*) socket;
}

int dgram_unix_socket_new(dgram_env_t* env, dgram_socket_t** out) {
  int rc;

  if (!env->transport->features(env).unix_dgram)
    return UV_ENOTSUP;
  rc = dgram_socket_allocate(env, sizeof(dgram_unix_socket_t), out);
  if (rc == 0)
    (*out)->is_unix = true;
  return rc;
}

/* Returns 0 or the error that every function has in common. */
static int check(const dgram_socket_t* socket) {
  if (socket->closing)
    return UV_EBADF;
  return socket->is_unix ? 0 : UV_EINVAL;
}

int dgram_unix_socket_ensure(dgram_socket_t* socket) {
  int rc = check(socket);
  int fd;

  if (rc != 0 || dgram_socket_is_open(socket))
    return rc;
  fd = dgram_platform_unix_socket();
  if (fd < 0)
    return fd;
  rc = dgram_socket_apply_options(socket, fd);
  if (rc == 0)
    rc = uv_udp_open(&socket->udp, (uv_os_sock_t) fd);
  if (rc != 0)
    dgram_platform_close(fd);
  return rc;
}

/* A descriptor that was passed in may be connected already. */
static void detect_peer(dgram_socket_t* socket) {
  dgram_path_t* peer = &unix_of(socket)->peer;

  socket->connected =
      dgram_platform_unix_name(dgram_socket_fd(socket), true, peer) == 0;
  if (!socket->connected)
    peer->length = 0;
  socket->connections++;
}

int dgram_unix_socket_open(dgram_socket_t* socket, int fd) {
  int rc = check(socket);
  int own = fd;

  if (rc == 0)
    rc = dgram_platform_unix_check(fd);
  if (rc != 0)
    return rc;
  /* libuv aborts if it has to close one of these. */
  if (fd <= 2)
    own = dgram_platform_dup(fd);
  if (own < 0)
    return own;
  rc = dgram_socket_apply_options(socket, own);
  if (rc == 0)
    rc = uv_udp_open(&socket->udp, (uv_os_sock_t) own);
  if (rc != 0) {
    if (own != fd)
      dgram_platform_close(own);
    return rc;
  }
  socket->shared = true; /* its creator may still use it */
  detect_peer(socket);
  return 0;
}

int dgram_unix_socket_bind(dgram_socket_t* socket,
                           const dgram_path_t* path,
                           bool unlink) {
  int rc = dgram_unix_socket_ensure(socket);

  if (rc == 0)
    rc = dgram_platform_unix_bind(dgram_socket_fd(socket), path);
  if (rc == 0 && unlink && dgram_path_is_file(path))
    dgram_platform_unix_find_file(path, &unix_of(socket)->file);
  return rc;
}

static void keep_peer(dgram_socket_t* socket) {
  if (socket->connected)
    socket->env->transport->keep_peer(socket);
}

int dgram_unix_socket_connect(dgram_socket_t* socket,
                              const dgram_path_t* peer) {
  int rc = dgram_unix_socket_ensure(socket);

  if (rc == 0)
    rc = dgram_platform_unix_connect(dgram_socket_fd(socket), peer);
  if (rc != 0)
    return rc;
  keep_peer(socket);
  unix_of(socket)->peer = *peer;
  socket->connected = true;
  socket->connections++;
  return 0;
}

int dgram_unix_socket_reconnect(dgram_socket_t* socket) {
  const dgram_path_t* peer = &unix_of(socket)->peer;

  if (peer->length == 0)
    return UV_ENOTCONN;
  return dgram_platform_unix_connect(dgram_socket_fd(socket), peer);
}

int dgram_unix_socket_disconnect(dgram_socket_t* socket) {
  int rc = check(socket);

  if (rc == 0)
    rc = dgram_platform_unix_connect(dgram_socket_fd(socket), NULL);
  if (rc != 0)
    return rc;
  keep_peer(socket);
  unix_of(socket)->peer.length = 0;
  socket->connected = false;
  return 0;
}

int dgram_unix_socket_name(const dgram_socket_t* socket, dgram_path_t* out) {
  int rc = check(socket);

  return rc != 0
             ? rc
             : dgram_platform_unix_name(dgram_socket_fd(socket), false, out);
}

/* The kernel forgets the name of a peer that is closed. */
int dgram_unix_socket_peer(const dgram_socket_t* socket, dgram_path_t* out) {
  int rc = check(socket);

  if (rc != 0)
    return rc;
  if (!socket->connected)
    return UV_ENOTCONN;
  *out = ((const dgram_unix_socket_t*) socket)->peer;
  return 0;
}

void dgram_unix_socket_remove_file(dgram_socket_t* socket) {
  dgram_platform_unix_remove_file(&unix_of(socket)->file);
}
