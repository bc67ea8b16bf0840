#include "platform.h"

int dgram_platform_fd(const uv_udp_t* udp) {
  (void) udp;
  return UV_EBADF;
}

bool dgram_platform_is_writable(const uv_udp_t* udp) {
  (void) udp;
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

int dgram_platform_set_reuseport(int fd) {
  (void) fd;
  return UV_ENOTSUP;
}

int dgram_platform_clear_reuseaddr(int fd) {
  (void) fd;
  return UV_ENOTSUP;
}

void dgram_platform_keep_heap(void) {}
