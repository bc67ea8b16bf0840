/* Draws a target's values from libFuzzer's bytes. Once these are used up,
 * all values are 0. */
#ifndef DGRAM_FUZZ_INPUT_H
#define DGRAM_FUZZ_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Checks an invariant; libFuzzer stores inputs that violate it. */
#define FUZZ_CHECK(condition)                                                  \
  do {                                                                         \
    if (!(condition)) {                                                        \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);  \
      abort();                                                                 \
    }                                                                          \
  } while (0)

typedef struct {
  const uint8_t* data;
  size_t size;
} fuzz_input_t;

static inline bool fuzz_bytes(fuzz_input_t* input, void* out, size_t size) {
  size_t n = size < input->size ? size : input->size;

  memset(out, 0, size);
  if (n > 0)
    memcpy(out, input->data, n);
  input->data += n;
  input->size -= n;
  return n == size;
}

static inline uint8_t fuzz_u8(fuzz_input_t* input) {
  uint8_t value;

  fuzz_bytes(input, &value, sizeof(value));
  return value;
}

static inline uint16_t fuzz_u16(fuzz_input_t* input) {
  uint16_t value;

  fuzz_bytes(input, &value, sizeof(value));
  return value;
}

static inline uint32_t fuzz_u32(fuzz_input_t* input) {
  uint32_t value;

  fuzz_bytes(input, &value, sizeof(value));
  return value;
}

/* A number below `n` (at most 65,536). */
static inline uint32_t fuzz_below(fuzz_input_t* input, uint32_t n) {
  return (n > 256 ? fuzz_u16(input) : fuzz_u8(input)) % n;
}

/* True once in `n` times; false when the input is used up. */
static inline bool fuzz_one_in(fuzz_input_t* input, uint32_t n) {
  return input->size > 0 && fuzz_below(input, n) == n - 1;
}

/* Allocates exactly that size, so that the sanitizer detects access beyond the
 * end. */
static inline void* fuzz_alloc(size_t size) {
  void* memory = malloc(size == 0 ? 1 : size);

  if (memory == NULL)
    abort();
  return memory;
}

#endif
