/* Names of Unix sockets: addresses as the kernel could return them, arguments
 * of the program, and the table of sources compared with a plain list. */
#include "core/unix_path.h"

#include <stddef.h>
#include <sys/un.h>

#include "../input.h"
#include "platform/unix_domain.h"

#define NAMES 8

/* The text that JavaScript has for each slot. */
static dgram_path_t known[DGRAM_PATH_SOURCES];

static void check_path(const dgram_path_t* path) {
  dgram_source_text_t text;

  FUZZ_CHECK(path->length <= DGRAM_PATH_MAX);
  if (dgram_path_is_file(path))
    FUZZ_CHECK(memchr(path->bytes, '\0', path->length) == NULL);
  dgram_path_describe(path, &text);
  FUZZ_CHECK(text.length == path->length && text.error == 0);
  FUZZ_CHECK(memcmp(text.text, path->bytes, path->length) == 0);
}

/* The kernel returns up to 111 bytes. */
static void draw_address(fuzz_input_t* input, dgram_path_t* out) {
  size_t size = fuzz_below(input, sizeof(struct sockaddr_un) + 2);
  uint8_t* address = fuzz_alloc(size);

  fuzz_bytes(input, address, size);
  dgram_platform_unix_path(address, size, out);
  free(address);
  check_path(out);
}

static void check_argument(fuzz_input_t* input) {
  size_t size = fuzz_below(input, DGRAM_PATH_MAX + 4);
  char* bytes = fuzz_alloc(size);
  dgram_path_t path = {0};
  int rc;

  fuzz_bytes(input, bytes, size);
  rc = dgram_path_set(&path, bytes, size);
  FUZZ_CHECK((rc == 0) ==
             (size > 0 && size <= DGRAM_PATH_MAX &&
              (bytes[0] == '\0' || memchr(bytes, '\0', size) == NULL)));
  if (rc == 0)
    check_path(&path);
  free(bytes);
}

/* A datagram arrives; JavaScript may not read its text. */
static void check_source(fuzz_input_t* input,
                         dgram_path_sources_t* sources,
                         const dgram_path_t* path) {
  bool is_new = false;
  uint32_t slot = dgram_path_sources_find(sources, path, &is_new);

  FUZZ_CHECK(slot < DGRAM_PATH_SOURCES);
  if (!is_new)
    FUZZ_CHECK(dgram_path_equal(&known[slot], path));
  known[slot] = *path;
  if (fuzz_one_in(input, 8)) {
    memset(&known[slot], 0xff, sizeof(known[slot]));
    dgram_path_sources_forget(sources, slot);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz_input_t input = {data, size};
  dgram_path_sources_t sources = {0};
  dgram_path_t names[NAMES];
  int i;

  memset(known, 0xff, sizeof(known));
  check_argument(&input);
  for (i = 0; i < NAMES; i++)
    draw_address(&input, &names[i]);
  while (input.size > 0)
    check_source(&input, &sources, &names[fuzz_below(&input, NAMES)]);
  dgram_path_sources_free(&sources);
  return 0;
}
