/* Small things for code on Node-API. `env` is always passed. */
#ifndef DGRAM_NAPI_UTIL_H
#define DGRAM_NAPI_UTIL_H

#include <node_api.h>
#include <stdbool.h>
#include <stdint.h>

/* Returns `result` from the calling function when a Node-API call fails. An
 * exception is pending then, unless JavaScript cannot run any more. */
#define DGRAM_TRY_OR(env, call, result)                                        \
  do {                                                                         \
    if ((call) != napi_ok) {                                                   \
      dgram_napi_throw_last(env);                                              \
      return (result);                                                         \
    }                                                                          \
  } while (0)

#define DGRAM_TRY(env, call) DGRAM_TRY_OR(env, call, NULL)

/* Throws an Error that describes the last failed Node-API call, unless one is
 * pending. */
void dgram_napi_throw_last(napi_env env);

/* Throws what libuv's code `rc` means; `syscall` may be NULL. */
void dgram_napi_throw_uv(napi_env env, int rc, const char* syscall);

/* Throws an Error with that code and text. */
void dgram_napi_throw_code(napi_env env, const char* code, const char* text);

/* Gives `target` a property of its own, as an object literal does.
 * napi_set_named_property() assigns instead: a setter that a program put on
 * Object.prototype would be called, and could do anything. */
napi_status dgram_napi_set(napi_env env,
                           napi_value target,
                           const char* name,
                           napi_value value);

/* Sets errno, code, message and syscall of `target`, in that order. */
napi_status dgram_napi_set_uv(napi_env env,
                              napi_value target,
                              int rc,
                              const char* syscall);

napi_status dgram_napi_set_string(napi_env env,
                                  napi_value target,
                                  const char* name,
                                  const char* value,
                                  size_t length);
napi_status dgram_napi_set_number(napi_env env,
                                  napi_value target,
                                  const char* name,
                                  double value);

/* Reads any JavaScript value as Number(value) modulo 2^32; NaN is 0. Fails
 * with a pending exception for what has no number (a symbol, a throwing
 * valueOf). */
napi_status dgram_napi_int32(napi_env env, napi_value value, int32_t* out);
napi_status dgram_napi_uint32(napi_env env, napi_value value, uint32_t* out);

/* Reads a boolean; what is not one is taken for its truth. */
napi_status dgram_napi_bool(napi_env env, napi_value value, bool* out);

/* Reads a string into `out`, terminated. Returns 0, or UV_EINVAL for what is
 * not a string, is too long or contains a NUL: cut there, it might become a
 * valid address. */
int dgram_napi_text(napi_env env, napi_value value, char* out, size_t size);

#endif
