#include "platform/options.h"

const bool dgram_platform_has_options = false;

int dgram_platform_set_open_options(int fd,
                                    const dgram_open_options_t* options,
                                    const char** failed) {
  (void) fd;
  (void) options;
  (void) failed;
  return UV_ENOTSUP;
}

int dgram_platform_set_steering(int fd, const dgram_steering_t* steering) {
  (void) fd;
  (void) steering;
  return UV_ENOTSUP;
}

int dgram_platform_set_receive_info(int fd, uint32_t info) {
  (void) fd;
  (void) info;
  return UV_ENOTSUP;
}

int dgram_platform_set_tos(int fd, int tos) {
  (void) fd;
  (void) tos;
  return UV_ENOTSUP;
}

int dgram_platform_get_tos(int fd) {
  (void) fd;
  return UV_ENOTSUP;
}

int dgram_platform_set_fragment(int fd, dgram_fragment_t mode) {
  (void) fd;
  (void) mode;
  return UV_ENOTSUP;
}

int dgram_platform_get_mtu(int fd, const dgram_address_t* peer) {
  (void) fd;
  (void) peer;
  return UV_ENOTSUP;
}

int dgram_platform_set_pacing_rate(int fd, uint64_t rate) {
  (void) fd;
  (void) rate;
  return UV_ENOTSUP;
}

int dgram_platform_interface(const char* name) {
  (void) name;
  return UV_ENOTSUP;
}

int dgram_platform_interface_name(int fd,
                                  uint32_t index,
                                  char* out,
                                  size_t size) {
  (void) fd;
  (void) index;
  if (size > 0)
    out[0] = '\0';
  return UV_ENOTSUP;
}

int dgram_platform_multicast_interfaces(bool up, uint32_t* out, size_t max) {
  (void) up;
  if (max > 0)
    out[0] = 0;
  return UV_ENOTSUP;
}

int dgram_platform_set_group(int fd,
                             const dgram_address_t* group,
                             const dgram_address_t* source,
                             uint32_t interface_index,
                             bool join) {
  (void) fd;
  (void) group;
  (void) source;
  (void) interface_index;
  (void) join;
  return UV_ENOTSUP;
}

int dgram_platform_get_drops(int fd, uint32_t* out) {
  (void) fd;
  *out = 0;
  return UV_ENOTSUP;
}
