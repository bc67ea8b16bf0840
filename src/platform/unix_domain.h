/* System calls for Unix datagram sockets. unix_domain.c implements them for
 * Linux; no_unix_domain.c, for other platforms, returns UV_ENOTSUP.
 *
 * Functions return 0, the value named in their comment, or a UV_ code. */
#ifndef DGRAM_PLATFORM_UNIX_DOMAIN_H
#define DGRAM_PLATFORM_UNIX_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/unix_path.h"

/* A file that bind() has made: its place, and what tells it from a successor at
 * the same place. All zero: none. */
typedef struct {
  char* path; /* absolute; NULL: none */
  uint64_t device;
  uint64_t inode;
} dgram_unix_file_t;

/* Creates a socket, non-blocking and close-on-exec. Returns its descriptor. */
int dgram_platform_unix_socket(void);

/* Returns 0 if `fd` is a Unix datagram socket, else UV_EINVAL or UV_EBADF. */
int dgram_platform_unix_check(int fd);

/* bind(2). An empty path: the kernel chooses an abstract name. */
int dgram_platform_unix_bind(int fd, const dgram_path_t* path);

/* connect(2); `peer` NULL: disconnects. */
int dgram_platform_unix_connect(int fd, const dgram_path_t* peer);

/* getsockname(2), or getpeername(2) if `of_peer` is set. */
int dgram_platform_unix_name(int fd, bool of_peer, dgram_path_t* out);

/* The name in a sockaddr_un of `size` bytes, as the kernel returns it; it may
 * be one byte longer than the struct. Linux only, for its transport. */
void dgram_platform_unix_path(const void* address,
                              size_t size,
                              dgram_path_t* out);

/* Remembers the socket file at `path`. A file that is not found is none. */
void dgram_platform_unix_find_file(const dgram_path_t* path,
                                   dgram_unix_file_t* out);

/* Removes the file, unless another one is in its place, and forgets it. */
void dgram_platform_unix_remove_file(dgram_unix_file_t* file);

#endif
