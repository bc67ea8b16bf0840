/* What gives the socket of a handle a descriptor or an address: bindSocket(),
 * readName(), and the methods open, adopt, share, connect, disconnect,
 * getsockname, getpeername.
 */
#include "addon/addon.h"

#include <string.h>

#include "addon/arguments.h"
#include "addon/napi_util.h"

/* setDualStack(on): see dgram_socket_set_dual_stack(). */
static napi_value js_set_dual_stack(napi_env env, napi_callback_info info) {
  return dgram_addon_with_int32(env, info, dgram_socket_set_dual_stack);
}

static napi_value js_open(napi_env env, napi_callback_info info) {
  return dgram_addon_with_int32(env, info, dgram_socket_open);
}

static napi_value js_adopt(napi_env env, napi_callback_info info) {
  return dgram_addon_with_int32(env, info, dgram_socket_adopt);
}

static napi_value js_share(napi_env env, napi_callback_info info) {
  return dgram_addon_with_socket(env, info, dgram_socket_share);
}

/* Parses a numeric address of a family that the socket accepts. Returns 0 or
 * UV_EINVAL. */
static int parse_address(const dgram_socket_t* socket,
                         int family,
                         const char* text,
                         uint32_t port,
                         dgram_address_t* out) {
  if (socket->dual_stack)
    family = DGRAM_FAMILY_BOTH;
  /* Node uses the low 16 bits of the port. */
  return dgram_address_parse(out, family, text, (uint16_t) port);
}

/* bindSocket(id, family, address, port, flags): `family` is 4 or 6. */
static napi_value js_bind_socket(napi_env env, napi_callback_info info) {
  napi_value argv[5];
  napi_value self;
  dgram_socket_t* socket;
  dgram_address_t address;
  char text[DGRAM_TEXT_MAX];
  int32_t family;
  uint32_t port;
  uint32_t flags;
  int rc;

  DGRAM_TRY(env,
            dgram_napi_arguments(env, info, DGRAM_COUNT_OF(argv), argv, &self));
  DGRAM_TRY(env, dgram_napi_int32(env, argv[1], &family));
  DGRAM_TRY(env, dgram_napi_uint32(env, argv[3], &port));
  DGRAM_TRY(env, dgram_napi_uint32(env, argv[4], &flags));
  rc = dgram_napi_text(env, argv[2], text, sizeof(text));
  socket = dgram_addon_socket_with_id(env, argv[0]);
  if (socket == NULL)
    rc = UV_EBADF;
  if (rc == 0)
    rc = parse_address(socket, family, text, port, &address);
  if (rc == 0)
    rc = dgram_socket_bind(socket, &address, flags);
  return dgram_napi_code(env, rc);
}

static napi_value connect_to(napi_env env,
                             napi_callback_info info,
                             int family) {
  napi_value argv[2];
  napi_value self;
  dgram_socket_t* socket;
  dgram_address_t address;
  char text[DGRAM_TEXT_MAX];
  uint32_t port;
  int rc;

  DGRAM_TRY(env,
            dgram_napi_arguments(env, info, DGRAM_COUNT_OF(argv), argv, &self));
  DGRAM_TRY(env, dgram_napi_uint32(env, argv[1], &port));
  rc = dgram_napi_text(env, argv[0], text, sizeof(text));
  socket = dgram_addon_socket_of(env, self);
  if (socket == NULL)
    rc = UV_EBADF;
  if (rc == 0)
    rc = parse_address(socket, family, text, port, &address);
  if (rc == 0)
    rc = dgram_socket_connect(socket, &address);
  return dgram_napi_code(env, rc);
}

static napi_value js_connect(napi_env env, napi_callback_info info) {
  return connect_to(env, info, 4);
}

static napi_value js_connect6(napi_env env, napi_callback_info info) {
  return connect_to(env, info, 6);
}

static napi_value js_disconnect(napi_env env, napi_callback_info info) {
  return dgram_addon_with_socket(env, info, dgram_socket_disconnect);
}

/* Sets the properties that Node sets: address, family and port, or only an
 * empty `address` if it is not an IP address. */
static napi_status set_address(napi_env env,
                               napi_value target,
                               const dgram_source_text_t* text) {
  napi_status status;

  status =
      dgram_napi_set_string(env, target, "address", text->text, text->length);
  if (status != napi_ok || text->family == 0)
    return status;
  status = dgram_napi_set_string(
      env, target, "family", text->family == 4 ? "IPv4" : "IPv6", 4);
  if (status != napi_ok)
    return status;
  return dgram_napi_set_number(env, target, "port", text->port);
}

typedef int (*get_address_t)(const dgram_socket_t*, dgram_address_t*);

/* Returns 0, or the error of the system call. */
static int describe_name(const dgram_socket_t* socket,
                         get_address_t get,
                         dgram_source_text_t* out) {
  dgram_address_t address;
  int rc;

  memset(&address, 0, sizeof(address));
  rc = socket == NULL ? UV_EBADF : get(socket, &address);
  if (rc != 0)
    return rc;
  if (socket->dual_stack)
    dgram_address_unmap(&address);
  dgram_address_describe(&address.any, out);
  return 0;
}

static napi_value get_name(napi_env env,
                           napi_callback_info info,
                           get_address_t get) {
  napi_value argv[1];
  napi_value self;
  dgram_source_text_t text;
  int rc;

  DGRAM_TRY(env, dgram_napi_arguments(env, info, 1, argv, &self));
  rc = describe_name(dgram_addon_socket_of(env, self), get, &text);
  if (rc != 0)
    return dgram_napi_code(env, rc);
  if (text.family != 0 && text.error != 0) {
    dgram_napi_throw_uv(env, text.error, "uv_if_indextoiid");
    return NULL;
  }
  DGRAM_TRY(env, set_address(env, argv[0], &text));
  return dgram_napi_code(env, 0);
}

/* readName(id, ofPeer, memory): the address as a dgram_source_text_t at the
 * start of an ArrayBuffer, which takes half of the time that an object takes.
 * Returns false if there is no IP address with a text: getsockname() and
 * getpeername() then tell why. */
static napi_value js_read_name(napi_env env, napi_callback_info info) {
  napi_value argv[3];
  napi_value self;
  napi_value value;
  dgram_source_text_t text;
  bool of_peer;
  bool has_text;
  void* memory;
  size_t size;

  DGRAM_TRY(env,
            dgram_napi_arguments(env, info, DGRAM_COUNT_OF(argv), argv, &self));
  DGRAM_TRY(env, dgram_napi_bool(env, argv[1], &of_peer));
  DGRAM_TRY(env, napi_get_arraybuffer_info(env, argv[2], &memory, &size));
  has_text = describe_name(dgram_addon_socket_with_id(env, argv[0]),
                           of_peer ? dgram_socket_peer : dgram_socket_name,
                           &text) == 0 &&
             text.family != 0 && text.error == 0 && size >= sizeof(text);
  if (has_text)
    memcpy(memory, &text, sizeof(text));
  DGRAM_TRY(env, napi_get_boolean(env, has_text, &value));
  return value;
}

static napi_value js_getsockname(napi_env env, napi_callback_info info) {
  return get_name(env, info, dgram_socket_name);
}

static napi_value js_getpeername(napi_env env, napi_callback_info info) {
  return get_name(env, info, dgram_socket_peer);
}

static const napi_property_descriptor methods[] = {
    DGRAM_NAPI_METHOD("setDualStack", js_set_dual_stack),
    DGRAM_NAPI_METHOD("open", js_open),
    DGRAM_NAPI_METHOD("adopt", js_adopt),
    DGRAM_NAPI_METHOD("share", js_share),
    DGRAM_NAPI_METHOD("connect", js_connect),
    DGRAM_NAPI_METHOD("connect6", js_connect6),
    DGRAM_NAPI_METHOD("disconnect", js_disconnect),
    DGRAM_NAPI_METHOD("getsockname", js_getsockname),
    DGRAM_NAPI_METHOD("getpeername", js_getpeername),
};

napi_status dgram_addon_define_bind(napi_env env, napi_value prototype) {
  return napi_define_properties(
      env, prototype, DGRAM_COUNT_OF(methods), methods);
}

/* `flags` of bindSocket(). */
static const dgram_napi_number_t flags[] = {
    {"IPV6ONLY", DGRAM_BIND_IPV6ONLY},
    {"REUSEADDR", DGRAM_BIND_REUSEADDR},
    {"REUSEPORT", DGRAM_BIND_REUSEPORT},
};

static const napi_property_descriptor functions[] = {
    DGRAM_NAPI_FUNCTION("bindSocket", js_bind_socket),
    DGRAM_NAPI_FUNCTION("readName", js_read_name),
};

napi_status dgram_addon_export_bind(napi_env env, napi_value exports) {
  napi_value value;
  napi_status status =
      dgram_napi_create_numbers(env, flags, DGRAM_COUNT_OF(flags), &value);

  if (status == napi_ok)
    status = dgram_napi_set(env, exports, "flags", value);
  if (status != napi_ok)
    return status;
  return napi_define_properties(
      env, exports, DGRAM_COUNT_OF(functions), functions);
}
