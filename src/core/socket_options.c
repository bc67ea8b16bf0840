#include "core/socket.h"

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
