/* Calls into JavaScript: hook() stores the functions of lib/, the others call
 * them.
 *
 * A hook drains ticks itself, and an exception in one of them leaves entries on
 * the stack of async ids. 'uncaughtException' clears that stack, and has to do
 * so before the callback scope is closed: Node aborts if the stack does not
 * match. Therefore each call has its own scope, and exceptions are reported
 * while it is open. napi_make_callback() would close the scope first. */
#include "addon/addon.h"

#include <stdio.h>

#include "addon/napi_util.h"

static const char* const hook_names[DGRAM_HOOKS] = {"deliver",
                                                    "complete",
                                                    "closed",
                                                    "terminated",
                                                    "idle",
                                                    "stalled",
                                                    "dropped",
                                                    "icmp",
                                                    "congestion",
                                                    "drained"};

/* The first hooks are required, the others are optional. */
#define HOOKS_REQUIRED 3

static bool ensure_context(dgram_addon_t* addon) {
  napi_value name;

  return addon->context != NULL ||
         (napi_create_string_utf8(
              addon->env, "DGRAMBATCH", NAPI_AUTO_LENGTH, &name) == napi_ok &&
          napi_async_init(addon->env, NULL, name, &addon->context) == napi_ok);
}

bool dgram_addon_open_scope(dgram_addon_t* addon, dgram_addon_scope_t* scope) {
  napi_env env = addon->env;

  if (addon->core.closing ||
      napi_open_handle_scope(env, &scope->handles) != napi_ok)
    return false;
  if (ensure_context(addon) &&
      napi_open_callback_scope(env, NULL, addon->context, &scope->callback) ==
          napi_ok) {
    addon->active_calls++;
    return true;
  }
  napi_close_handle_scope(env, scope->handles);
  return false;
}

void dgram_addon_close_scope(dgram_addon_t* addon,
                             const dgram_addon_scope_t* scope) {
  napi_close_callback_scope(addon->env, scope->callback);
  napi_close_handle_scope(addon->env, scope->handles);
  addon->active_calls--;
}

/* Returns true when the call that ended with `error` was terminated (DevTools'
 * Runtime.terminateExecution). A termination looks like `throw null`, but no
 * `finally` runs: lib/ still counts the call as active. */
static bool was_terminated(const dgram_addon_t* addon, napi_value error) {
  napi_valuetype type;
  void* data;
  size_t size;

  if (napi_typeof(addon->env, error, &type) != napi_ok || type != napi_null ||
      !dgram_napi_find_memory(
          addon->env, addon->active_calls_memory, &data, &size) ||
      *(uint32_t*) data < addon->active_calls)
    return false;
  *(uint32_t*) data = addon->active_calls - 1;
  return true;
}

static bool hook_function(const dgram_addon_t* addon,
                          dgram_hook_t hook,
                          napi_value* out) {
  *out = NULL;
  return addon->hooks[hook] != NULL &&
         napi_get_reference_value(addon->env, addon->hooks[hook], out) ==
             napi_ok &&
         *out != NULL;
}

/* Calls hook.terminated, which restores Node's state after a termination. No
 * listener is notified. */
static bool run_terminated_hook(const dgram_addon_t* addon) {
  napi_env env = addon->env;
  napi_value function;
  napi_value receiver;
  napi_value result;

  if (!hook_function(addon, DGRAM_HOOK_TERMINATED, &function) ||
      napi_get_global(env, &receiver) != napi_ok)
    return false;
  if (napi_call_function(env, receiver, function, 0, NULL, &result) == napi_ok)
    return true;
  (void) napi_get_and_clear_last_exception(env, &result);
  return false;
}

/* Reports the exception of a hook, while its scope is open. Deferred datagrams
 * leave before a handler runs. */
static dgram_call_result_t report_exception(const dgram_addon_t* addon) {
  napi_env env = addon->env;
  napi_value error;
  bool thrown = false;

  if (napi_is_exception_pending(env, &thrown) != napi_ok || !thrown ||
      napi_get_and_clear_last_exception(env, &error) != napi_ok)
    return DGRAM_CALL_STOPPED;
  dgram_send_batches_flush_deferred(&addon->watched);
  if (was_terminated(addon, error) && run_terminated_hook(addon))
    return DGRAM_CALL_THREW;
  return napi_fatal_exception(env, error) == napi_ok ? DGRAM_CALL_THREW
                                                     : DGRAM_CALL_STOPPED;
}

dgram_call_result_t dgram_addon_call_hook(const dgram_addon_t* addon,
                                          dgram_hook_t hook,
                                          size_t argc,
                                          const napi_value* argv,
                                          napi_value* result) {
  napi_env env = addon->env;
  napi_value function;
  napi_value receiver;

  if (!hook_function(addon, hook, &function) ||
      napi_get_global(env, &receiver) != napi_ok)
    return DGRAM_CALL_STOPPED;
  if (napi_call_function(env, receiver, function, argc, argv, result) ==
      napi_ok)
    return DGRAM_CALL_RETURNED;
  return report_exception(addon);
}

/* Calls a hook as Node calls a callback: exceptions go to 'uncaughtException',
 * and ticks and microtasks are drained afterwards. */
static void call_in_scope(dgram_addon_t* addon,
                          dgram_hook_t hook,
                          const uint32_t* numbers,
                          size_t count) {
  napi_value argv[3];
  napi_value result;
  dgram_addon_scope_t scope;
  size_t i;

  if (!dgram_addon_open_scope(addon, &scope))
    return;
  for (i = 0; i < count; i++)
    if (napi_create_int32(addon->env, (int32_t) numbers[i], &argv[i]) !=
        napi_ok)
      break;
  if (i == count)
    (void) dgram_addon_call_hook(addon, hook, count, argv, &result);
  dgram_addon_close_scope(addon, &scope);
}

/* Returns true when no socket is open, and no hook call that could open one is
 * on the stack. At the end of the environment on_idle() of module.c releases
 * everything. */
static bool is_unused(const dgram_addon_t* addon) {
  return addon->active_calls == 0 && addon->core.sockets_open == 0 &&
         !addon->core.closing;
}

void dgram_addon_release_unused(dgram_addon_t* addon) {
  napi_handle_scope scope;

  if (is_unused(addon) && addon->core.inboxes_count > 1) {
    dgram_addon_release_inboxes(addon, 1);
    addon->core.inboxes_count = 1;
    call_in_scope(addon, DGRAM_HOOK_IDLE, NULL, 0);
  }
  if (is_unused(addon) && addon->context != NULL &&
      napi_open_handle_scope(addon->env, &scope) == napi_ok) {
    napi_async_destroy(addon->env, addon->context);
    addon->context = NULL;
    napi_close_handle_scope(addon->env, scope);
  }
}

void dgram_addon_call_back(dgram_addon_t* addon,
                           dgram_hook_t hook,
                           const uint32_t* numbers,
                           size_t count) {
  call_in_scope(addon, hook, numbers, count);
  dgram_addon_release_unused(addon);
}

void dgram_addon_on_complete(dgram_socket_t* socket,
                             uint32_t ticket,
                             int status,
                             size_t length) {
  dgram_addon_t* addon = socket->env->data;
  const uint32_t numbers[] = {ticket, (uint32_t) status, (uint32_t) length};

  addon->core.sent += status == 0;
  if (ticket != 0)
    dgram_addon_call_back(
        addon, DGRAM_HOOK_COMPLETE, numbers, DGRAM_COUNT_OF(numbers));
}

void dgram_addon_on_drained(dgram_socket_t* socket) {
  dgram_addon_call_back(socket->env->data, DGRAM_HOOK_DRAINED, &socket->id, 1);
}

void dgram_addon_on_dropped(dgram_socket_t* socket, uint64_t count) {
  dgram_addon_t* addon = socket->env->data;
  /* lib/ receives int32. More in one interval is not possible in practice. */
  const uint32_t numbers[] = {socket->id,
                              count > INT32_MAX ? INT32_MAX : (uint32_t) count};

  dgram_addon_call_back(
      addon, DGRAM_HOOK_DROPPED, numbers, DGRAM_COUNT_OF(numbers));
}

void dgram_addon_on_closed(dgram_socket_t* socket) {
  dgram_addon_t* addon = socket->env->data;

  if (socket->notify_closed)
    dgram_addon_call_back(addon, DGRAM_HOOK_CLOSED, &socket->id, 1);
  dgram_addon_release_unused(addon);
}

/* Throws the TypeError for a hook that is not a function. */
static napi_status reject_hook(napi_env env, const char* name) {
  char text[64];

  snprintf(text, sizeof(text), "hook(): `%s` must be a function", name);
  napi_throw_type_error(env, NULL, text);
  return napi_function_expected;
}

/* Reads hook `i`. `*out` is NULL for an optional hook that is undefined. */
static napi_status read_hook(napi_env env,
                             napi_value hooks,
                             size_t i,
                             napi_value* out) {
  napi_valuetype type = napi_undefined;
  napi_status status = napi_get_named_property(env, hooks, hook_names[i], out);

  if (status == napi_ok)
    status = napi_typeof(env, *out, &type);
  if (status != napi_ok || type == napi_function)
    return status;
  *out = NULL;
  if (type == napi_undefined && i >= HOOKS_REQUIRED)
    return napi_ok;
  return reject_hook(env, hook_names[i]);
}

/* hook(hooks): stores the functions that C calls, see dgram_hook_t. Returns an
 * ArrayBuffer of one uint32, in which lib/ counts the active calls of hooks.
 * was_terminated() compares it with the count of C. */
static napi_value js_hook(napi_env env, napi_callback_info info) {
  dgram_addon_t* addon = dgram_addon_of(env);
  napi_value functions[DGRAM_HOOKS];
  napi_value hooks;
  size_t argc = 1;
  size_t i;

  DGRAM_TRY(env, napi_get_cb_info(env, info, &argc, &hooks, NULL, NULL));
  for (i = 0; i < DGRAM_HOOKS; i++)
    DGRAM_TRY(env, read_hook(env, hooks, i, &functions[i]));
  for (i = 0; i < DGRAM_HOOKS; i++) {
    dgram_napi_delete_ref(addon->env, &addon->hooks[i]);
    if (functions[i] != NULL)
      DGRAM_TRY(env,
                napi_create_reference(env, functions[i], 1, &addon->hooks[i]));
  }
  if (addon->active_calls_memory == NULL)
    DGRAM_TRY(env,
              dgram_napi_create_memory(
                  env, sizeof(uint32_t), &addon->active_calls_memory));
  DGRAM_TRY(env,
            napi_get_reference_value(env, addon->active_calls_memory, &hooks));
  return hooks;
}

/* fatal(error): reports an exception of a callback to 'uncaughtException', and
 * returns if a listener handles it. Deferred datagrams leave before. */
static napi_value js_fatal(napi_env env, napi_callback_info info) {
  napi_value error;
  size_t argc = 1;

  DGRAM_TRY(env, napi_get_cb_info(env, info, &argc, &error, NULL, NULL));
  dgram_send_batches_flush_deferred(&dgram_addon_of(env)->watched);
  DGRAM_TRY(env, napi_fatal_exception(env, error));
  return NULL;
}

void dgram_addon_release_hooks(dgram_addon_t* addon) {
  uint32_t i;

  for (i = 0; i < DGRAM_HOOKS; i++)
    dgram_napi_delete_ref(addon->env, &addon->hooks[i]);
  dgram_napi_delete_ref(addon->env, &addon->active_calls_memory);
  if (addon->context != NULL)
    napi_async_destroy(addon->env, addon->context);
  addon->context = NULL;
}

static const napi_property_descriptor functions[] = {
    DGRAM_NAPI_FUNCTION("fatal", js_fatal),
    DGRAM_NAPI_FUNCTION("hook", js_hook),
};

napi_status dgram_addon_export_hooks(napi_env env, napi_value exports) {
  return napi_define_properties(
      env, exports, DGRAM_COUNT_OF(functions), functions);
}
