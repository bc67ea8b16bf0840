/* Delivery of one batch of received datagrams: calls hook.deliver until the
 * batch is used up or the wake-up has run out of time. */
#include "addon/addon.h"
#include "addon/napi_util.h"

/* Return values of hook.deliver, defined in lib/batch/inbox.js as well. */
typedef enum {
  DELIVER_DONE = 0,
  DELIVER_MORE = 1,       /* the budget is used up, or a new scope is needed */
  DELIVER_LAST_THREW = 2, /* done, and the last listener threw */
  DELIVER_GONE = 3,       /* no socket has the id; its texts may not be read */
} deliver_result_t;

/* One batch on its way to JavaScript. */
typedef struct {
  dgram_addon_t* addon;
  dgram_inbox_t* inbox;
  dgram_iteration_t* iteration;
  napi_value argv[2];
  int extra_reads; /* calls of read_next() */
} delivery_t;

static bool is_finished(const delivery_t* delivery) {
  return delivery->inbox->socket->closing ||
         !dgram_addon_find_inbox(delivery->addon, delivery->inbox) ||
         delivery->inbox->cursor->gro_buffer >= delivery->inbox->count;
}

/* Skips the next datagram if the cursor is still at `before` after the hook has
 * thrown. The datagram is lost; a retry could repeat for ever. */
static void skip_stuck(const delivery_t* delivery,
                       const dgram_cursor_t* before) {
  dgram_inbox_t* inbox = delivery->inbox;
  const dgram_cursor_t* now;

  if (!dgram_addon_find_inbox(delivery->addon, inbox))
    return;
  now = inbox->cursor;
  if (now->steps == 0)
    dgram_inbox_forget_sources(&delivery->addon->core, inbox);
  if (now->gro_buffer == before->gro_buffer &&
      now->position == before->position && now->steps == before->steps)
    dgram_inbox_skip(inbox);
}

/* Calls hook.deliver once. After an exception `*more` is DELIVER_LAST_THREW if
 * the batch is finished, else DELIVER_MORE. */
static dgram_call_result_t call_deliver(const delivery_t* delivery,
                                        int32_t* more) {
  dgram_addon_t* addon = delivery->addon;
  dgram_inbox_t* inbox = delivery->inbox;
  const dgram_cursor_t before = *inbox->cursor;
  napi_value value;
  dgram_call_result_t result;

  inbox->cursor->budget =
      dgram_iteration_budget(delivery->iteration, inbox->datagrams_left);
  inbox->cursor->block = inbox->socket->block;
  result = dgram_addon_call_hook(
      addon, DGRAM_HOOK_DELIVER, 2, delivery->argv, &value);
  if (result == DGRAM_CALL_RETURNED &&
      napi_get_value_int32(addon->env, value, more) != napi_ok)
    return DGRAM_CALL_STOPPED;
  if (result == DGRAM_CALL_RETURNED && *more == DELIVER_GONE) {
    dgram_inbox_forget_sources(&addon->core, inbox);
    *more = DELIVER_DONE;
  }
  if (result != DGRAM_CALL_THREW)
    return result;
  skip_stuck(delivery, &before);
  *more = is_finished(delivery) ? DELIVER_LAST_THREW : DELIVER_MORE;
  return result;
}

/* Reads the next message from the kernel after the last listener has thrown.
 * Node delivers the next datagram before it runs the ticks of a listener that
 * threw. These ticks run when the scope is closed, so the read comes first. The
 * caller delivers what was read before that: until JavaScript has the texts of
 * its sources, no other code may run. */
static bool read_next(delivery_t* delivery) {
  return delivery->extra_reads++ < (int) DGRAM_RECV_SLOTS &&
         dgram_addon_find_inbox(delivery->addon, delivery->inbox) &&
         dgram_delivery_read_next(delivery->inbox);
}

/* Calls hook.deliver, and again after each exception, unless the wake-up has to
 * end (`*late`). */
static dgram_call_result_t deliver_in_scope(delivery_t* delivery,
                                            int32_t* more,
                                            bool* late) {
  dgram_call_result_t result;
  bool threw;

  do {
    result = call_deliver(delivery, more);
    *late = dgram_addon_find_inbox(delivery->addon, delivery->inbox) &&
            dgram_iteration_count(delivery->iteration,
                                  dgram_inbox_count_delivered(delivery->inbox));
    if (result == DGRAM_CALL_STOPPED)
      return result;
    threw = result == DGRAM_CALL_THREW || *more == DELIVER_LAST_THREW;
    if (*more == DELIVER_LAST_THREW)
      *more = !*late && read_next(delivery) ? DELIVER_MORE : DELIVER_DONE;
  } while (threw && *more == DELIVER_MORE && !*late && !is_finished(delivery));
  return result;
}

/* Delivers in one scope. The caller repeats the call if the result is
 * DGRAM_PAUSED and `*late` is false. */
static dgram_delivery_t deliver_once(delivery_t* delivery, bool* late) {
  dgram_addon_t* addon = delivery->addon;
  dgram_inbox_t* inbox = delivery->inbox;
  napi_env env = addon->env;
  uint32_t id = dgram_addon_inbox_id(addon, inbox);
  dgram_call_result_t result = DGRAM_CALL_STOPPED;
  int32_t more = DELIVER_DONE;
  dgram_addon_scope_t scope;

  *late = true;
  if (!dgram_addon_find_inbox(addon, inbox) ||
      !dgram_addon_open_scope(addon, &scope))
    return DGRAM_DROPPED;
  if (napi_create_uint32(env, inbox->socket->id, &delivery->argv[0]) ==
          napi_ok &&
      napi_create_uint32(env, id, &delivery->argv[1]) == napi_ok)
    result = deliver_in_scope(delivery, &more, late);
  dgram_addon_close_scope(addon, &scope);
  dgram_addon_release_unused(addon);
  if (result == DGRAM_CALL_STOPPED)
    return DGRAM_DROPPED;
  return more == DELIVER_MORE && !is_finished(delivery) ? DGRAM_PAUSED
                                                        : DGRAM_DELIVERED;
}

dgram_delivery_t dgram_addon_on_deliver(dgram_inbox_t* inbox,
                                        dgram_iteration_t* iteration) {
  dgram_addon_t* addon = inbox->socket->env->data;
  delivery_t delivery = {
      .addon = addon, .inbox = inbox, .iteration = iteration};
  napi_handle_scope scope;
  dgram_delivery_t result;
  bool late;

  if (napi_open_handle_scope(addon->env, &scope) != napi_ok)
    return DGRAM_DROPPED;
  do
    result = deliver_once(&delivery, &late);
  while (result == DGRAM_PAUSED && !late);
  dgram_send_batches_flush_deferred(&addon->watched);
  napi_close_handle_scope(addon->env, scope);
  return result;
}
