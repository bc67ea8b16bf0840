#include "core/unix_path.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

typedef struct dgram_path_source_s {
  dgram_path_t path;
  bool has_text; /* JavaScript has the text for this slot */
} dgram_path_source_t;

_Static_assert((DGRAM_PATH_SOURCES & (DGRAM_PATH_SOURCES - 1)) == 0,
               "the hash is masked");
_Static_assert(DGRAM_SOURCES_MAX + DGRAM_PATH_SOURCES <= UINT16_MAX,
               "dgram_inbox_t.new_sources holds both kinds of slots");
_Static_assert(DGRAM_PATH_MAX <= sizeof(((dgram_source_text_t*) 0)->text),
               "a path fits into a text");

int dgram_path_set(dgram_path_t* out, const char* bytes, size_t length) {
  if (length == 0 || length > DGRAM_PATH_MAX ||
      (bytes[0] != '\0' && memchr(bytes, '\0', length) != NULL))
    return UV_EINVAL;
  out->length = (uint32_t) length;
  memcpy(out->bytes, bytes, length);
  return 0;
}

bool dgram_path_equal(const dgram_path_t* one, const dgram_path_t* other) {
  return one->length == other->length &&
         memcmp(one->bytes, other->bytes, one->length) == 0;
}

void dgram_path_describe(const dgram_path_t* path, dgram_source_text_t* out) {
  out->family = DGRAM_FAMILY_UNIX;
  out->port = 0;
  out->error = 0;
  out->length = path->length;
  memcpy(out->text, path->bytes, path->length);
}

/* FNV-1a. */
static uint32_t slot_of(const dgram_path_t* path) {
  uint32_t hash = 2166136261u;
  uint32_t i;

  for (i = 0; i < path->length; i++)
    hash = (hash ^ (uint8_t) path->bytes[i]) * 16777619u;
  return (hash ^ hash >> 16) & (DGRAM_PATH_SOURCES - 1);
}

uint32_t dgram_path_sources_find(dgram_path_sources_t* sources,
                                 const dgram_path_t* path,
                                 bool* is_new) {
  dgram_path_source_t* source;
  uint32_t slot = sources->last;

  *is_new = true;
  if (sources->slots == NULL)
    sources->slots = calloc(DGRAM_PATH_SOURCES, sizeof(sources->slots[0]));
  if (sources->slots == NULL)
    return slot_of(path);
  if (!dgram_path_equal(&sources->slots[slot].path, path))
    slot = slot_of(path);
  source = &sources->slots[slot];
  *is_new = !source->has_text || !dgram_path_equal(&source->path, path);
  source->path = *path;
  source->has_text = true;
  sources->last = slot;
  return slot;
}

void dgram_path_sources_forget(dgram_path_sources_t* sources, uint32_t slot) {
  if (sources->slots != NULL && slot < DGRAM_PATH_SOURCES)
    sources->slots[slot].has_text = false;
}

void dgram_path_sources_free(dgram_path_sources_t* sources) {
  free(sources->slots);
  memset(sources, 0, sizeof(*sources));
}
