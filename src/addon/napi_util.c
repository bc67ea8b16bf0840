#include "addon/napi_util.h"

#include <stdio.h>
#include <string.h>
#include <uv.h>

void dgram_napi_throw_last(napi_env env) {
  const napi_extended_error_info* info = NULL;
  const char* message = "A Node-API call failed";
  bool pending = false;

  /* Read first, because the next call overwrites it. */
  if (napi_get_last_error_info(env, &info) == napi_ok &&
      info->error_message != NULL)
    message = info->error_message;
  if (napi_is_exception_pending(env, &pending) == napi_ok && !pending)
    napi_throw_error(env, NULL, message);
}

napi_status dgram_napi_set(napi_env env,
                           napi_value target,
                           const char* name,
                           napi_value value) {
  const napi_property_descriptor property = {
      name, NULL, NULL, NULL, NULL, value, napi_default_jsproperty, NULL};

  return napi_define_properties(env, target, 1, &property);
}

napi_status dgram_napi_set_string(napi_env env,
                                  napi_value target,
                                  const char* name,
                                  const char* value,
                                  size_t length) {
  napi_value string;
  napi_status status = napi_create_string_utf8(env, value, length, &string);

  if (status != napi_ok)
    return status;
  return dgram_napi_set(env, target, name, string);
}

napi_status dgram_napi_set_number(napi_env env,
                                  napi_value target,
                                  const char* name,
                                  double value) {
  napi_value number;
  napi_status status = napi_create_double(env, value, &number);

  if (status != napi_ok)
    return status;
  return dgram_napi_set(env, target, name, number);
}

napi_status dgram_napi_set_uv(napi_env env,
                              napi_value target,
                              int rc,
                              const char* syscall) {
  char name[64];
  char message[256];
  napi_status status;

  uv_err_name_r(rc, name, sizeof(name));
  uv_strerror_r(rc, message, sizeof(message));
  status = dgram_napi_set_number(env, target, "errno", rc);
  if (status == napi_ok)
    status = dgram_napi_set_string(env, target, "code", name, strlen(name));
  if (status == napi_ok)
    status =
        dgram_napi_set_string(env, target, "message", message, strlen(message));
  if (status == napi_ok && syscall != NULL)
    status =
        dgram_napi_set_string(env, target, "syscall", syscall, strlen(syscall));
  return status;
}

/* Sets errno, code and syscall. The error has its message already, and that
 * property is not enumerable. */
static napi_status describe_error(napi_env env,
                                  napi_value error,
                                  int rc,
                                  const char* syscall) {
  char name[64];
  napi_status status = dgram_napi_set_number(env, error, "errno", rc);

  uv_err_name_r(rc, name, sizeof(name));
  if (status == napi_ok)
    status = dgram_napi_set_string(env, error, "code", name, strlen(name));
  if (status == napi_ok && syscall != NULL)
    status =
        dgram_napi_set_string(env, error, "syscall", syscall, strlen(syscall));
  return status;
}

/* As Node words it: `ENXIO: no such device or address, uv_if_indextoiid`. */
static void describe_call(int rc, const char* syscall, char* out, size_t size) {
  char name[64];
  char text[256];

  uv_strerror_r(rc, text, sizeof(text));
  uv_err_name_r(rc, name, sizeof(name));
  if (syscall == NULL)
    snprintf(out, size, "%s", text);
  else
    snprintf(out, size, "%s: %s, %s", name, text, syscall);
}

void dgram_napi_throw_uv(napi_env env, int rc, const char* syscall) {
  char text[512];
  napi_value message;
  napi_value error;

  describe_call(rc, syscall, text, sizeof(text));
  if (napi_create_string_utf8(env, text, strlen(text), &message) != napi_ok ||
      napi_create_error(env, NULL, message, &error) != napi_ok ||
      describe_error(env, error, rc, syscall) != napi_ok ||
      napi_throw(env, error) != napi_ok)
    dgram_napi_throw_last(env);
}

/* napi_throw_error() is not used, because it assigns the code. */
void dgram_napi_throw_code(napi_env env, const char* code, const char* text) {
  napi_value message;
  napi_value error;

  if (napi_create_string_utf8(env, text, strlen(text), &message) != napi_ok ||
      napi_create_error(env, NULL, message, &error) != napi_ok ||
      dgram_napi_set_string(env, error, "code", code, strlen(code)) !=
          napi_ok ||
      napi_throw(env, error) != napi_ok)
    dgram_napi_throw_last(env);
}

napi_status dgram_napi_create_numbers(napi_env env,
                                      const dgram_napi_number_t* numbers,
                                      size_t count,
                                      napi_value* out) {
  napi_status status = napi_create_object(env, out);
  size_t i;

  for (i = 0; i < count && status == napi_ok; i++)
    status =
        dgram_napi_set_number(env, *out, numbers[i].name, numbers[i].value);
  return status;
}

void dgram_napi_delete_ref(napi_env env, napi_ref* ref) {
  if (*ref != NULL)
    napi_delete_reference(env, *ref);
  *ref = NULL;
}

napi_status dgram_napi_create_memory(napi_env env, size_t size, napi_ref* out) {
  napi_value buffer;
  napi_status status = napi_create_arraybuffer(env, size, NULL, &buffer);

  if (status != napi_ok)
    return status;
  return napi_create_reference(env, buffer, 1, out);
}

bool dgram_napi_find_memory(napi_env env,
                            napi_ref ref,
                            void** data,
                            size_t* size) {
  napi_value buffer = NULL;

  return ref != NULL &&
         napi_get_reference_value(env, ref, &buffer) == napi_ok &&
         buffer != NULL &&
         napi_get_arraybuffer_info(env, buffer, data, size) == napi_ok &&
         *data != NULL;
}
