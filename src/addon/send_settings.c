/* setSendSettings(): fills a slot of the table of send settings. */
#include "addon/addon.h"

#include "addon/arguments.h"
#include "addon/napi_util.h"
#include "core/send_settings.h"

/* Reads the text of a setting into `buffer`; undefined is NULL. */
static int read_text(napi_env env,
                     napi_value value,
                     char* buffer,
                     const char** out) {
  napi_valuetype type;

  *out = NULL;
  if (napi_typeof(env, value, &type) != napi_ok)
    return UV_EINVAL;
  if (type == napi_undefined)
    return 0;
  *out = buffer;
  return dgram_napi_text(env, value, buffer, DGRAM_TEXT_MAX);
}

/* Reads an integer; undefined is `unset`. */
static napi_status read_number(napi_env env,
                               napi_value value,
                               int32_t unset,
                               int32_t* out) {
  napi_valuetype type;
  napi_status status = napi_typeof(env, value, &type);

  *out = unset;
  if (status != napi_ok || type == napi_undefined)
    return status;
  return dgram_napi_int32(env, value, out);
}

/* Reads a bigint of 63 bits; undefined is 0. */
static int read_time(napi_env env, napi_value value, uint64_t* out) {
  napi_valuetype type;
  bool lossless = false;

  *out = 0;
  if (napi_typeof(env, value, &type) != napi_ok)
    return UV_EINVAL;
  if (type == napi_undefined)
    return 0;
  if (napi_get_value_bigint_uint64(env, value, out, &lossless) != napi_ok)
    return UV_EINVAL;
  return lossless && *out <= INT64_MAX ? 0 : UV_EINVAL;
}

/* setSendSettings(slot, family, localAddress, interfaceName, interfaceIndex,
 * tos, ttl, sendTime): all but the first two may be undefined. Returns 0 or a
 * UV_ code. */
static napi_value js_set_send_settings(napi_env env, napi_callback_info info) {
  dgram_addon_t* addon = dgram_addon_of(env);
  napi_value argv[8];
  size_t argc = DGRAM_COUNT_OF(argv);
  dgram_send_settings_text_t text;
  char local_address[DGRAM_TEXT_MAX];
  char interface_name[DGRAM_TEXT_MAX];
  int32_t interface_index;
  uint32_t slot;
  int rc;

  DGRAM_TRY(env, napi_get_cb_info(env, info, &argc, argv, NULL, NULL));
  DGRAM_TRY(env, dgram_napi_uint32(env, argv[0], &slot));
  DGRAM_TRY(env, dgram_napi_int32(env, argv[1], &text.family));
  DGRAM_TRY(env, read_number(env, argv[4], 0, &interface_index));
  DGRAM_TRY(env, read_number(env, argv[5], DGRAM_SETTING_UNSET, &text.tos));
  DGRAM_TRY(env, read_number(env, argv[6], DGRAM_SETTING_UNSET, &text.ttl));
  text.interface_index = (uint32_t) interface_index;
  rc = read_text(env, argv[2], local_address, &text.local_address);
  if (rc == 0)
    rc = read_text(env, argv[3], interface_name, &text.interface_name);
  if (rc == 0)
    rc = read_time(env, argv[7], &text.send_time);
  if (rc == 0)
    rc = dgram_send_settings_set(&addon->core, slot, &text);
  return dgram_napi_code(env, rc);
}

static const napi_property_descriptor functions[] = {
    DGRAM_NAPI_FUNCTION("setSendSettings", js_set_send_settings),
};

napi_status dgram_addon_export_send_settings(napi_env env, napi_value exports) {
  return napi_define_properties(
      env, exports, DGRAM_COUNT_OF(functions), functions);
}
