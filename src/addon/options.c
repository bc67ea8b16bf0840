/* Methods of a handle that set socket options: multicast membership, multicast
 * interface, TTL, loopback, broadcast, buffer sizes. */
#include "addon/addon.h"
#include "addon/arguments.h"
#include "addon/napi_util.h"

/* Reads the address of an interface. `*out` is NULL for undefined and null: the
 * system chooses the interface. */
static int read_interface(napi_env env,
                          napi_value value,
                          char* text,
                          size_t size,
                          const char** out) {
  napi_valuetype type;

  *out = NULL;
  if (napi_typeof(env, value, &type) != napi_ok)
    return UV_EINVAL;
  if (type == napi_undefined || type == napi_null)
    return 0;
  *out = text;
  return dgram_napi_text(env, value, text, size);
}

static napi_value set_membership(napi_env env,
                                 napi_callback_info info,
                                 uv_membership membership) {
  napi_value argv[2];
  napi_value self;
  dgram_socket_t* socket;
  char group[DGRAM_TEXT_MAX];
  char buffer[DGRAM_TEXT_MAX];
  const char* interface_address = NULL;
  int rc;

  DGRAM_TRY(env,
            dgram_napi_arguments(env, info, DGRAM_COUNT_OF(argv), argv, &self));
  rc = dgram_napi_text(env, argv[0], group, sizeof(group));
  if (rc == 0)
    rc = read_interface(
        env, argv[1], buffer, sizeof(buffer), &interface_address);
  socket = dgram_addon_socket_of(env, self);
  if (socket == NULL)
    rc = UV_EBADF;
  if (rc == 0)
    rc = dgram_socket_set_membership(
        socket, group, interface_address, membership);
  return dgram_napi_code(env, rc);
}

static napi_value js_add_membership(napi_env env, napi_callback_info info) {
  return set_membership(env, info, UV_JOIN_GROUP);
}

static napi_value js_drop_membership(napi_env env, napi_callback_info info) {
  return set_membership(env, info, UV_LEAVE_GROUP);
}

static napi_value set_source_membership(napi_env env,
                                        napi_callback_info info,
                                        uv_membership membership) {
  napi_value argv[3];
  napi_value self;
  dgram_socket_t* socket;
  char source[DGRAM_TEXT_MAX];
  char group[DGRAM_TEXT_MAX];
  char buffer[DGRAM_TEXT_MAX];
  const char* interface_address = NULL;
  int rc;

  DGRAM_TRY(env,
            dgram_napi_arguments(env, info, DGRAM_COUNT_OF(argv), argv, &self));
  rc = dgram_napi_text(env, argv[0], source, sizeof(source));
  if (rc == 0)
    rc = dgram_napi_text(env, argv[1], group, sizeof(group));
  if (rc == 0)
    rc = read_interface(
        env, argv[2], buffer, sizeof(buffer), &interface_address);
  socket = dgram_addon_socket_of(env, self);
  if (socket == NULL)
    rc = UV_EBADF;
  if (rc == 0)
    rc = dgram_socket_set_source_membership(
        socket, group, interface_address, source, membership);
  return dgram_napi_code(env, rc);
}

static napi_value js_add_source_membership(napi_env env,
                                           napi_callback_info info) {
  return set_source_membership(env, info, UV_JOIN_GROUP);
}

static napi_value js_drop_source_membership(napi_env env,
                                            napi_callback_info info) {
  return set_source_membership(env, info, UV_LEAVE_GROUP);
}

static napi_value js_set_multicast_interface(napi_env env,
                                             napi_callback_info info) {
  napi_value argv[1];
  napi_value self;
  dgram_socket_t* socket;
  char text[DGRAM_TEXT_MAX];
  int rc;

  DGRAM_TRY(env, dgram_napi_arguments(env, info, 1, argv, &self));
  rc = dgram_napi_text(env, argv[0], text, sizeof(text));
  socket = dgram_addon_socket_of(env, self);
  if (socket == NULL)
    rc = UV_EBADF;
  if (rc == 0)
    rc = dgram_socket_set_multicast_interface(socket, text);
  return dgram_napi_code(env, rc);
}

static napi_value js_set_multicast_ttl(napi_env env, napi_callback_info info) {
  return dgram_addon_with_int32(env, info, dgram_socket_set_multicast_ttl);
}

static napi_value js_set_multicast_loopback(napi_env env,
                                            napi_callback_info info) {
  return dgram_addon_with_int32(env, info, dgram_socket_set_multicast_loop);
}

static napi_value js_set_broadcast(napi_env env, napi_callback_info info) {
  return dgram_addon_with_int32(env, info, dgram_socket_set_broadcast);
}

static napi_value js_set_ttl(napi_env env, napi_callback_info info) {
  return dgram_addon_with_int32(env, info, dgram_socket_set_ttl);
}

/* bufferSize(size, isRecv, context): sets the buffer size, or reads it if
 * `size` is 0. Returns the size that the kernel reports. An error goes into
 * `context`, as with Node's handle. */
static napi_value js_buffer_size(napi_env env, napi_callback_info info) {
  napi_value argv[3];
  napi_value self;
  dgram_socket_t* socket;
  uint32_t requested;
  bool is_recv;
  int size;
  int rc;

  DGRAM_TRY(env,
            dgram_napi_arguments(env, info, DGRAM_COUNT_OF(argv), argv, &self));
  DGRAM_TRY(env, dgram_napi_uint32(env, argv[0], &requested));
  DGRAM_TRY(env, dgram_napi_bool(env, argv[1], &is_recv));
  rc = requested > INT32_MAX ? UV_EINVAL : 0;
  size = (int) requested;
  socket = dgram_addon_socket_of(env, self);
  if (socket == NULL)
    return dgram_napi_code(env, UV_EBADF);
  if (rc == 0)
    rc = is_recv ? dgram_socket_recv_buffer(socket, &size)
                 : dgram_socket_send_buffer(socket, &size);
  if (rc == 0)
    return dgram_napi_code(env, size);
  DGRAM_TRY(env,
            dgram_napi_set_uv(
                env,
                argv[2],
                rc,
                is_recv ? "uv_recv_buffer_size" : "uv_send_buffer_size"));
  return NULL;
}

static const napi_property_descriptor methods[] = {
    DGRAM_NAPI_METHOD("addMembership", js_add_membership),
    DGRAM_NAPI_METHOD("dropMembership", js_drop_membership),
    DGRAM_NAPI_METHOD("addSourceSpecificMembership", js_add_source_membership),
    DGRAM_NAPI_METHOD("dropSourceSpecificMembership",
                      js_drop_source_membership),
    DGRAM_NAPI_METHOD("setMulticastInterface", js_set_multicast_interface),
    DGRAM_NAPI_METHOD("setMulticastTTL", js_set_multicast_ttl),
    DGRAM_NAPI_METHOD("setMulticastLoopback", js_set_multicast_loopback),
    DGRAM_NAPI_METHOD("setBroadcast", js_set_broadcast),
    DGRAM_NAPI_METHOD("setTTL", js_set_ttl),
    DGRAM_NAPI_METHOD("bufferSize", js_buffer_size),
};

napi_status dgram_addon_define_options(napi_env env, napi_value prototype) {
  return napi_define_properties(
      env, prototype, DGRAM_COUNT_OF(methods), methods);
}
