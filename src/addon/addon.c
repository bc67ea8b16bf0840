#include "addon/addon.h"

dgram_addon_t* dgram_addon_of(napi_env env) {
  void* addon = NULL;

  (void) napi_get_instance_data(env, &addon);
  return addon;
}
