#include "addon/arguments.h"

#include <string.h>
#include <uv.h>

#include "addon/addon.h"
#include "addon/napi_util.h"

napi_status dgram_napi_int32(napi_env env, napi_value value, int32_t* out) {
  napi_status status = napi_get_value_int32(env, value, out);

  if (status != napi_number_expected)
    return status;
  status = napi_coerce_to_number(env, value, &value);
  return status == napi_ok ? napi_get_value_int32(env, value, out) : status;
}

napi_status dgram_napi_uint32(napi_env env, napi_value value, uint32_t* out) {
  napi_status status = napi_get_value_uint32(env, value, out);

  if (status != napi_number_expected)
    return status;
  status = napi_coerce_to_number(env, value, &value);
  return status == napi_ok ? napi_get_value_uint32(env, value, out) : status;
}

napi_status dgram_napi_bool(napi_env env, napi_value value, bool* out) {
  napi_status status = napi_get_value_bool(env, value, out);

  if (status != napi_boolean_expected)
    return status;
  status = napi_coerce_to_bool(env, value, &value);
  return status == napi_ok ? napi_get_value_bool(env, value, out) : status;
}

int dgram_napi_text(napi_env env, napi_value value, char* out, size_t size) {
  size_t length = 0;

  if (napi_get_value_string_utf8(env, value, out, size, &length) != napi_ok)
    return UV_EINVAL;
  /* Node-API truncates between characters, so up to 3 bytes can stay unused. */
  if (length + 4 >= size || memchr(out, '\0', length) != NULL)
    return UV_EINVAL;
  return 0;
}

dgram_socket_t* dgram_addon_socket_with_id(napi_env env, napi_value id) {
  uint32_t number;

  if (napi_get_value_uint32(env, id, &number) != napi_ok)
    return NULL;
  return dgram_env_socket(&dgram_addon_of(env)->core, number);
}

/* JavaScript can pass any object with any `id`. An id without an open socket in
 * this environment yields NULL; the id of another socket yields that socket. */
dgram_socket_t* dgram_addon_socket_of(napi_env env, napi_value handle) {
  napi_value value;

  if (napi_get_named_property(env, handle, "id", &value) != napi_ok) {
    (void) napi_get_and_clear_last_exception(env, &value);
    return NULL;
  }
  return dgram_addon_socket_with_id(env, value);
}

napi_status dgram_napi_arguments(napi_env env,
                                 napi_callback_info info,
                                 size_t argc,
                                 napi_value* argv,
                                 napi_value* self) {
  return napi_get_cb_info(env, info, &argc, argv, self, NULL);
}

dgram_socket_t* dgram_addon_receiver_of(napi_env env, napi_callback_info info) {
  napi_value self;

  if (dgram_napi_arguments(env, info, 0, NULL, &self) != napi_ok)
    return NULL;
  return dgram_addon_socket_of(env, self);
}

napi_value dgram_napi_code(napi_env env, int code) {
  napi_value value;

  DGRAM_TRY(env, napi_create_int32(env, code, &value));
  return value;
}

napi_value dgram_addon_with_int32(napi_env env,
                                  napi_callback_info info,
                                  int (*set)(dgram_socket_t*, int)) {
  napi_value argv[1];
  napi_value self;
  dgram_socket_t* socket;
  int32_t value;

  DGRAM_TRY(env, dgram_napi_arguments(env, info, 1, argv, &self));
  DGRAM_TRY(env, dgram_napi_int32(env, argv[0], &value));
  socket = dgram_addon_socket_of(env, self);
  return dgram_napi_code(env, socket == NULL ? UV_EBADF : set(socket, value));
}

napi_value dgram_addon_with_socket(napi_env env,
                                   napi_callback_info info,
                                   int (*act)(dgram_socket_t*)) {
  dgram_socket_t* socket = dgram_addon_receiver_of(env, info);

  return dgram_napi_code(env, socket == NULL ? UV_EBADF : act(socket));
}
