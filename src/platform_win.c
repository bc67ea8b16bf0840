#include "platform.h"

int dgram_platform_fd(const uv_udp_t* udp) {
  (void) udp;
  return UV_EBADF;
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

int dgram_platform_set_reuseport(int fd) {
  (void) fd;
  return UV_ENOTSUP;
}

int dgram_platform_clear_reuseaddr(int fd) {
  (void) fd;
  return UV_ENOTSUP;
}

void dgram_platform_keep_heap(void) {}

int dgram_platform_at_exit(void (*callback)(void)) {
  (void) callback;
  return UV_ENOTSUP;
}
