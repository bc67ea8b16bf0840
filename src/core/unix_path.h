/* Names of Unix sockets, and the table of those that JavaScript has as text. */
#ifndef DGRAM_UNIX_PATH_H
#define DGRAM_UNIX_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/batch.h"

/* What is in `sun_path`: a pathname, or an abstract name, whose first byte is
 * NUL and which may contain others. The bytes are not terminated. */
typedef struct {
  uint32_t length; /* in bytes; 0: the socket has no name */
  char bytes[DGRAM_PATH_MAX];
} dgram_path_t;

/* Returns 0, or UV_EINVAL for a name that is longer than DGRAM_PATH_MAX or
 * empty, or a pathname that contains a NUL. */
int dgram_path_set(dgram_path_t* out, const char* bytes, size_t length);

bool dgram_path_equal(const dgram_path_t* one, const dgram_path_t* other);

/* True for a name that is a file. */
static inline bool dgram_path_is_file(const dgram_path_t* path) {
  return path->length > 0 && path->bytes[0] != '\0';
}

/* Formats a path for lib/batch/unix.js. */
void dgram_path_describe(const dgram_path_t* path, dgram_source_text_t* out);

/* The sources of datagrams whose text JavaScript has. A name always has the
 * same slot; another one with that slot replaces it. A service has a few dozen
 * peers with a name, and most clients have none. All zero is an empty table. */
typedef struct {
  struct dgram_path_source_s* slots; /* NULL: not allocated yet */
  uint32_t last;                     /* slot of the latest result */
} dgram_path_sources_t;

/* Finds the slot of `path`, below DGRAM_PATH_SOURCES. Sets `*is_new` if
 * JavaScript does not have its text. Without memory every path is new. */
uint32_t dgram_path_sources_find(dgram_path_sources_t* sources,
                                 const dgram_path_t* path,
                                 bool* is_new);

/* JavaScript did not read the text of this slot. */
void dgram_path_sources_forget(dgram_path_sources_t* sources, uint32_t slot);

void dgram_path_sources_free(dgram_path_sources_t* sources);

#endif
