/* Delivering a batch: calls of hook.deliver. */
#include "addon/addon.h"
#include "addon/napi_util.h"

/* What hook.deliver returns. */
typedef enum {
  DELIVER_DONE = 0,
  DELIVER_MORE = 1,  /* the budget is used up, or it wants a new scope */
  DELIVER_THREW = 2, /* it is done, and the last listener threw */
} deliver_t;

/* A batch that is being delivered. */
typedef struct {
  dgram_addon_t* addon;
  dgram_inbox_t* inbox;
  dgram_wake_up_t* wake_up;
  napi_value argv[2];
  int reads; /* messages, after listeners that threw */
} batch_t;

static bool is_over(const batch_t* batch) {
  return batch->inbox->socket->closing ||
         !dgram_addon_find_inbox(batch->addon, batch->inbox) ||
         batch->inbox->cursor->run >= batch->inbox->count;
}

/* A datagram that made the hook throw before anything has moved on since
 * `before` is lost, or there would be no end to it. */
static void leave_behind(const batch_t* batch, const dgram_cursor_t* before) {
  dgram_inbox_t* inbox = batch->inbox;
  const dgram_cursor_t* now;

  if (!dgram_addon_find_inbox(batch->addon, inbox))
    return;
  now = inbox->cursor;
  if (now->steps == 0 && inbox->fresh > 0)
    dgram_sources_init(&batch->addon->core.sources); /* no text was read */
  if (now->run == before->run && now->position == before->position &&
      now->steps == before->steps)
    dgram_inbox_skip(inbox);
}

/* Calls hook.deliver once. Its result is DELIVER_MORE, too, after a throw that
 * was not of the batch's last listener. */
static dgram_call_result_t deliver_some(const batch_t* batch, int32_t* more) {
  dgram_addon_t* addon = batch->addon;
  dgram_inbox_t* inbox = batch->inbox;
  const dgram_cursor_t before = *inbox->cursor;
  napi_value value;
  dgram_call_result_t result;

  inbox->cursor->budget = dgram_wake_up_budget(batch->wake_up, inbox->left);
  inbox->cursor->block = inbox->socket->block;
  result =
      dgram_addon_call_hook(addon, DGRAM_HOOK_DELIVER, 2, batch->argv, &value);
  if (result == DGRAM_CALL_RETURNED &&
      napi_get_value_int32(addon->env, value, more) != napi_ok)
    return DGRAM_CALL_STOPPED;
  if (result != DGRAM_CALL_THREW)
    return result;
  leave_behind(batch, &before);
  *more = is_over(batch) ? DELIVER_THREW : DELIVER_MORE;
  return result;
}

/* As with Node the next datagram is delivered before the ticks of a listener
 * that threw. They run when the scope is closed, so it is read before. */
static bool read_on(batch_t* batch) {
  return batch->reads++ < (int) DGRAM_RECV_SLOTS &&
         dgram_addon_find_inbox(batch->addon, batch->inbox) &&
         dgram_env_read_on(batch->inbox);
}

/* Calls hook.deliver until it returns without a throw, or until it is late. */
static dgram_call_result_t deliver_in_scope(batch_t* batch,
                                            int32_t* more,
                                            bool* late) {
  dgram_call_result_t result;
  bool threw;

  do {
    result = deliver_some(batch, more);
    *late =
        dgram_addon_find_inbox(batch->addon, batch->inbox) &&
        dgram_wake_up_take(batch->wake_up, dgram_inbox_passed(batch->inbox));
    if (result == DGRAM_CALL_STOPPED)
      return result;
    threw = result == DGRAM_CALL_THREW || *more == DELIVER_THREW;
    if (*more == DELIVER_THREW)
      *more = read_on(batch) ? DELIVER_MORE : DELIVER_DONE;
  } while (threw && *more == DELIVER_MORE && !*late && !is_over(batch));
  return result;
}

/* Returns DGRAM_PAUSED, and `*late` false, when it is to be called again. */
static dgram_delivery_t deliver_next(batch_t* batch, bool* late) {
  dgram_addon_t* addon = batch->addon;
  dgram_inbox_t* inbox = batch->inbox;
  napi_env env = addon->env;
  uint32_t name = dgram_addon_inbox_name(addon, inbox);
  dgram_call_result_t result = DGRAM_CALL_STOPPED;
  int32_t more = DELIVER_DONE;
  dgram_addon_scope_t scope;

  *late = true;
  if (!dgram_addon_find_inbox(addon, inbox) ||
      !dgram_addon_open_scope(addon, &scope))
    return DGRAM_DROPPED;
  if (napi_create_uint32(env, inbox->socket->id, &batch->argv[0]) == napi_ok &&
      napi_create_uint32(env, name, &batch->argv[1]) == napi_ok)
    result = deliver_in_scope(batch, &more, late);
  dgram_addon_close_scope(addon, &scope);
  dgram_addon_release_unused(addon);
  if (result == DGRAM_CALL_STOPPED)
    return DGRAM_DROPPED;
  return more == DELIVER_MORE && !is_over(batch) ? DGRAM_PAUSED
                                                 : DGRAM_DELIVERED;
}

dgram_delivery_t dgram_addon_on_deliver(dgram_inbox_t* inbox,
                                        dgram_wake_up_t* wake_up) {
  dgram_addon_t* addon = inbox->socket->env->data;
  batch_t batch = {.addon = addon, .inbox = inbox, .wake_up = wake_up};
  napi_handle_scope scope;
  dgram_delivery_t result;
  bool late;

  if (napi_open_handle_scope(addon->env, &scope) != napi_ok)
    return DGRAM_DROPPED;
  do
    result = deliver_next(&batch, &late);
  while (result == DGRAM_PAUSED && !late);
  napi_close_handle_scope(addon->env, scope);
  return result;
}
