/* Wrappers of Node-API for the files of this folder: errors, properties, memory
 * that C and JavaScript share. */
#ifndef DGRAM_NAPI_UTIL_H
#define DGRAM_NAPI_UTIL_H

#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DGRAM_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* -- Errors ---------------------------------------------------------------- */

/* Returns `result` from the calling function if a Node-API call fails. An
 * exception is pending then, unless JavaScript cannot run any more. */
#define DGRAM_TRY_OR(env, call, result)                                        \
  do {                                                                         \
    if ((call) != napi_ok) {                                                   \
      dgram_napi_throw_last(env);                                              \
      return (result);                                                         \
    }                                                                          \
  } while (0)

#define DGRAM_TRY(env, call) DGRAM_TRY_OR(env, call, NULL)

/* Throws an Error that describes the last failed Node-API call, unless an
 * exception is pending. */
void dgram_napi_throw_last(napi_env env);

/* Throws an Error for the libuv code `rc`; `syscall` may be NULL. */
void dgram_napi_throw_uv(napi_env env, int rc, const char* syscall);

/* Throws an Error with the given code and message. */
void dgram_napi_throw_code(napi_env env, const char* code, const char* text);

/* -- Properties ------------------------------------------------------------ */

/* Entries of a property table: a function of the module, a method. */
#define DGRAM_NAPI_FUNCTION(name, function)                                    \
  { name, NULL, function, NULL, NULL, NULL, napi_enumerable, NULL }

#define DGRAM_NAPI_METHOD(name, function)                                      \
  {                                                                            \
    name, NULL, function, NULL, NULL, NULL,                                    \
        napi_default_method | napi_enumerable, NULL                            \
  }

/* Defines an own property of `target`, as an object literal does.
 * napi_set_named_property() would assign instead, and call a setter that a
 * program has put on Object.prototype. */
napi_status dgram_napi_set(napi_env env,
                           napi_value target,
                           const char* name,
                           napi_value value);
napi_status dgram_napi_set_string(napi_env env,
                                  napi_value target,
                                  const char* name,
                                  const char* value,
                                  size_t length);
napi_status dgram_napi_set_number(napi_env env,
                                  napi_value target,
                                  const char* name,
                                  double value);

/* Sets errno, code, message and syscall of `target`, in that order. */
napi_status dgram_napi_set_uv(napi_env env,
                              napi_value target,
                              int rc,
                              const char* syscall);

typedef struct {
  const char* name;
  double value;
} dgram_napi_number_t;

/* Creates an object from a table of numbers. */
napi_status dgram_napi_create_numbers(napi_env env,
                                      const dgram_napi_number_t* numbers,
                                      size_t count,
                                      napi_value* out);

/* -- Memory that JavaScript sees ------------------------------------------- */

/* Creates an ArrayBuffer of `size` bytes and a reference to it. */
napi_status dgram_napi_create_memory(napi_env env, size_t size, napi_ref* out);

/* Finds the bytes of an ArrayBuffer from dgram_napi_create_memory(). Returns
 * false when JavaScript has detached it; for this reason no pointer to the
 * bytes outlives a call of JavaScript. `ref` may be NULL. */
bool dgram_napi_find_memory(napi_env env,
                            napi_ref ref,
                            void** data,
                            size_t* size);

/* Deletes a reference and sets it to NULL; it may be NULL already. */
void dgram_napi_delete_ref(napi_env env, napi_ref* ref);

#endif
