/* Settings of an environment: configure(), transport, features(),
 * queueAlways(). */
#include "addon/addon.h"

#include <string.h>

#include "addon/arguments.h"
#include "addon/napi_util.h"
#include "platform/options.h"
#include "platform/platform.h"
#include "transport/transport.h"

/* queueAlways(always): implements node --test-udp-no-try-send. */
static napi_value js_queue_always(napi_env env, napi_callback_info info) {
  napi_value value;
  size_t argc = 1;
  bool always;

  DGRAM_TRY(env, napi_get_cb_info(env, info, &argc, &value, NULL, NULL));
  DGRAM_TRY(env, dgram_napi_bool(env, value, &always));
  dgram_addon_of(env)->core.queue_always = always;
  return NULL;
}

/* Reads a boolean setting; undefined leaves it unchanged. */
static napi_status read_switch(napi_env env,
                               napi_value options,
                               const char* name,
                               bool* out) {
  napi_value value;
  napi_valuetype type = napi_undefined;
  napi_status status = napi_get_named_property(env, options, name, &value);

  if (status == napi_ok)
    status = napi_typeof(env, value, &type);
  if (status != napi_ok || type == napi_undefined)
    return status;
  return dgram_napi_bool(env, value, out);
}

/* configure(options): applies the environment variables, once, before the first
 * socket. lib/load/settings.js reads them: getenv() would race with setenv() in
 * another thread. */
static napi_value js_configure(napi_env env, napi_callback_info info) {
  dgram_env_t* core = &dgram_addon_of(env)->core;
  dgram_settings_t settings = core->settings;
  napi_value options;
  napi_value value;
  size_t argc = 1;
  char name[DGRAM_TEXT_MAX];

  DGRAM_TRY(env, napi_get_cb_info(env, info, &argc, &options, NULL, NULL));
  DGRAM_TRY(env, napi_get_named_property(env, options, "transport", &value));
  DGRAM_TRY(env, read_switch(env, options, "gso", &settings.gso));
  DGRAM_TRY(env, read_switch(env, options, "gro", &settings.gro));
  DGRAM_TRY(env, read_switch(env, options, "busyPoll", &settings.busy_poll));
  DGRAM_TRY(env, read_switch(env, options, "keepHeap", &settings.keep_heap));
  if (dgram_napi_text(env, value, name, sizeof(name)) != 0)
    name[0] = '\0'; /* no name: the best transport */
  if (core->created > 0) {
    napi_throw_error(
        env,
        NULL,
        "configure() must be called before the first socket is created");
    return NULL;
  }
  core->settings = settings;
  core->transport = dgram_transport_choose(name);
  return NULL;
}

static napi_value js_transport(napi_env env, napi_callback_info info) {
  const char* name = dgram_addon_of(env)->core.transport->name;
  napi_value value;

  (void) info;
  DGRAM_TRY(env, napi_create_string_utf8(env, name, strlen(name), &value));
  return value;
}

/* hasOptions: whether the platform has the options of platform/options.h. */
static napi_value js_has_options(napi_env env, napi_callback_info info) {
  napi_value value;

  (void) info;
  DGRAM_TRY(env, napi_get_boolean(env, dgram_platform_has_options, &value));
  return value;
}

/* hasIcmpErrors: whether the transport has the option icmpErrors. */
static napi_value js_has_icmp_errors(napi_env env, napi_callback_info info) {
  const dgram_env_t* core = &dgram_addon_of(env)->core;
  napi_value value;

  (void) info;
  DGRAM_TRY(env, napi_get_boolean(env, core->transport->icmp_errors, &value));
  return value;
}

static napi_status add_feature(napi_env env,
                               napi_value features,
                               const char* name,
                               bool has) {
  napi_value value;
  napi_status status = napi_get_boolean(env, has, &value);

  return status == napi_ok ? dgram_napi_set(env, features, name, value)
                           : status;
}

/* features(): what the transport does here; see dgram_features_t. */
static napi_value js_features(napi_env env, napi_callback_info info) {
  const dgram_env_t* core = &dgram_addon_of(env)->core;
  dgram_features_t has = core->transport->features(core);
  napi_value result;

  (void) info;
  DGRAM_TRY(env, napi_create_object(env, &result));
  DGRAM_TRY(env, add_feature(env, result, "batches", has.batches));
  DGRAM_TRY(env, add_feature(env, result, "gso", has.gso));
  DGRAM_TRY(env, add_feature(env, result, "gro", has.gro));
  DGRAM_TRY(env, add_feature(env, result, "receiveInfo", has.receive_info));
  DGRAM_TRY(env, add_feature(env, result, "sendSettings", has.send_settings));
  DGRAM_TRY(env, add_feature(env, result, "unixDgram", has.unix_dgram));
  DGRAM_TRY(
      env,
      add_feature(env, result, "reusePort", dgram_platform_has_reuseport()));
  return result;
}

static const napi_property_descriptor functions[] = {
    {"hasOptions",
     NULL,
     NULL,
     js_has_options,
     NULL,
     NULL,
     napi_enumerable,
     NULL},
    {"hasIcmpErrors",
     NULL,
     NULL,
     js_has_icmp_errors,
     NULL,
     NULL,
     napi_enumerable,
     NULL},
    {"transport", NULL, NULL, js_transport, NULL, NULL, napi_enumerable, NULL},
    DGRAM_NAPI_FUNCTION("configure", js_configure),
    DGRAM_NAPI_FUNCTION("features", js_features),
    DGRAM_NAPI_FUNCTION("queueAlways", js_queue_always),
};

napi_status dgram_addon_export_settings(napi_env env, napi_value exports) {
  return napi_define_properties(
      env, exports, DGRAM_COUNT_OF(functions), functions);
}
