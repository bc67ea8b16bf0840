/* Methods of a handle for socket options that libuv does not have: TOS, path
 * MTU, memberships by interface, options before bind. lib/ calls them only if
 * `hasOptions` is true. */
#include "addon/addon.h"

#include <string.h>

#include "addon/arguments.h"
#include "addon/napi_util.h"
#include "platform/options.h"

/* 2^64, above any rate of dgram_platform_set_pacing_rate(). */
#define RATE_LIMIT 18446744073709551616.0

/* dgram_napi_text() cuts longer names between characters of 4 bytes. */
#define DEVICE_CUT (DGRAM_DEVICE_SIZE - 4)

static napi_value js_set_tos(napi_env env, napi_callback_info info) {
  return dgram_addon_with_int32(env, info, dgram_socket_set_tos);
}

static napi_value js_get_tos(napi_env env, napi_callback_info info) {
  return dgram_addon_with_socket(env, info, dgram_socket_get_tos);
}

/* setFragment(mode): see dgram_fragment_t. */
static napi_value js_set_fragment(napi_env env, napi_callback_info info) {
  return dgram_addon_with_int32(env, info, dgram_socket_set_fragment);
}

static napi_value js_get_path_mtu(napi_env env, napi_callback_info info) {
  return dgram_addon_with_socket(env, info, dgram_socket_get_mtu);
}

/* setPacingRate(bytesPerSecond): a positive integer, or Infinity. */
static napi_value js_set_pacing_rate(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  napi_value self;
  dgram_socket_t* socket;
  double rate = 0;
  int rc = UV_EBADF;

  DGRAM_TRY(env, dgram_napi_arguments(env, info, 1, argv, &self));
  (void) napi_get_value_double(env, argv[0], &rate); /* 0 if it is none */
  socket = dgram_addon_socket_of(env, self);
  if (socket != NULL && !(rate >= 1))
    rc = socket->closing ? UV_EBADF : UV_EINVAL;
  else if (socket != NULL)
    rc = dgram_socket_set_pacing_rate(
        socket, rate < RATE_LIMIT ? (uint64_t) rate : UINT64_MAX);
  return dgram_napi_code(env, rc);
}

/* Reads a group or a source in either family. */
static int read_ip(napi_env env, napi_value value, dgram_address_t* out) {
  char text[DGRAM_TEXT_MAX];
  int rc = dgram_napi_text(env, value, text, sizeof(text));

  if (rc != 0)
    return rc;
  if (dgram_address_parse(out, 4, text, 0) == 0)
    return 0;
  return dgram_address_parse(out, 6, text, 0);
}

/* Reads an interface: the number of its index, its name, or undefined for all.
 */
static int read_interface(napi_env env,
                          napi_value value,
                          char* text,
                          size_t size,
                          dgram_membership_t* out) {
  napi_valuetype type;
  int rc;

  if (napi_typeof(env, value, &type) != napi_ok)
    return UV_EINVAL;
  if (type == napi_number)
    return napi_get_value_uint32(env, value, &out->interface_index) == napi_ok
               ? 0
               : UV_EINVAL;
  out->name = text;
  text[0] = '\0';
  if (type == napi_undefined)
    return 0;
  rc = dgram_napi_text(env, value, text, size);
  return rc == 0 && text[0] == '\0' ? UV_ENODEV : rc;
}

/* setGroup(join, group, source, interface, ip6): `source` null for any. `ip6`
 * is the family of an unbound socket. */
static napi_value js_set_group(napi_env env, napi_callback_info info) {
  napi_value argv[5];
  napi_value self;
  dgram_socket_t* socket;
  dgram_address_t group;
  dgram_address_t source;
  char name[DGRAM_TEXT_MAX];
  dgram_membership_t membership = {.group = &group};
  napi_valuetype type;
  int rc;

  DGRAM_TRY(env,
            dgram_napi_arguments(env, info, DGRAM_COUNT_OF(argv), argv, &self));
  DGRAM_TRY(env, dgram_napi_bool(env, argv[0], &membership.join));
  DGRAM_TRY(env, dgram_napi_bool(env, argv[4], &membership.ip6));
  DGRAM_TRY(env, napi_typeof(env, argv[2], &type));
  rc = read_ip(env, argv[1], &group);
  if (rc == 0 && type != napi_null) {
    membership.source = &source;
    rc = read_ip(env, argv[2], &source);
    if (rc == 0 && source.any.sa_family != group.any.sa_family)
      rc = UV_EINVAL;
  }
  if (rc == 0)
    rc = read_interface(env, argv[3], name, sizeof(name), &membership);
  socket = dgram_addon_socket_of(env, self);
  if (socket == NULL)
    rc = UV_EBADF;
  if (rc == 0)
    rc = dgram_socket_set_group(socket, &membership);
  return dgram_napi_code(env, rc);
}

/* Reads an integer option; undefined is DGRAM_UNSET. */
static napi_status read_option(napi_env env, napi_value value, int64_t* out) {
  napi_valuetype type;
  napi_status status = napi_typeof(env, value, &type);
  uint32_t number = 0;

  *out = DGRAM_UNSET;
  if (status != napi_ok || type == napi_undefined)
    return status;
  status = dgram_napi_uint32(env, value, &number);
  *out = number;
  return status;
}

/* setOpenOptions(device, multicastAll, freebind, transparent, priority, mark,
 * icmpErrors, txtime, workers, length, offset): undefined keeps the value of
 * the system. The last three are those of dgram_steering_t. */
static napi_value js_set_open_options(napi_env env, napi_callback_info info) {
  napi_value argv[11];
  napi_value self;
  dgram_socket_t* socket;
  dgram_open_options_t options = {.device = ""};
  napi_valuetype type;
  int rc = 0;

  DGRAM_TRY(env,
            dgram_napi_arguments(env, info, DGRAM_COUNT_OF(argv), argv, &self));
  DGRAM_TRY(env, napi_typeof(env, argv[0], &type));
  DGRAM_TRY(env, read_option(env, argv[1], &options.multicast_all));
  DGRAM_TRY(env, read_option(env, argv[2], &options.freebind));
  DGRAM_TRY(env, read_option(env, argv[3], &options.transparent));
  DGRAM_TRY(env, read_option(env, argv[4], &options.priority));
  DGRAM_TRY(env, read_option(env, argv[5], &options.mark));
  DGRAM_TRY(env, read_option(env, argv[6], &options.icmp_errors));
  DGRAM_TRY(env, read_option(env, argv[7], &options.txtime));
  DGRAM_TRY(env, dgram_napi_uint32(env, argv[8], &options.steering.workers));
  DGRAM_TRY(env, dgram_napi_uint32(env, argv[9], &options.steering.length));
  DGRAM_TRY(env, dgram_napi_uint32(env, argv[10], &options.steering.offset));
  if (type != napi_undefined)
    rc = dgram_napi_text(env, argv[0], options.device, sizeof(options.device));
  /* A name that was cut is still too long for an interface: bind() fails. */
  if (rc != 0 && type == napi_string && strlen(options.device) >= DEVICE_CUT)
    rc = 0;
  socket = dgram_addon_socket_of(env, self);
  if (socket == NULL)
    rc = UV_EBADF;
  if (rc == 0)
    rc = dgram_socket_set_open_options(socket, &options);
  return dgram_napi_code(env, rc);
}

/* failedOption(): the name of the option that could not be set when the
 * descriptor was created, once; else 0. */
static napi_value js_failed_option(napi_env env, napi_callback_info info) {
  dgram_socket_t* socket = dgram_addon_receiver_of(env, info);
  const char* name;
  napi_value value;

  if (socket == NULL || socket->closing)
    return dgram_napi_code(env, UV_EBADF);
  if (socket->failed_option == NULL)
    return dgram_napi_code(env, 0);
  name = socket->failed_option;
  socket->failed_option = NULL;
  DGRAM_TRY(env, napi_create_string_utf8(env, name, NAPI_AUTO_LENGTH, &value));
  return value;
}

/* setReceiveInfo(bits): see DGRAM_INFO_*. */
static napi_value js_set_receive_info(napi_env env, napi_callback_info info) {
  napi_value value;
  napi_value self;
  dgram_socket_t* socket;
  uint32_t bits;
  int rc = UV_EBADF;

  DGRAM_TRY(env, dgram_napi_arguments(env, info, 1, &value, &self));
  DGRAM_TRY(env, dgram_napi_uint32(env, value, &bits));
  socket = dgram_addon_socket_of(env, self);
  if (socket != NULL)
    rc = dgram_socket_set_receive_info(socket, bits);
  return dgram_napi_code(env, rc);
}

/* interfaceName(index): its name, or a UV_ code. */
static napi_value js_interface_name(napi_env env, napi_callback_info info) {
  napi_value value;
  napi_value self;
  dgram_socket_t* socket;
  char name[DGRAM_DEVICE_SIZE];
  uint32_t index;
  int rc = UV_EBADF;

  DGRAM_TRY(env, dgram_napi_arguments(env, info, 1, &value, &self));
  DGRAM_TRY(env, dgram_napi_uint32(env, value, &index));
  socket = dgram_addon_socket_of(env, self);
  if (socket != NULL)
    rc = dgram_socket_interface_name(socket, index, name, sizeof(name));
  if (rc != 0)
    return dgram_napi_code(env, rc);
  DGRAM_TRY(env,
            napi_create_string_latin1(env, name, NAPI_AUTO_LENGTH, &value));
  return value;
}

static const napi_property_descriptor methods[] = {
    DGRAM_NAPI_METHOD("setTypeOfService", js_set_tos),
    DGRAM_NAPI_METHOD("getTypeOfService", js_get_tos),
    DGRAM_NAPI_METHOD("setFragment", js_set_fragment),
    DGRAM_NAPI_METHOD("getPathMTU", js_get_path_mtu),
    DGRAM_NAPI_METHOD("setPacingRate", js_set_pacing_rate),
    DGRAM_NAPI_METHOD("setGroup", js_set_group),
    DGRAM_NAPI_METHOD("setOpenOptions", js_set_open_options),
    DGRAM_NAPI_METHOD("failedOption", js_failed_option),
    DGRAM_NAPI_METHOD("setReceiveInfo", js_set_receive_info),
    DGRAM_NAPI_METHOD("interfaceName", js_interface_name),
};

napi_status dgram_addon_define_platform_options(napi_env env,
                                                napi_value prototype) {
  return napi_define_properties(
      env, prototype, DGRAM_COUNT_OF(methods), methods);
}
