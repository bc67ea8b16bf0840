/* The simulated kernel for Unix datagram sockets: their names and peers, and
 * descriptors that a peer passes. The sockets themselves are real. */
#ifndef DGRAM_FUZZ_UNIX_SOCKETS_H
#define DGRAM_FUZZ_UNIX_SOCKETS_H

#include "core/unix_path.h"
#include "kernel.h"

typedef struct {
  uint32_t
      id; /* unique: numbers of descriptors are reused. 0: no Unix socket */
  bool has_peer;
  uint32_t asked;    /* DGRAM_INFO_*, set by the target */
  dgram_path_t name; /* length 0: none */
  dgram_path_t peer; /* the same */
} fuzz_unix_t;

void fuzz_unix_reset(void);

/* The Unix socket with this descriptor, or NULL. */
fuzz_unix_t* fuzz_unix(int fd);

/* The descriptor is about to be closed by libuv. */
void fuzz_unix_forget(int fd);

/* Returns a new descriptor that is connected to a peer without a name, as one
 * of socketpair(2). */
int fuzz_unix_pair(void);

/* A name as a program or the kernel may have it: a pathname, an abstract name,
 * of up to DGRAM_PATH_MAX bytes. Short ones are frequent. */
void fuzz_unix_draw_name(fuzz_input_t* input, dgram_path_t* out);

/* -- passed descriptors -- */

/* Installs a descriptor, which is to be closed exactly once. */
int fuzz_passed_open(void);

/* The number of those that are open. */
uint32_t fuzz_passed_count(void);

#endif
