#include "core/descriptor.h"

#include <stdlib.h>

#include "platform/platform.h"
#include "transport/transport.h"

bool dgram_socket_is_open(const dgram_socket_t* socket) {
  uv_os_fd_t fd;

  return uv_fileno((const uv_handle_t*) &socket->udp, &fd) == 0;
}

int dgram_socket_fd(const dgram_socket_t* socket) {
  return socket->closing ? UV_EBADF : dgram_platform_fd(&socket->udp);
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

void dgram_socket_detect_connected(dgram_socket_t* socket) {
  dgram_address_t peer;

  socket->connected = dgram_socket_peer(socket, &peer) == 0;
  socket->peer_is_ip4 = socket->connected && dgram_address_is_ip4(&peer);
  socket->connections++;
}

int dgram_socket_reveal(dgram_socket_t* socket) {
  int fd = dgram_socket_fd(socket);

  if (fd >= 0) {
    socket->revealed = true;
    socket->env->transport->share(socket);
  }
  return fd;
}

int dgram_socket_share(dgram_socket_t* socket) {
  int fd = dgram_socket_reveal(socket);

  if (fd < 0)
    return fd;
  socket->shared = true;
  return dgram_platform_dup(fd);
}

int dgram_socket_apply_options(dgram_socket_t* socket, int fd) {
  const char* failed = NULL;
  int rc = 0;

  if (socket->open_options != NULL)
    rc = dgram_platform_set_open_options(fd, socket->open_options, &failed);
  if (rc == 0 && socket->receive_info != 0) {
    failed = "receiveInfo";
    rc = dgram_platform_set_receive_info(fd, socket->receive_info);
  }
  socket->failed_option = rc == 0 ? NULL : failed;
  return rc;
}

int dgram_descriptor_set_steering(dgram_socket_t* socket, int fd) {
  int rc = 0;

  if (socket->open_options != NULL &&
      socket->open_options->steering.workers != 0)
    rc = dgram_platform_set_steering(fd, &socket->open_options->steering);
  if (rc != 0)
    socket->failed_option = "steering";
  return rc;
}

void dgram_descriptor_keep_keys_apart(dgram_socket_t* socket) {
  if (socket->open_options != NULL &&
      socket->open_options->steering.length != 0)
    socket->env->transport->share(socket);
}

int dgram_socket_set_open_options(dgram_socket_t* socket,
                                  const dgram_open_options_t* options) {
  int rc;

  if (socket->closing)
    return UV_EBADF;
  if (socket->open_options == NULL)
    socket->open_options = malloc(sizeof(*options));
  if (socket->open_options == NULL)
    return UV_ENOMEM;
  *socket->open_options = *options;
  socket->icmp_errors = options->icmp_errors > 0;
  if (!dgram_socket_is_open(socket))
    return 0;
  rc = dgram_socket_apply_options(socket, dgram_socket_fd(socket));
  if (rc == 0)
    rc = dgram_descriptor_set_steering(socket, dgram_socket_fd(socket));
  if (rc == 0)
    dgram_descriptor_keep_keys_apart(socket);
  return rc;
}

int dgram_socket_set_receive_info(dgram_socket_t* socket, uint32_t info) {
  if (socket->closing)
    return UV_EBADF;
  socket->receive_info = info;
  if (!dgram_socket_is_open(socket))
    return 0;
  return dgram_socket_apply_options(socket, dgram_socket_fd(socket));
}

int dgram_socket_set_dual_stack(dgram_socket_t* socket, int on) {
  dgram_address_t name;

  if (socket->closing)
    return UV_EBADF;
  socket->dual_stack = on != 0;
  if (dgram_socket_is_open(socket) && dgram_socket_name(socket, &name) == 0 &&
      name.any.sa_family != AF_INET6)
    socket->dual_stack = false;
  return socket->dual_stack;
}

/* True for pipes, files, streams and the like, which libuv does not reject.
 * Types unknown to the system are left to libuv. */
static bool is_not_udp(int fd) {
  uv_handle_type type = uv_guess_handle(fd);

  return fd >= 0 && type != UV_UDP && type != UV_UNKNOWN_HANDLE;
}

int dgram_socket_open(dgram_socket_t* socket, int fd) {
  int rc;

  if (socket->closing)
    return UV_EBADF;
  if (is_not_udp(fd))
    return UV_EINVAL;
  /* libuv aborts if it has to close one of these. */
  if (fd >= 0 && fd <= 2)
    return dgram_socket_adopt(socket, fd);
  rc = dgram_socket_apply_options(socket, fd);
  if (rc == 0)
    rc = dgram_descriptor_set_steering(socket, fd);
  if (rc == 0)
    rc = uv_udp_open(&socket->udp, (uv_os_sock_t) fd);
  if (rc != 0)
    return rc;
  socket->shared = true; /* its creator may still use it */
  dgram_stats_ignore_drops(socket);
  dgram_socket_detect_connected(socket);
  return 0;
}

int dgram_socket_adopt(dgram_socket_t* socket, int fd) {
  int copy;
  int rc;

  if (socket->closing)
    return UV_EBADF;
  if (is_not_udp(fd))
    return UV_EINVAL;
  copy = dgram_platform_dup(fd);
  if (copy < 0)
    return copy;
  rc = dgram_socket_apply_options(socket, copy);
  if (rc == 0)
    rc = dgram_descriptor_set_steering(socket, copy);
  if (rc == 0)
    rc = uv_udp_open(&socket->udp, (uv_os_sock_t) copy);
  if (rc != 0) {
    dgram_platform_close(copy);
    return rc;
  }
  socket->shared = true;
  dgram_stats_ignore_drops(socket);
  dgram_socket_detect_connected(socket);
  return 0;
}

int dgram_descriptor_create(dgram_socket_t* socket, int family) {
  int fd = dgram_platform_socket(family);
  int rc;

  if (fd < 0)
    return fd;
  rc = uv_udp_open(&socket->udp, (uv_os_sock_t) fd);
  if (rc != 0) {
    dgram_platform_close(fd);
    return rc;
  }
  /* From here on libuv owns the descriptor, even if the rest fails. */
  rc = dgram_platform_clear_reuseaddr(fd);
  return rc == 0 ? fd : rc;
}

int dgram_descriptor_prepare(dgram_socket_t* socket, int family) {
  bool has_options = dgram_socket_has_open_options(socket);
  int fd;
  int rc = 0;

  if (!(has_options || socket->dual_stack) || dgram_socket_is_open(socket))
    return 0;
  fd = dgram_descriptor_create(socket, family);
  if (fd == UV_ENOTSUP && !has_options)
    return 0; /* Windows, where libuv clears IPV6_V6ONLY itself */
  if (fd >= 0 && socket->dual_stack)
    rc = dgram_platform_clear_v6only(fd);
  if (fd < 0 || rc != 0)
    return fd < 0 ? fd : rc;
  return dgram_socket_apply_options(socket, fd);
}
