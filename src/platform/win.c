#include "platform/platform.h"

#include <string.h>

int dgram_platform_fd(const uv_udp_t* udp) {
  (void) udp;
  return UV_EBADF;
}

bool dgram_platform_is_writable(const uv_udp_t* udp) {
  (void) udp;
  return false;
}

bool dgram_platform_has_dup(void) {
  return false;
}

bool dgram_platform_has_reuseaddr(int fd) {
  (void) fd;
  return false;
}

int dgram_platform_dup(int fd) {
  (void) fd;
  return UV_ENOTSUP;
}

void dgram_platform_close(int fd) {
  (void) fd;
}

int dgram_platform_socket(int family) {
  (void) family;
  return UV_ENOTSUP;
}

bool dgram_platform_has_reuseport(void) {
  return false;
}

int dgram_platform_set_reuseport(int fd) {
  (void) fd;
  return UV_ENOTSUP;
}

int dgram_platform_clear_reuseaddr(int fd) {
  (void) fd;
  return UV_ENOTSUP;
}

int dgram_platform_clear_v6only(int fd) {
  (void) fd;
  return UV_ENOTSUP;
}

int dgram_platform_set_ip4(const uv_udp_t* udp,
                           dgram_ip4_option_t option,
                           int value) {
  static const int names[] = {IP_TTL, IP_MULTICAST_TTL, IP_MULTICAST_LOOP};
  DWORD number = (DWORD) value;
  int rc;

  /* As libuv: Windows has another error, and a socket only when it is bound. */
  if (udp->socket == INVALID_SOCKET)
    return UV_EBADF;
  rc = setsockopt(udp->socket,
                  IPPROTO_IP,
                  names[option],
                  (const char*) &number,
                  sizeof(number));
  return rc == 0 ? 0 : uv_translate_sys_error(WSAGetLastError());
}

/* libuv ignores the errors by which Windows reports that an earlier datagram
 * found no receiver. */
static int receive_code(int error) {
  if (error == WSAECONNRESET || error == WSAENETRESET)
    return UV_EAGAIN;
  return uv_translate_sys_error(error);
}

/* The sockets of libuv do not block, and libuv has no read in progress while it
 * calls back. */
int dgram_platform_recv(const uv_udp_t* udp,
                        void* bytes,
                        size_t size,
                        dgram_address_t* source) {
  int length = sizeof(*source);
  int n;

  memset(source, 0, sizeof(*source));
  n = recvfrom(udp->socket, bytes, (int) size, 0, &source->any, &length);
  return n == SOCKET_ERROR ? receive_code(WSAGetLastError()) : n;
}

void dgram_platform_keep_heap(void) {}

int dgram_platform_at_exit(void (*callback)(void)) {
  (void) callback;
  return UV_ENOTSUP;
}
