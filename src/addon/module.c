/* The module: what it exports, the record of an environment, its end. */
#include <stdlib.h>

#include "addon/addon.h"
#include "addon/napi_util.h"

/* Never NULL: the record is set before the first function exists, and freed
 * with the environment. */
dgram_addon_t* dgram_addon_of(napi_env env) {
  void* addon = NULL;

  (void) napi_get_instance_data(env, &addon);
  return addon;
}

/* Every socket is closed: lets go of the environment, which has waited. */
static void on_idle(dgram_env_t* core) {
  dgram_addon_t* addon = core->data;

  if (addon->has_prepare)
    return; /* on_prepare_closed() comes back to this */
  dgram_send_batches_free(&addon->watched);
  dgram_addon_release_inboxes(addon, 0);
  dgram_addon_release_send_batches(addon);
  dgram_addon_release_hooks(addon);
  napi_remove_async_cleanup_hook(addon->cleanup);
}

static void on_cleanup(napi_async_cleanup_hook_handle handle, void* data) {
  dgram_addon_t* addon = data;

  (void) handle;
  dgram_addon_close_send_batches(addon);
  dgram_env_close(&addon->core);
}

static void finalize_addon(napi_env env, void* data, void* hint) {
  dgram_addon_t* addon = data;

  (void) env;
  (void) hint;
  dgram_send_batches_free(&addon->watched);
  dgram_env_free(&addon->core);
  free(addon->send_batches);
  free(addon);
}

/* The binary is built with the headers of one libuv and runs on many. Its
 * structs have kept their size through 1.x; should one grow, libuv would
 * write beyond ours. */
static bool libuv_fits(void) {
  return uv_handle_size(UV_UDP) <= sizeof(uv_udp_t) &&
         uv_handle_size(UV_POLL) <= sizeof(uv_poll_t) &&
         uv_handle_size(UV_PREPARE) <= sizeof(uv_prepare_t) &&
         uv_req_size(UV_UDP_SEND) <= sizeof(uv_udp_send_t);
}

static napi_status make_exports(napi_env env, napi_value exports) {
  static napi_status (*const parts[])(napi_env, napi_value) = {
      dgram_addon_export_settings,
      dgram_addon_export_descriptors,
      dgram_addon_export_hooks,
      dgram_addon_export_handle,
      dgram_addon_export_send_batches,
      dgram_addon_export_inbox,
      dgram_addon_export_stats,
      dgram_addon_export_layout,
      dgram_addon_export_bind_flags,
  };
  napi_status status = napi_ok;
  size_t i;

  for (i = 0; i < DGRAM_COUNT_OF(parts) && status == napi_ok; i++)
    status = parts[i](env, exports);
  return status;
}

NAPI_MODULE_INIT() {
  uv_loop_t* loop;
  dgram_addon_t* addon;

  if (!libuv_fits()) {
    dgram_napi_throw_code(env,
                          "ERR_DGRAM_NATIVE_ABI",
                          "dgram-native was built for another libuv; "
                          "run `npm rebuild dgram-native` with this Node.js");
    return NULL;
  }
  DGRAM_TRY(env, napi_get_uv_event_loop(env, &loop));
  addon = calloc(1, sizeof(*addon));
  if (addon == NULL) {
    dgram_napi_throw_uv(env, UV_ENOMEM, NULL);
    return NULL;
  }
  addon->env = env;
  dgram_env_init(&addon->core, loop);
  addon->core.data = addon;
  addon->core.acquire = dgram_addon_on_acquire;
  addon->core.deliver = dgram_addon_on_deliver;
  addon->core.complete = dgram_addon_on_complete;
  addon->core.closed = dgram_addon_on_closed;
  addon->core.idle = on_idle;
  dgram_send_batches_init(&addon->watched, &addon->core);
  if (napi_set_instance_data(env, addon, finalize_addon, NULL) != napi_ok) {
    free(addon);
    dgram_napi_throw_last(env);
    return NULL;
  }
  DGRAM_TRY(
      env,
      napi_add_async_cleanup_hook(env, on_cleanup, addon, &addon->cleanup));
  DGRAM_TRY(env, make_exports(env, exports));
  return exports;
}
