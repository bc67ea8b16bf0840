#include "platform/unix_domain.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

_Static_assert(sizeof(((struct sockaddr_un*) 0)->sun_path) == DGRAM_PATH_MAX,
               "the longest name");

static int code(int result) {
  return result == -1 ? uv_translate_sys_error(errno) : result;
}

int dgram_platform_unix_socket(void) {
  return code(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

static int read_option(int fd, int name, int* out) {
  socklen_t size = sizeof(*out);

  return code(getsockopt(fd, SOL_SOCKET, name, out, &size));
}

int dgram_platform_unix_check(int fd) {
  int domain = 0;
  int type = 0;
  int rc = read_option(fd, SO_DOMAIN, &domain);

  if (rc == 0)
    rc = read_option(fd, SO_TYPE, &type);
  if (rc == UV_ENOTSOCK)
    return UV_EINVAL;
  if (rc != 0)
    return rc;
  return domain == AF_UNIX && type == SOCK_DGRAM ? 0 : UV_EINVAL;
}

/* Returns the size of the address. The kernel terminates a pathname itself:
 * all 108 bytes may be used (unix(7)). */
static socklen_t to_address(const dgram_path_t* path, struct sockaddr_un* out) {
  memset(out, 0, sizeof(*out));
  out->sun_family = AF_UNIX;
  memcpy(out->sun_path, path->bytes, path->length);
  return (socklen_t) (offsetof(struct sockaddr_un, sun_path) + path->length);
}

int dgram_platform_unix_bind(int fd, const dgram_path_t* path) {
  struct sockaddr_un address;
  socklen_t size = to_address(path, &address);

  return code(bind(fd, (const struct sockaddr*) &address, size));
}

int dgram_platform_unix_connect(int fd, const dgram_path_t* peer) {
  struct sockaddr_un address = {.sun_family = AF_UNSPEC};
  socklen_t size = sizeof(address.sun_family);

  if (peer != NULL)
    size = to_address(peer, &address);
  return code(connect(fd, (const struct sockaddr*) &address, size));
}

int dgram_platform_unix_name(int fd, bool of_peer, dgram_path_t* out) {
  struct sockaddr_storage address;
  socklen_t size = sizeof(address);
  int rc;

  memset(&address, 0, sizeof(address));
  rc = code(of_peer ? getpeername(fd, (struct sockaddr*) &address, &size)
                    : getsockname(fd, (struct sockaddr*) &address, &size));
  if (rc == 0)
    dgram_platform_unix_path(&address, size, out);
  return rc;
}

void dgram_platform_unix_path(const void* address,
                              size_t size,
                              dgram_path_t* out) {
  const size_t start = offsetof(struct sockaddr_un, sun_path);
  const char* bytes = (const char*) address + start;
  size_t length = size > start ? size - start : 0;

  if (length > 0 && bytes[0] != '\0')
    length = strnlen(bytes, length);
  if (length > DGRAM_PATH_MAX)
    length = DGRAM_PATH_MAX;
  out->length = (uint32_t) length;
  memcpy(out->bytes, bytes, length);
}

/* Sets the device and the inode of a socket file. Returns false if there is
 * none. lstat() itself is a newer symbol of glibc. */
static bool find_socket(const char* path, dgram_unix_file_t* out) {
  uv_fs_t request;
  int rc = uv_fs_lstat(NULL, &request, path, NULL);
  bool found = rc == 0 && S_ISSOCK(request.statbuf.st_mode);

  out->device = request.statbuf.st_dev;
  out->inode = request.statbuf.st_ino;
  uv_fs_req_cleanup(&request);
  return found;
}

/* The absolute path: the program may change its working directory. */
void dgram_platform_unix_find_file(const dgram_path_t* path,
                                   dgram_unix_file_t* out) {
  char text[DGRAM_PATH_MAX + 1] = {0};

  memcpy(text, path->bytes, path->length);
  out->path = realpath(text, NULL);
  if (out->path == NULL || find_socket(out->path, out))
    return;
  free(out->path);
  out->path = NULL;
}

void dgram_platform_unix_remove_file(dgram_unix_file_t* file) {
  dgram_unix_file_t found;

  if (file->path == NULL)
    return;
  if (find_socket(file->path, &found) && found.device == file->device &&
      found.inode == file->inode)
    (void) unlink(file->path);
  free(file->path);
  file->path = NULL;
}
