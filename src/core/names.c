/* The names of a socket: bind(2) and connect(2). */
#include "core/descriptor.h"
#include "core/socket.h"
#include "core/unix_socket.h"
#include "platform/platform.h"

/* The first libuv with UV_UDP_REUSEPORT. */
#define UV_1_49 0x013100u

/* Called with the result of a function that may have created a descriptor. */
static int check_bind(dgram_socket_t* socket, bool was_open, int rc) {
  if (rc != 0 && !was_open && dgram_socket_is_open(socket))
    dgram_socket_replace(socket);
  return rc;
}

/* Replaces UV_UDP_REUSEPORT, which libuv supports since 1.49. */
static int prepare_reuseport(dgram_socket_t* socket, int family) {
  int fd = dgram_platform_fd(&socket->udp);

  if (fd < 0)
    fd = dgram_descriptor_create(socket, family);
  return fd < 0 ? fd : dgram_platform_set_reuseport(fd);
}

static int bind_to(dgram_socket_t* socket,
                   const dgram_address_t* address,
                   unsigned flags) {
  int rc = dgram_descriptor_prepare(socket, address->any.sa_family);

  if (rc != 0)
    return rc;
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
  int rc;

  if (socket->closing)
    return UV_EBADF;
  rc = bind_to(socket, address, flags);
  if (rc == 0 && (flags & DGRAM_BIND_REUSEPORT)) {
    rc = dgram_descriptor_set_steering(socket, dgram_socket_fd(socket));
    if (rc == 0)
      dgram_descriptor_keep_keys_apart(socket);
  }
  return check_bind(socket, was_open, rc);
}

int dgram_socket_bind_any(dgram_socket_t* socket, int family) {
  dgram_address_t address = {0};

  if (socket->is_unix)
    return dgram_unix_socket_ensure(socket);
  address.any.sa_family =
      dgram_socket_is_ip6(socket, family) ? AF_INET6 : AF_INET;
  return dgram_socket_bind(socket, &address, 0);
}

int dgram_socket_connect(dgram_socket_t* socket, const dgram_address_t* peer) {
  bool was_open = dgram_socket_is_open(socket);
  int rc;

  if (socket->closing)
    return UV_EBADF;
  rc = dgram_descriptor_prepare(socket, peer->any.sa_family);
  if (rc == 0)
    rc = uv_udp_connect(&socket->udp, &peer->any);
  if (rc == 0) {
    socket->connected = true;
    socket->peer_is_ip4 = dgram_address_is_ip4(peer);
    socket->connections++;
  }
  return check_bind(socket, was_open, rc);
}

int dgram_socket_disconnect(dgram_socket_t* socket) {
  int rc;

  if (socket->closing)
    return UV_EBADF;
  rc = uv_udp_connect(&socket->udp, NULL);
  if (rc == 0)
    socket->connected = socket->peer_is_ip4 = false;
  return rc;
}
