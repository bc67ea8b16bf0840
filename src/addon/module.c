/* Start and end of an environment: creates its record, exports the functions of
 * the other files, cleans up. */
#include "addon/addon.h"

#include <stdio.h>
#include <stdlib.h>

#include "addon/napi_util.h"

/* Implements dgram_env_t.idle, which runs when every socket is closed. Node
 * ends the environment after the cleanup hook was removed. */
static void on_idle(dgram_env_t* core) {
  dgram_addon_t* addon = core->data;

  if (addon->has_prepare)
    return; /* called again when the prepare handle is closed */
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

static bool fits(napi_env env, const char* name, size_t needed, size_t size) {
  char text[256];

  if (needed <= size)
    return true;
  snprintf(text,
           sizeof(text),
           "dgram-native was built for another libuv: %s takes %zu bytes in "
           "libuv %s, but at most %zu were expected. Run "
           "`npm rebuild dgram-native` with this Node.js",
           name,
           needed,
           uv_version_string(),
           size);
  dgram_napi_throw_code(env, "ERR_DGRAM_NATIVE_ABI", text);
  return false;
}

/* The binary is built with the headers of one libuv and runs with others. The
 * structs have kept their size through 1.x. If one grew, libuv would write
 * beyond the memory of the addon. */
static bool libuv_fits(napi_env env) {
  return fits(env, "uv_udp_t", uv_handle_size(UV_UDP), sizeof(uv_udp_t)) &&
         fits(env, "uv_poll_t", uv_handle_size(UV_POLL), sizeof(uv_poll_t)) &&
         fits(env,
              "uv_prepare_t",
              uv_handle_size(UV_PREPARE),
              sizeof(uv_prepare_t)) &&
         fits(env,
              "uv_udp_send_t",
              uv_req_size(UV_UDP_SEND),
              sizeof(uv_udp_send_t));
}

static napi_status define_exports(napi_env env, napi_value exports) {
  static napi_status (*const parts[])(napi_env, napi_value) = {
      dgram_addon_export_settings,
      dgram_addon_export_descriptors,
      dgram_addon_export_hooks,
      dgram_addon_export_handle,
      dgram_addon_export_send_batches,
      dgram_addon_export_send_settings,
      dgram_addon_export_inbox,
      dgram_addon_export_move,
      dgram_addon_export_unix,
      dgram_addon_export_stats,
      dgram_addon_export_layout,
      dgram_addon_export_bind,
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

  if (!libuv_fits(env))
    return NULL;
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
  addon->core.drained = dgram_addon_on_drained;
  addon->core.dropped = dgram_addon_on_dropped;
  addon->core.icmp = dgram_addon_on_icmp;
  addon->core.congestion = dgram_addon_on_congestion;
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
  DGRAM_TRY(env, define_exports(env, exports));
  return exports;
}
