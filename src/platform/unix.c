#include "platform/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The option that makes the kernel distribute datagrams over the sockets of a
 * port. On other systems SO_REUSEPORT exists too, but the newest socket
 * receives all datagrams. */
#if defined(SO_REUSEPORT_LB)
#define BALANCING_OPTION SO_REUSEPORT_LB
#elif defined(SO_REUSEPORT) && (defined(__linux__) || defined(__DragonFly__))
#define BALANCING_OPTION SO_REUSEPORT
#else
#define BALANCING_OPTION (-1)
#endif

/* The option that uv_udp_open() sets. */
#if defined(SO_REUSEPORT) && !defined(__linux__) && !defined(__sun)
#define OPENING_OPTION SO_REUSEPORT
#else
#define OPENING_OPTION SO_REUSEADDR
#endif

/* Close-on-exec at once: a fork in another thread does not inherit it. macOS
 * sets the flag afterwards. */
#ifdef SOCK_CLOEXEC
#define SOCKET_TYPE (SOCK_DGRAM | SOCK_CLOEXEC)
#else
#define SOCKET_TYPE SOCK_DGRAM
#endif

static int code(int result) {
  return result == -1 ? uv_translate_sys_error(errno) : result;
}

int dgram_platform_fd(const uv_udp_t* udp) {
  uv_os_fd_t fd;

  return uv_fileno((const uv_handle_t*) udp, &fd) == 0 ? fd : UV_EBADF;
}

bool dgram_platform_is_writable(const uv_udp_t* udp) {
  struct pollfd entry = {.fd = dgram_platform_fd(udp), .events = POLLOUT};

  return entry.fd >= 0 && poll(&entry, 1, 0) > 0 && (entry.revents & POLLOUT);
}

bool dgram_platform_has_dup(void) {
  return true;
}

/* Not 0, 1 or 2: libuv aborts if it has to close one of these. */
int dgram_platform_dup(int fd) {
  return code(fcntl(fd, F_DUPFD_CLOEXEC, 3));
}

void dgram_platform_close(int fd) {
  close(fd);
}

int dgram_platform_socket(int family) {
  int fd = socket(family, SOCKET_TYPE, 0);

  if (fd != -1)
    fcntl(fd, F_SETFD, FD_CLOEXEC);
  return code(fd);
}

bool dgram_platform_has_reuseport(void) {
  return BALANCING_OPTION != -1;
}

int dgram_platform_set_reuseport(int fd) {
  int on = 1;

  if (!dgram_platform_has_reuseport())
    return UV_ENOTSUP;
  return code(setsockopt(fd, SOL_SOCKET, BALANCING_OPTION, &on, sizeof(on)));
}

bool dgram_platform_has_reuseaddr(int fd) {
  int on = 0;
  socklen_t size = sizeof(on);

  return getsockopt(fd, SOL_SOCKET, OPENING_OPTION, &on, &size) == 0 && on != 0;
}

int dgram_platform_clear_reuseaddr(int fd) {
  int off = 0;

  return code(setsockopt(fd, SOL_SOCKET, OPENING_OPTION, &off, sizeof(off)));
}

int dgram_platform_clear_v6only(int fd) {
  int off = 0;

  return code(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)));
}

/* BSDs require one byte for the options of multicast; Linux accepts it. */
int dgram_platform_set_ip4(const uv_udp_t* udp,
                           dgram_ip4_option_t option,
                           int value) {
  static const int names[] = {IP_TTL, IP_MULTICAST_TTL, IP_MULTICAST_LOOP};
  unsigned char byte = (unsigned char) value;
  bool is_int = option == DGRAM_IP4_TTL;
  int fd = dgram_platform_fd(udp);

  if (fd < 0)
    return fd;
  return code(setsockopt(fd,
                         IPPROTO_IP,
                         names[option],
                         is_int ? (const void*) &value : &byte,
                         is_int ? sizeof(value) : sizeof(byte)));
}

int dgram_platform_recv(const uv_udp_t* udp,
                        void* bytes,
                        size_t size,
                        dgram_address_t* source) {
  struct iovec vector = {.iov_base = bytes, .iov_len = size};
  struct msghdr header = {0};
  ssize_t n;

  memset(source, 0, sizeof(*source));
  header.msg_name = source;
  header.msg_namelen = sizeof(*source);
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  do
    n = recvmsg(dgram_platform_fd(udp), &header, MSG_DONTWAIT);
  while (n == -1 && errno == EINTR);
  return code((int) n);
}

/* glibc adapts to the blocks that are freed. After freeing a mapped block of
 * this size it maps only larger ones, and trims the heap only if twice as much
 * is free at its end (mallopt(3), dynamic mmap threshold). V8 accumulates 32
 * MiB of young ArrayBuffers (Heap::AllocateExternalBackingStore()), collects
 * them, and all are freed at once: twice the size has to exceed that. Measured
 * with datagrams of 1,400 bytes in batches: 700 to 900 ns each with half this
 * size, most of it page faults, and 250 ns with it. The block is not touched,
 * so it costs two system calls. */
#define LARGE_BLOCK (20u << 20)

static void free_large_block(void) {
  void* volatile block = malloc(LARGE_BLOCK);

  free(block);
}

void dgram_platform_keep_heap(void) {
  static uv_once_t once = UV_ONCE_INIT;

  uv_once(&once, free_large_block);
}

int dgram_platform_at_exit(void (*callback)(void)) {
  return atexit(callback) == 0 ? 0 : UV_ENOMEM;
}
