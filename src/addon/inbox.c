/* Inboxes: the memory of received datagrams, which lib/batch/inbox.js reads.
 * core/batch.h defines its layout. Most batches use the first inbox; the others
 * are spare ones with fewer slots. */
#include "addon/addon.h"
#include "addon/arguments.h"
#include "addon/napi_util.h"
#include "platform/platform.h"

/* The lower bits of an id are the index of the inbox; the upper bits change
 * with every memory. */
static napi_status create_inbox(dgram_addon_t* addon,
                                uint32_t index,
                                uint32_t slots) {
  napi_ref* memory = &addon->inboxes[index].memory;

  dgram_napi_delete_ref(addon->env, memory);
  addon->inboxes[index].id =
      index | ++addon->inboxes_created % (1u << 20) * DGRAM_INBOXES;
  return dgram_napi_create_memory(
      addon->env,
      DGRAM_INBOX_RECV_BUFFER + (size_t) slots * DGRAM_RECV_SLOT_SIZE,
      memory);
}

napi_status dgram_addon_ensure_inbox(dgram_addon_t* addon) {
  if (addon->inboxes[0].memory != NULL)
    return napi_ok;
  if (addon->core.settings.keep_heap)
    dgram_platform_keep_heap();
  return create_inbox(addon, 0, DGRAM_RECV_SLOTS);
}

static uint32_t index_of(const dgram_env_t* core, const dgram_inbox_t* inbox) {
  return (uint32_t) (inbox - core->inboxes);
}

uint32_t dgram_addon_inbox_id(const dgram_addon_t* addon,
                              const dgram_inbox_t* inbox) {
  return addon->inboxes[index_of(&addon->core, inbox)].id;
}

bool dgram_addon_find_inbox(const dgram_addon_t* addon, dgram_inbox_t* inbox) {
  void* data;
  size_t size;

  if (!dgram_napi_find_memory(
          addon->env,
          addon->inboxes[index_of(&addon->core, inbox)].memory,
          &data,
          &size))
    return false;
  inbox->cursor = &((dgram_inbox_head_t*) data)->cursor;
  inbox->gro_buffers = ((dgram_inbox_head_t*) data)->gro_buffers;
  inbox->texts = ((dgram_inbox_head_t*) data)->texts;
  inbox->infos = ((dgram_inbox_head_t*) data)->infos;
  inbox->local_texts = ((dgram_inbox_head_t*) data)->local_texts;
  inbox->recv_buffer = (uint8_t*) data + DGRAM_INBOX_RECV_BUFFER;
  return true;
}

bool dgram_addon_on_acquire(dgram_env_t* core, dgram_inbox_t* inbox) {
  dgram_addon_t* addon = core->data;
  napi_handle_scope scope;
  bool ok;

  if (napi_open_handle_scope(addon->env, &scope) != napi_ok)
    return false;
  ok = dgram_addon_find_inbox(addon, inbox) ||
       (create_inbox(addon, index_of(core, inbox), inbox->slots) == napi_ok &&
        dgram_addon_find_inbox(addon, inbox));
  napi_close_handle_scope(addon->env, scope);
  return ok;
}

/* inbox(id): the ArrayBuffer of the inbox whose id hook.deliver receives; the
 * first inbox if `id` is undefined. Returns undefined if there is none. */
static napi_value js_inbox(napi_env env, napi_callback_info info) {
  dgram_addon_t* addon = dgram_addon_of(env);
  napi_value value;
  size_t argc = 1;
  uint32_t id;
  uint32_t index;

  DGRAM_TRY(env, napi_get_cb_info(env, info, &argc, &value, NULL, NULL));
  DGRAM_TRY(env, dgram_napi_uint32(env, value, &id));
  index = id % DGRAM_INBOXES;
  if (index == 0)
    DGRAM_TRY(env, dgram_addon_ensure_inbox(addon));
  if (addon->inboxes[index].memory == NULL)
    return NULL;
  DGRAM_TRY(
      env, napi_get_reference_value(env, addon->inboxes[index].memory, &value));
  return value;
}

void dgram_addon_release_inboxes(dgram_addon_t* addon, uint32_t first) {
  uint32_t i;

  for (i = first; i < DGRAM_INBOXES; i++)
    dgram_napi_delete_ref(addon->env, &addon->inboxes[i].memory);
}

static const napi_property_descriptor functions[] = {
    DGRAM_NAPI_FUNCTION("inbox", js_inbox),
};

napi_status dgram_addon_export_inbox(napi_env env, napi_value exports) {
  return napi_define_properties(
      env, exports, DGRAM_COUNT_OF(functions), functions);
}
