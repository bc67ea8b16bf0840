/* stats(): the counters of an environment. */
#include "addon/addon.h"
#include "addon/napi_util.h"

static napi_value js_stats(napi_env env, napi_callback_info info) {
  const dgram_env_t* core = &dgram_addon_of(env)->core;
  const dgram_napi_number_t numbers[] = {
      {"sockets", (double) core->created},
      {"open", core->sockets_open},
      {"sent", (double) core->sent},
      {"received", (double) core->received},
  };
  napi_value result;

  (void) info;
  DGRAM_TRY(env,
            dgram_napi_create_numbers(
                env, numbers, DGRAM_COUNT_OF(numbers), &result));
  return result;
}

static const napi_property_descriptor functions[] = {
    DGRAM_NAPI_FUNCTION("stats", js_stats),
};

napi_status dgram_addon_export_stats(napi_env env, napi_value exports) {
  return napi_define_properties(
      env, exports, DGRAM_COUNT_OF(functions), functions);
}
