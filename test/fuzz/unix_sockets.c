#include "unix_sockets.h"

#include <errno.h>
#include <stddef.h>
#include <sys/un.h>
#include <unistd.h>

#include "unix_outgoing.h"

/* The real functions. */
#undef socket
#undef bind
#undef connect
#undef getsockname
#undef getpeername
#undef close
int socket(int domain, int type, int protocol);
int bind(int fd, __CONST_SOCKADDR_ARG addr, socklen_t len);
int connect(int fd, __CONST_SOCKADDR_ARG addr, socklen_t len);
int getsockname(int fd, __SOCKADDR_ARG addr, socklen_t* len);
int getpeername(int fd, __SOCKADDR_ARG addr, socklen_t* len);
int close(int fd);

#define FDS 1024

/* Above the numbers of real descriptors. */
#define PASSED_FIRST (1 << 20)
#define PASSED_MAX 65536

static fuzz_unix_t sockets[FDS];
static uint32_t last_id;
static bool passed[PASSED_MAX]; /* true: open */
static uint32_t passed_total;
static uint32_t passed_open;

void fuzz_unix_reset(void) {
  memset(sockets, 0, sizeof(sockets));
  last_id = 0;
  memset(passed, 0, passed_total * sizeof(passed[0]));
  passed_total = 0;
  passed_open = 0;
}

fuzz_unix_t* fuzz_unix(int fd) {
  return fd >= 0 && fd < FDS && sockets[fd].id != 0 ? &sockets[fd] : NULL;
}

void fuzz_unix_forget(int fd) {
  if (fuzz_unix(fd) != NULL)
    memset(&sockets[fd], 0, sizeof(sockets[fd]));
}

int fuzz_socket(int domain, int type, int protocol) {
  int fd = socket(domain, type, protocol);

  if (domain != AF_UNIX)
    return fd;
  FUZZ_CHECK(fd >= 0 && fd < FDS);
  FUZZ_CHECK(type == (SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK));
  memset(&sockets[fd], 0, sizeof(sockets[fd]));
  sockets[fd].id = ++last_id;
  return fd;
}

int fuzz_unix_pair(void) {
  int fd = fuzz_socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

  sockets[fd].has_peer = true;
  return fd;
}

/* -- names ----------------------------------------------------------------- */

void fuzz_unix_draw_name(fuzz_input_t* input, dgram_path_t* out) {
  uint32_t i;

  out->length = 1;
  out->bytes[0] = (char) ('a' + fuzz_below(input, 4));
  switch (fuzz_below(input, 4)) {
    case 1: /* abstract, with NULs */
      out->length = 1 + fuzz_below(input, DGRAM_PATH_MAX);
      out->bytes[0] = '\0';
      fuzz_bytes(input, out->bytes + 1, out->length - 1);
      break;
    case 2: /* as long as possible; only the last byte differs */
      out->length = DGRAM_PATH_MAX - fuzz_below(input, 2);
      memset(out->bytes + 1, 'x', out->length - 1);
      out->bytes[out->length - 1] = (char) ('a' + fuzz_below(input, 4));
      break;
    case 3:
      out->length = 1 + fuzz_below(input, DGRAM_PATH_MAX);
      fuzz_bytes(input, out->bytes, out->length);
      for (i = 0; i < out->length; i++)
        if (out->bytes[i] == '\0')
          out->bytes[i] = 'y';
      break;
    default:
      break;
  }
}

/* An address that the code under test has made: no byte more than the name. */
void fuzz_unix_read_address(const void* address,
                            socklen_t size,
                            dgram_path_t* out) {
  const struct sockaddr_un* un = address;
  const size_t start = offsetof(struct sockaddr_un, sun_path);

  FUZZ_CHECK(size >= start && size <= sizeof(*un));
  FUZZ_CHECK(un->sun_family == AF_UNIX);
  out->length = (uint32_t) (size - start);
  memcpy(out->bytes, un->sun_path, out->length);
}

/* The kernel terminates a pathname. */
static void write_address(const dgram_path_t* path,
                          void* address,
                          socklen_t* size) {
  struct sockaddr_storage full = {.ss_family = AF_UNIX};
  size_t length = offsetof(struct sockaddr_un, sun_path) + path->length;

  memcpy((char*) &full + offsetof(struct sockaddr_un, sun_path),
         path->bytes,
         path->length);
  if (dgram_path_is_file(path))
    length++;
  FUZZ_CHECK(*size >= length);
  memcpy(address, &full, length);
  *size = (socklen_t) length;
}

static int fail(int code) {
  errno = code;
  return -1;
}

int fuzz_bind(int fd, __CONST_SOCKADDR_ARG addr, socklen_t len) {
  static const int errors[] = {EADDRINUSE, EACCES, ENOENT, EINVAL};
  fuzz_unix_t* socket = fuzz_unix(fd);
  dgram_path_t name;

  if (socket == NULL)
    return bind(fd, addr, len);
  fuzz_unix_read_address(addr.__sockaddr__, len, &name);
  if (socket->name.length > 0)
    return fail(EINVAL);
  if (fuzz_one_in(fuzz_kernel_input, 4))
    return fail(errors[fuzz_below(fuzz_kernel_input, 4)]);
  if (name.length == 0) { /* autobind */
    name.length = 6;
    memcpy(name.bytes, "\000001f", 6);
  }
  socket->name = name;
  return 0;
}

int fuzz_connect(int fd, __CONST_SOCKADDR_ARG addr, socklen_t len) {
  static const int errors[] = {ECONNREFUSED, ENOENT, EACCES, EPROTOTYPE};
  fuzz_unix_t* socket = fuzz_unix(fd);
  dgram_path_t peer;
  int code;

  if (socket == NULL)
    return connect(fd, addr, len);
  if (len >= sizeof(sa_family_t) && addr.__sockaddr__->sa_family == AF_UNSPEC) {
    socket->has_peer = false;
    return 0;
  }
  fuzz_unix_read_address(addr.__sockaddr__, len, &peer);
  FUZZ_CHECK(peer.length > 0);
  if (fuzz_one_in(fuzz_kernel_input, 4)) {
    code = errors[fuzz_below(fuzz_kernel_input, 4)];
    fuzz_unix_log_error(socket->id, uv_translate_sys_error(code));
    return fail(code);
  }
  socket->has_peer = true;
  socket->peer = peer;
  return 0;
}

int fuzz_getsockname(int fd, __SOCKADDR_ARG addr, socklen_t* len) {
  const fuzz_unix_t* socket = fuzz_unix(fd);

  if (socket == NULL)
    return getsockname(fd, addr, len);
  write_address(&socket->name, addr.__sockaddr__, len);
  return 0;
}

int fuzz_getpeername(int fd, __SOCKADDR_ARG addr, socklen_t* len) {
  const fuzz_unix_t* socket = fuzz_unix(fd);

  if (socket == NULL)
    return getpeername(fd, addr, len);
  if (!socket->has_peer)
    return fail(ENOTCONN);
  write_address(&socket->peer, addr.__sockaddr__, len);
  return 0;
}

/* -- passed descriptors ------------------------------------------------------
 */

int fuzz_passed_open(void) {
  FUZZ_CHECK(passed_total < PASSED_MAX);
  passed[passed_total] = true;
  passed_open++;
  return PASSED_FIRST + (int) passed_total++;
}

uint32_t fuzz_passed_count(void) {
  return passed_open;
}

int fuzz_close(int fd) {
  uint32_t i = (uint32_t) (fd - PASSED_FIRST);

  if (fd < PASSED_FIRST) {
    fuzz_unix_forget(fd);
    return close(fd);
  }
  FUZZ_CHECK(i < passed_total && passed[i]); /* closed once */
  passed[i] = false;
  passed_open--;
  return 0;
}
