/* Unix datagram sockets: initUnix(), and methods of a handle that take or
 * return names. A name is a string; an abstract one begins with NUL, in
 * arguments also with '@'. */
#include "addon/addon.h"
#include "addon/arguments.h"
#include "addon/napi_util.h"
#include "core/unix_socket.h"
#include "transport/transport.h"

/* initUnix(): creates a socket and returns its id. */
static napi_value js_init_unix(napi_env env, napi_callback_info info) {
  (void) info;
  return dgram_addon_new_socket(env, dgram_unix_socket_new);
}

static int read_path(napi_env env, napi_value value, dgram_path_t* out) {
  /* Node-API truncates between characters, so up to 3 bytes can stay unused. */
  char bytes[DGRAM_PATH_MAX + 5];
  size_t length = 0;

  if (napi_get_value_string_utf8(env, value, bytes, sizeof(bytes), &length) !=
      napi_ok)
    return UV_EINVAL;
  if (length > 0 && bytes[0] == '@')
    bytes[0] = '\0';
  return dgram_path_set(out, bytes, length);
}

/* unixBind(path, unlink): an empty path lets the kernel choose a name. */
static napi_value js_bind(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  napi_value self;
  dgram_socket_t* socket;
  dgram_path_t path = {0};
  size_t length = 0;
  bool unlink;
  int rc;

  DGRAM_TRY(env, dgram_napi_arguments(env, info, 2, argv, &self));
  DGRAM_TRY(env, dgram_napi_bool(env, argv[1], &unlink));
  rc = napi_get_value_string_utf8(env, argv[0], NULL, 0, &length) == napi_ok
           ? 0
           : UV_EINVAL;
  if (rc == 0 && length > 0)
    rc = read_path(env, argv[0], &path);
  socket = dgram_addon_socket_of(env, self);
  if (socket == NULL)
    rc = UV_EBADF;
  if (rc == 0)
    rc = dgram_unix_socket_bind(socket, &path, unlink);
  return dgram_napi_code(env, rc);
}

static napi_value js_connect(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  napi_value self;
  dgram_socket_t* socket;
  dgram_path_t path;
  int rc;

  DGRAM_TRY(env, dgram_napi_arguments(env, info, 1, argv, &self));
  rc = read_path(env, argv[0], &path);
  socket = dgram_addon_socket_of(env, self);
  if (socket == NULL)
    rc = UV_EBADF;
  if (rc == 0)
    rc = dgram_unix_socket_connect(socket, &path);
  return dgram_napi_code(env, rc);
}

static napi_value js_disconnect(napi_env env, napi_callback_info info) {
  return dgram_addon_with_socket(env, info, dgram_unix_socket_disconnect);
}

static napi_value js_open(napi_env env, napi_callback_info info) {
  return dgram_addon_with_int32(env, info, dgram_unix_socket_open);
}

/* Returns a name, or a UV_ code. */
static napi_value get_name(napi_env env,
                           napi_callback_info info,
                           int (*get)(const dgram_socket_t*, dgram_path_t*)) {
  const dgram_socket_t* socket = dgram_addon_receiver_of(env, info);
  dgram_path_t path;
  napi_value value;
  int rc = socket == NULL ? UV_EBADF : get(socket, &path);

  if (rc != 0)
    return dgram_napi_code(env, rc);
  DGRAM_TRY(env, napi_create_string_utf8(env, path.bytes, path.length, &value));
  return value;
}

static napi_value js_name(napi_env env, napi_callback_info info) {
  return get_name(env, info, dgram_unix_socket_name);
}

static napi_value js_peer(napi_env env, napi_callback_info info) {
  return get_name(env, info, dgram_unix_socket_peer);
}

/* setPath(slot, path): fills a destination slot, as setDestination() does. */
static napi_value js_set_path(napi_env env, napi_callback_info info) {
  dgram_addon_t* addon = dgram_addon_of(env);
  napi_value argv[2];
  size_t argc = DGRAM_COUNT_OF(argv);
  dgram_path_t path;
  uint32_t slot;
  int rc;

  DGRAM_TRY(env, napi_get_cb_info(env, info, &argc, argv, NULL, NULL));
  DGRAM_TRY(env, dgram_napi_uint32(env, argv[0], &slot));
  rc = read_path(env, argv[1], &path);
  /* A uv_udp_t would read a whole sockaddr_un from the slot. */
  if (rc == 0 && !addon->core.transport->features(&addon->core).unix_dgram)
    rc = UV_ENOTSUP;
  if (rc == 0)
    rc = dgram_destinations_set_path(&addon->core, slot, &path);
  return dgram_napi_code(env, rc);
}

void dgram_addon_on_congestion(dgram_socket_t* socket,
                               dgram_congestion_t event) {
  const uint32_t numbers[] = {socket->id, (uint32_t) event};

  dgram_addon_call_back(socket->env->data,
                        DGRAM_HOOK_CONGESTION,
                        numbers,
                        DGRAM_COUNT_OF(numbers));
}

static const napi_property_descriptor methods[] = {
    DGRAM_NAPI_METHOD("unixBind", js_bind),
    DGRAM_NAPI_METHOD("unixConnect", js_connect),
    DGRAM_NAPI_METHOD("unixDisconnect", js_disconnect),
    DGRAM_NAPI_METHOD("unixOpen", js_open),
    DGRAM_NAPI_METHOD("unixName", js_name),
    DGRAM_NAPI_METHOD("unixPeer", js_peer),
};

/* defineUnix(prototype): defines the methods of a handle. */
static napi_value js_define_unix(napi_env env, napi_callback_info info) {
  napi_value prototype;
  size_t argc = 1;

  DGRAM_TRY(env, napi_get_cb_info(env, info, &argc, &prototype, NULL, NULL));
  DGRAM_TRY(
      env,
      napi_define_properties(env, prototype, DGRAM_COUNT_OF(methods), methods));
  return NULL;
}

static const napi_property_descriptor functions[] = {
    DGRAM_NAPI_FUNCTION("defineUnix", js_define_unix),
    DGRAM_NAPI_FUNCTION("initUnix", js_init_unix),
    DGRAM_NAPI_FUNCTION("setPath", js_set_path),
};

napi_status dgram_addon_export_unix(napi_env env, napi_value exports) {
  return napi_define_properties(
      env, exports, DGRAM_COUNT_OF(functions), functions);
}
