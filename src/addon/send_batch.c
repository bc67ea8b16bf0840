/* Send batches: lib/batch/send-batch.js writes datagrams into their memory,
 * flush() sends them. core/batch.h defines the layout. sendColumns() sends
 * datagrams from memory of the program.
 *
 * A prepare handle checks the watched send batches once an event loop
 * iteration, and sends datagrams that JavaScript failed to flush. */
#include "addon/addon.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "addon/arguments.h"
#include "addon/napi_util.h"
#include "core/columns.h"

/* Creates the memory of a send batch; the table does not contain it yet. */
static napi_status create_send_batch(napi_env env,
                                     dgram_batch_memory_t* send_batch) {
  napi_status status =
      dgram_napi_create_memory(env, DGRAM_BATCH_SIZE, &send_batch->sends);

  send_batch->watched = 0;
  if (status != napi_ok)
    return status;
  status = dgram_napi_create_memory(env, DGRAM_BATCH_ARENA, &send_batch->arena);
  if (status != napi_ok)
    (void) napi_delete_reference(env, send_batch->sends);
  return status;
}

/* Creates the object for JavaScript. Its properties are defined, not assigned,
 * so that no inherited setter runs. */
static napi_status describe_send_batch(napi_env env,
                                       const dgram_batch_memory_t* send_batch,
                                       uint32_t id,
                                       napi_value* out) {
  napi_property_descriptor properties[] = {
      {"id", NULL, NULL, NULL, NULL, NULL, napi_enumerable, NULL},
      {"sends", NULL, NULL, NULL, NULL, NULL, napi_enumerable, NULL},
      {"arena", NULL, NULL, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  napi_status status = napi_create_uint32(env, id, &properties[0].value);

  if (status == napi_ok)
    status =
        napi_get_reference_value(env, send_batch->sends, &properties[1].value);
  if (status == napi_ok)
    status =
        napi_get_reference_value(env, send_batch->arena, &properties[2].value);
  if (status == napi_ok)
    status = napi_create_object(env, out);
  if (status == napi_ok)
    status = napi_define_properties(
        env, *out, DGRAM_COUNT_OF(properties), properties);
  return status;
}

/* Makes room for another send batch in the table. Returns 0 or UV_ENOMEM. */
static int reserve_send_batch(dgram_addon_t* addon) {
  dgram_batch_memory_t* send_batches =
      realloc(addon->send_batches,
              (addon->send_batches_count + 1) * sizeof(send_batches[0]));

  if (send_batches == NULL)
    return UV_ENOMEM;
  addon->send_batches = send_batches;
  return 0;
}

/* openSendBatch(): creates a send batch and returns { id, sends, arena }. */
static napi_value js_open_send_batch(napi_env env, napi_callback_info info) {
  dgram_addon_t* addon = dgram_addon_of(env);
  napi_value result = NULL;
  napi_status status;
  dgram_batch_memory_t send_batch;

  (void) info;
  DGRAM_TRY(env, create_send_batch(env, &send_batch));
  status =
      describe_send_batch(env, &send_batch, addon->send_batches_count, &result);
  if (status == napi_ok && reserve_send_batch(addon) == 0) {
    addon->send_batches[addon->send_batches_count++] = send_batch;
    return result;
  }
  if (status == napi_ok)
    dgram_napi_throw_uv(env, UV_ENOMEM, NULL);
  else
    dgram_napi_throw_last(env);
  (void) napi_delete_reference(env, send_batch.sends);
  (void) napi_delete_reference(env, send_batch.arena);
  return NULL;
}

static bool find_in_memory(napi_env env,
                           const dgram_batch_memory_t* memory,
                           dgram_send_batch_t* out) {
  void* sends;
  void* arena;
  size_t size;

  if (!dgram_napi_find_memory(env, memory->sends, &sends, &size) ||
      !dgram_napi_find_memory(env, memory->arena, &arena, &size))
    return false;
  out->sends = sends;
  out->state = (dgram_batch_state_t*) (out->sends + DGRAM_BATCH_SENDS);
  out->arena = arena;
  out->connected = false;
  return true;
}

/* Finds the memory of send batch `id`. Returns false if it does not exist, or
 * JavaScript has detached its memory. A watched send batch stays where it is,
 * which saves 30 ns of 80 for a call of flush(). */
static bool find_send_batch(const dgram_addon_t* addon,
                            uint32_t id,
                            dgram_send_batch_t* out) {
  const dgram_batch_memory_t* memory;

  if (id >= addon->send_batches_count)
    return false;
  memory = &addon->send_batches[id];
  if (memory->watched == 0 || memory->watched > addon->watched.count)
    return find_in_memory(addon->env, memory, out);
  *out = addon->watched.items[memory->watched - 1];
  return true;
}

static napi_value throw_bad_batch(napi_env env,
                                  const char* function,
                                  uint32_t id) {
  char text[128];

  snprintf(text,
           sizeof(text),
           "%s(): send batch %" PRIu32 " does not exist or is detached",
           function,
           id);
  napi_throw_range_error(env, NULL, text);
  return NULL;
}

static napi_value throw_bad_count(napi_env env,
                                  const char* function,
                                  uint32_t count) {
  char text[128];

  snprintf(text,
           sizeof(text),
           "%s(): count is %" PRIu32 ", expected at most %d",
           function,
           count,
           DGRAM_BATCH_SENDS);
  napi_throw_range_error(env, NULL, text);
  return NULL;
}

/* flush(id, count): sends the first `count` datagrams of a send batch, and
 * writes a status for each. Returns how many of them were queued. */
static napi_value js_flush(napi_env env, napi_callback_info info) {
  dgram_addon_t* addon = dgram_addon_of(env);
  napi_value argv[2];
  size_t argc = DGRAM_COUNT_OF(argv);
  dgram_send_batch_t send_batch;
  uint32_t id;
  uint32_t count;
  napi_value queued;

  DGRAM_TRY(env, napi_get_cb_info(env, info, &argc, argv, NULL, NULL));
  DGRAM_TRY(env, dgram_napi_uint32(env, argv[0], &id));
  DGRAM_TRY(env, dgram_napi_uint32(env, argv[1], &count));
  if (!find_send_batch(addon, id, &send_batch))
    return throw_bad_batch(env, "flush", id);
  if (count > DGRAM_BATCH_SENDS)
    return throw_bad_count(env, "flush", count);
  DGRAM_TRY(env,
            napi_create_uint32(
                env,
                dgram_send_batch_flush(&addon->core, &send_batch, count),
                &queued));
  return queued;
}

/* Finds the bytes of a typed array; false for any other value. Its memory stays
 * where it is until JavaScript runs. An array that is detached or out of bounds
 * is empty. */
static bool find_elements(napi_env env,
                          napi_value value,
                          napi_typedarray_type type,
                          const void** data,
                          size_t* length) {
  static const uint32_t none = 0;
  napi_typedarray_type actual;
  void* elements = NULL;

  if (napi_get_typedarray_info(
          env, value, &actual, length, &elements, NULL, NULL) != napi_ok ||
      actual != type)
    return false;
  *data = *length == 0 ? &none : elements;
  return true;
}

static bool find_columns(napi_env env,
                         const napi_value* argv,
                         dgram_columns_t* out) {
  const void* data;
  const void* offsets;
  const void* sizes;

  if (!find_elements(env, argv[0], napi_uint8_array, &data, &out->data_size) ||
      !find_elements(
          env, argv[1], napi_uint32_array, &offsets, &out->offsets_count) ||
      !find_elements(
          env, argv[2], napi_uint32_array, &sizes, &out->sizes_count))
    return false;
  out->data = data;
  out->offsets = offsets;
  out->sizes = sizes;
  return true;
}

/* sendColumns(id, socket, destination, settings, ticket, first, count, data,
 * offsets, sizes): sends `count` rows of columns through the send batch `id`,
 * which must be empty; see core/columns.h. Returns how many of them were
 * queued. */
static napi_value js_send_columns(napi_env env, napi_callback_info info) {
  dgram_addon_t* addon = dgram_addon_of(env);
  napi_value argv[10];
  size_t argc = DGRAM_COUNT_OF(argv);
  dgram_send_batch_t send_batch;
  dgram_columns_target_t target;
  dgram_columns_t columns;
  uint32_t id;
  uint32_t first;
  uint32_t count;
  napi_value queued;

  DGRAM_TRY(env, napi_get_cb_info(env, info, &argc, argv, NULL, NULL));
  DGRAM_TRY(env, dgram_napi_uint32(env, argv[0], &id));
  DGRAM_TRY(env, dgram_napi_uint32(env, argv[1], &target.socket));
  DGRAM_TRY(env, dgram_napi_int32(env, argv[2], &target.destination));
  DGRAM_TRY(env, dgram_napi_int32(env, argv[3], &target.settings));
  DGRAM_TRY(env, dgram_napi_uint32(env, argv[4], &target.ticket));
  DGRAM_TRY(env, dgram_napi_uint32(env, argv[5], &first));
  DGRAM_TRY(env, dgram_napi_uint32(env, argv[6], &count));
  if (!find_send_batch(addon, id, &send_batch))
    return throw_bad_batch(env, "sendColumns", id);
  if (count > DGRAM_BATCH_SENDS)
    return throw_bad_count(env, "sendColumns", count);
  if (send_batch.state->pending != 0) {
    napi_throw_error(env, NULL, "sendColumns(): the send batch is not empty");
    return NULL;
  }
  if (!find_columns(env, &argv[7], &columns)) {
    napi_throw_type_error(
        env, NULL, "sendColumns(): expected a Uint8Array and two Uint32Arrays");
    return NULL;
  }
  DGRAM_TRY(env,
            napi_create_uint32(
                env,
                dgram_columns_send(
                    &addon->core, &send_batch, &columns, &target, first, count),
                &queued));
  return queued;
}

/* flushDeferred(): sends the deferred datagrams of all send batches. */
static napi_value js_flush_deferred(napi_env env, napi_callback_info info) {
  (void) info;
  dgram_send_batches_flush_deferred(&dgram_addon_of(env)->watched);
  return NULL;
}

/* clock(): microseconds of a monotonic clock that no program can replace. */
static napi_value js_clock(napi_env env, napi_callback_info info) {
  napi_value result;

  (void) info;
  DGRAM_TRY(env, napi_create_double(env, (double) uv_hrtime() / 1000, &result));
  return result;
}

/* Runs before the event loop polls: see dgram_env_before_poll(). All callbacks
 * that JavaScript scheduled have run by now, so a send batch that is not empty
 * was missed. hook.stalled settles it; if the hook fails, the flush here still
 * sends the datagrams. */
static void on_prepare(uv_prepare_t* handle) {
  dgram_addon_t* addon = handle->data;

  if (dgram_send_batches_stalled(&addon->watched)) {
    dgram_addon_call_back(addon, DGRAM_HOOK_STALLED, NULL, 0);
    dgram_send_batches_flush(&addon->watched);
  } else if (addon->core.sockets_open == 0) {
    uv_prepare_stop(handle);
  }
  dgram_env_before_poll(&addon->core);
}

void dgram_addon_start_prepare(dgram_addon_t* addon) {
  if (addon->core.closing)
    return;
  if (!addon->has_prepare) {
    uv_prepare_init(addon->core.loop, &addon->prepare);
    addon->prepare.data = addon;
    addon->has_prepare = true;
  }
  uv_prepare_start(&addon->prepare, on_prepare);
  uv_unref((uv_handle_t*) &addon->prepare);
}

/* watchSendBatch(id, connected): calls hook.stalled whenever the event loop
 * goes on before the send batch was flushed. JavaScript must not detach its
 * memory any more. exit() sends pending datagrams of connected sockets, and
 * deferred ones. Returns 0, or a UV_ code if exit() will not send them. */
static napi_value js_watch_send_batch(napi_env env, napi_callback_info info) {
  dgram_addon_t* addon = dgram_addon_of(env);
  napi_value argv[2];
  size_t argc = DGRAM_COUNT_OF(argv);
  dgram_send_batch_t send_batch;
  uint32_t id;
  bool connected;
  int rc;

  DGRAM_TRY(env, napi_get_cb_info(env, info, &argc, argv, NULL, NULL));
  DGRAM_TRY(env, dgram_napi_uint32(env, argv[0], &id));
  DGRAM_TRY(env, dgram_napi_bool(env, argv[1], &connected));
  if (!find_send_batch(addon, id, &send_batch))
    return dgram_napi_code(env, UV_EINVAL);
  send_batch.connected = connected;
  rc = dgram_send_batches_add(&addon->watched, &send_batch);
  if (rc != 0)
    return dgram_napi_code(env, rc);
  addon->send_batches[id].watched = addon->watched.count;
  dgram_addon_start_prepare(addon);
  /* A worker does not need this: its environment is always cleaned up. */
  if (addon->core.loop == uv_default_loop())
    rc = dgram_send_batches_at_exit(&addon->watched);
  return dgram_napi_code(env, rc);
}

/* setDestination(slot, family, address, port): fills a destination slot. */
static napi_value js_set_destination(napi_env env, napi_callback_info info) {
  dgram_addon_t* addon = dgram_addon_of(env);
  napi_value argv[4];
  size_t argc = DGRAM_COUNT_OF(argv);
  char text[DGRAM_TEXT_MAX];
  uint32_t slot;
  uint32_t port;
  int32_t family;
  int rc;

  DGRAM_TRY(env, napi_get_cb_info(env, info, &argc, argv, NULL, NULL));
  DGRAM_TRY(env, dgram_napi_uint32(env, argv[0], &slot));
  DGRAM_TRY(env, dgram_napi_int32(env, argv[1], &family));
  DGRAM_TRY(env, dgram_napi_uint32(env, argv[3], &port));
  rc = dgram_napi_text(env, argv[2], text, sizeof(text));
  if (rc == 0)
    rc = dgram_destinations_set(
        &addon->core, slot, family, text, (uint16_t) port);
  return dgram_napi_code(env, rc);
}

static void on_prepare_closed(uv_handle_t* handle) {
  dgram_addon_t* addon = handle->data;

  addon->has_prepare = false;
  dgram_env_check_idle(&addon->core);
}

void dgram_addon_close_send_batches(dgram_addon_t* addon) {
  dgram_send_batches_end(&addon->watched);
  if (addon->has_prepare)
    uv_close((uv_handle_t*) &addon->prepare, on_prepare_closed);
}

void dgram_addon_release_send_batches(dgram_addon_t* addon) {
  uint32_t i;

  for (i = 0; i < addon->send_batches_count; i++) {
    dgram_napi_delete_ref(addon->env, &addon->send_batches[i].sends);
    dgram_napi_delete_ref(addon->env, &addon->send_batches[i].arena);
  }
  addon->send_batches_count = 0;
}

static const napi_property_descriptor functions[] = {
    DGRAM_NAPI_FUNCTION("openSendBatch", js_open_send_batch),
    DGRAM_NAPI_FUNCTION("flush", js_flush),
    DGRAM_NAPI_FUNCTION("sendColumns", js_send_columns),
    DGRAM_NAPI_FUNCTION("flushDeferred", js_flush_deferred),
    DGRAM_NAPI_FUNCTION("clock", js_clock),
    DGRAM_NAPI_FUNCTION("watchSendBatch", js_watch_send_batch),
    DGRAM_NAPI_FUNCTION("setDestination", js_set_destination),
};

napi_status dgram_addon_export_send_batches(napi_env env, napi_value exports) {
  return napi_define_properties(
      env, exports, DGRAM_COUNT_OF(functions), functions);
}
