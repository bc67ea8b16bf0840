#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include "transport/linux/linux.h"

linux_features_t dgram_linux_features;

static uv_once_t once = UV_ONCE_INIT;

/* A kernel version as one number: 5.12.3 is 0x050c03. */
static uint32_t kernel_version(void) {
  struct utsname name;
  char* next = name.release;
  uint32_t version = 0;
  int i;

  if (uname(&name) != 0)
    return 0;
  for (i = 0; i < 3; i++) {
    version = version << 8 | (strtoul(next, &next, 10) & 255);
    next += *next == '.';
  }
  return version;
}

/* True if a call without a valid descriptor failed for that reason only. */
static bool is_allowed(int rc) {
  return rc == 0 || errno == EBADF;
}

/* Some sandboxes forbid sendmmsg() and recvmmsg(), or do not implement them:
 * each message then takes a system call. The pointers refer to a real message
 * because qemu-user checks them before the descriptor and would return
 * EFAULT. */
static bool has_mmsg_syscalls(void) {
  char byte = 0;
  struct iovec vector = {&byte, sizeof(byte)};
  struct mmsghdr message = {.msg_hdr = {.msg_iov = &vector, .msg_iovlen = 1}};

  return is_allowed(sendmmsg(-1, &message, 1, 0)) &&
         is_allowed(recvmmsg(-1, &message, 1, 0, NULL));
}

static void detect_kernel_features(void) {
  uint32_t version = kernel_version();

  dgram_linux_features.mmsg = has_mmsg_syscalls();

  /* Linux 7.0.0 to 7.1.4 corrupt equal-length segments (tailscale #19777). */
  dgram_linux_features.gso =
      version >= 0x041200 && (version < 0x070000 || version > 0x070104);
  /* UDP_GRO exists since 5.0; wireguard-go enables it from 5.12 on. */
  dgram_linux_features.gro = version >= 0x050c00;
}

void dgram_linux_detect_features(void) {
  uv_once(&once, detect_kernel_features);
}
