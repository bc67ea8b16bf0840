#include <string.h>
#include <uv.h>

#include "platform/unix_domain.h"

int dgram_platform_unix_socket(void) {
  return UV_ENOTSUP;
}

int dgram_platform_unix_check(int fd) {
  (void) fd;
  return UV_ENOTSUP;
}

int dgram_platform_unix_bind(int fd, const dgram_path_t* path) {
  (void) fd;
  (void) path;
  return UV_ENOTSUP;
}

int dgram_platform_unix_connect(int fd, const dgram_path_t* peer) {
  (void) fd;
  (void) peer;
  return UV_ENOTSUP;
}

int dgram_platform_unix_name(int fd, bool of_peer, dgram_path_t* out) {
  (void) fd;
  (void) of_peer;
  out->length = 0;
  return UV_ENOTSUP;
}

void dgram_platform_unix_find_file(const dgram_path_t* path,
                                   dgram_unix_file_t* out) {
  (void) path;
  memset(out, 0, sizeof(*out));
}

void dgram_platform_unix_remove_file(dgram_unix_file_t* file) {
  (void) file;
}
