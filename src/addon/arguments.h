/* Readers of arguments and receivers, and the values that methods return.
 *
 * Rule P of core/env.h decides the order in a method: dgram_napi_arguments(),
 * then the conversion of every argument, then dgram_addon_socket_of(). A
 * conversion may run JavaScript, which may close the socket. */
#ifndef DGRAM_ARGUMENTS_H
#define DGRAM_ARGUMENTS_H

#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/socket.h"

/* Size of a buffer for any address, zone or interface name. */
#define DGRAM_TEXT_MAX 256

/* Reads the arguments of a method into `argv` and the receiver into `self`.
 * Absent arguments are undefined. */
napi_status dgram_napi_arguments(napi_env env,
                                 napi_callback_info info,
                                 size_t argc,
                                 napi_value* argv,
                                 napi_value* self);

/* Converts any value as Number(value) modulo 2^32; NaN becomes 0. Fails with a
 * pending exception if the value has no number: a symbol, a valueOf() that
 * throws. */
napi_status dgram_napi_int32(napi_env env, napi_value value, int32_t* out);
napi_status dgram_napi_uint32(napi_env env, napi_value value, uint32_t* out);

/* Converts any value as Boolean(value). */
napi_status dgram_napi_bool(napi_env env, napi_value value, bool* out);

/* Reads a string into `out`, NUL-terminated. Returns 0, or UV_EINVAL if the
 * value is not a string, is too long or contains a NUL. Truncated there, it
 * might become a valid address. */
int dgram_napi_text(napi_env env, napi_value value, char* out, size_t size);

/* Returns the socket whose id is `handle.id`, or NULL. */
dgram_socket_t* dgram_addon_socket_of(napi_env env, napi_value handle);

/* Returns the socket with that id, or NULL: for functions that lib/ calls for
 * every socket, since reading `handle.id` from C takes 0.1 us. */
dgram_socket_t* dgram_addon_socket_with_id(napi_env env, napi_value id);

/* Returns the receiver's socket, or NULL, for a method without arguments. */
dgram_socket_t* dgram_addon_receiver_of(napi_env env, napi_callback_info info);

/* Creates the return value of a method: 0, a number or a negative UV_ code. */
napi_value dgram_napi_code(napi_env env, int code);

/* Implements a method with one argument: converts it to int32, calls `set` and
 * returns its result. */
napi_value dgram_addon_with_int32(napi_env env,
                                  napi_callback_info info,
                                  int (*set)(dgram_socket_t*, int));

/* Implements a method without arguments: calls `act` and returns its result. */
napi_value dgram_addon_with_socket(napi_env env,
                                   napi_callback_info info,
                                   int (*act)(dgram_socket_t*));

#endif
