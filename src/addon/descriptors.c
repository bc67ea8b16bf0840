/* Functions on descriptors: guessHandleType(), closeFd(), descriptor(),
 * hasIPv6(). */
#include "addon/addon.h"

#include <string.h>

#include "addon/arguments.h"
#include "addon/napi_util.h"
#include "platform/platform.h"

static const char* type_name(uv_handle_type type) {
  switch (type) {
    case UV_TCP:
      return "TCP";
    case UV_TTY:
      return "TTY";
    case UV_UDP:
      return "UDP";
    case UV_FILE:
      return "FILE";
    case UV_NAMED_PIPE:
      return "PIPE";
    case UV_UNKNOWN_HANDLE:
      return "UNKNOWN";
    default:
      return "INVALID";
  }
}

static napi_value js_guess_handle_type(napi_env env, napi_callback_info info) {
  napi_value value;
  size_t argc = 1;
  const char* name = "INVALID";
  int32_t fd;

  DGRAM_TRY(env, napi_get_cb_info(env, info, &argc, &value, NULL, NULL));
  DGRAM_TRY(env, dgram_napi_int32(env, value, &fd));
  if (fd >= 0)
    name = type_name(uv_guess_handle(fd));
  DGRAM_TRY(env, napi_create_string_utf8(env, name, strlen(name), &value));
  return value;
}

/* closeFd(fd): closes a UDP descriptor. Other types are ignored: one could
 * belong to libuv, which aborts without it. */
static napi_value js_close_fd(napi_env env, napi_callback_info info) {
  napi_value value;
  size_t argc = 1;
  int32_t fd;

  DGRAM_TRY(env, napi_get_cb_info(env, info, &argc, &value, NULL, NULL));
  DGRAM_TRY(env, dgram_napi_int32(env, value, &fd));
  if (fd >= 0 && uv_guess_handle(fd) == UV_UDP)
    dgram_platform_close(fd);
  return NULL;
}

/* descriptor(handle): the descriptor of a handle. Unlike `handle.fd` it does
 * not mark the socket as shared. Tests compare it with the arguments of system
 * calls. */
static napi_value js_descriptor(napi_env env, napi_callback_info info) {
  const dgram_socket_t* socket;
  napi_value handle;
  size_t argc = 1;

  DGRAM_TRY(env, napi_get_cb_info(env, info, &argc, &handle, NULL, NULL));
  socket = dgram_addon_socket_of(env, handle);
  return dgram_napi_code(env,
                         socket == NULL ? UV_EBADF : dgram_socket_fd(socket));
}

/* hasIPv6(): false if the system has no IPv6 sockets. Whether it has an address
 * or a route of IPv6 is another question. */
static napi_value js_has_ipv6(napi_env env, napi_callback_info info) {
  int fd = dgram_platform_socket(AF_INET6);
  napi_value value;

  (void) info;
  if (fd >= 0)
    dgram_platform_close(fd);
  DGRAM_TRY(env, napi_get_boolean(env, fd != UV_EAFNOSUPPORT, &value));
  return value;
}

static const napi_property_descriptor functions[] = {
    DGRAM_NAPI_FUNCTION("hasIPv6", js_has_ipv6),
    DGRAM_NAPI_FUNCTION("descriptor", js_descriptor),
    DGRAM_NAPI_FUNCTION("guessHandleType", js_guess_handle_type),
    DGRAM_NAPI_FUNCTION("closeFd", js_close_fd),
};

napi_status dgram_addon_export_descriptors(napi_env env, napi_value exports) {
  return napi_define_properties(
      env, exports, DGRAM_COUNT_OF(functions), functions);
}
