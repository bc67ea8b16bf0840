/* The JavaScript face of the C core: module initialisation, one record per
 * environment, the native methods of a socket handle. Nothing below this file
 * knows of JavaScript. Rule P of env.h, on pointers, is kept in all of it. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <node_api.h>
#include <uv.h>

#include "addon/napi_util.h"
#include "core/address.h"
#include "core/batch.h"
#include "core/env.h"
#include "core/send_batches.h"
#include "core/socket.h"
#include "platform/platform.h"
#include "transport/transport.h"

/* Long enough for any address, a zone or the name of an interface. */
#define TEXT_MAX 256

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* The memory that lib/batch/outbox.js fills. */
typedef struct {
  napi_ref sends;
  napi_ref arena;
} send_batch_t;

/* Functions of lib/; see js_hook(). */
typedef enum {
  HOOK_DELIVER,    /* (id, inbox): hands out datagrams, see deliver_t */
  HOOK_COMPLETE,   /* (ticket, status, length): a queued send is done */
  HOOK_CLOSED,     /* (id): a socket is closed */
  HOOK_TERMINATED, /* (): JavaScript was terminated and may go on */
  HOOK_IDLE,       /* (): no socket is open; spare inboxes were given up */
  HOOK_STALLED, /* (): the loop goes on, and a watched send batch has not left
                 */
  HOOKS,
} hook_t;

static const char* const hook_names[HOOKS] =
    {"deliver", "complete", "closed", "terminated", "idle", "stalled"};

/* Hooks that there must be. */
#define HOOKS_NEEDED 3

/* One environment: the main thread or a worker. */
typedef struct {
  dgram_env_t core;
  napi_env env;
  napi_async_cleanup_hook_handle cleanup;
  /* Of calls into lib/, which has a resource for each datagram and completion.
   * Only while sockets are open: it is a resource that others can see. */
  napi_async_context context;
  napi_ref hooks[HOOKS];
  napi_ref running; /* lib/ counts in it the calls that have not returned */
  uint32_t calls;   /* the same, counted here */
  struct {
    napi_ref memory;
    uint32_t name; /* changes with the memory */
  } inboxes[DGRAM_INBOXES];
  uint32_t inboxes_made;
  send_batch_t* send_batches;
  uint32_t send_batches_count;
  dgram_send_batches_t
      watched;          /* those of them that lib/batch/outbox.js uses */
  uv_prepare_t prepare; /* looks at the watched send batches in each turn */
  bool has_prepare;     /* it is initialised, and not closed */
} addon_t;

/* Never NULL: the record is set before the first function exists, and freed
 * with the environment. */
static addon_t* addon_of(napi_env env) {
  void* addon = NULL;

  (void) napi_get_instance_data(env, &addon);
  return addon;
}

/* -- Memory that JavaScript sees ------------------------------------------ */

static void drop(addon_t* addon, napi_ref* ref) {
  if (*ref != NULL)
    napi_delete_reference(addon->env, *ref);
  *ref = NULL;
}

static napi_status make_memory(napi_env env, size_t size, napi_ref* out) {
  napi_value buffer;
  napi_status status = napi_create_arraybuffer(env, size, NULL, &buffer);

  if (status != napi_ok)
    return status;
  return napi_create_reference(env, buffer, 1, out);
}

/* The bytes of a buffer that make_memory() made; none when JavaScript has
 * detached it, which is why no pointer to them outlives a call of its. */
static bool memory_of(napi_env env, napi_ref ref, void** data, size_t* size) {
  napi_value buffer = NULL;

  return ref != NULL &&
         napi_get_reference_value(env, ref, &buffer) == napi_ok &&
         buffer != NULL &&
         napi_get_arraybuffer_info(env, buffer, data, size) == napi_ok &&
         *data != NULL;
}

/* The low bits of an inbox's name are its place. */
static napi_status make_inbox(addon_t* addon, uint32_t place, uint32_t slots) {
  napi_ref* memory = &addon->inboxes[place].memory;

  drop(addon, memory);
  addon->inboxes[place].name =
      place | ++addon->inboxes_made % (1u << 20) * DGRAM_INBOXES;
  return make_memory(
      addon->env,
      DGRAM_INBOX_RECV_BUFFER + (size_t) slots * DGRAM_RECV_SLOT_SIZE,
      memory);
}

/* Makes the first inbox with the first socket that receives: an environment
 * that only sends does not need it. */
static napi_status need_inbox(addon_t* addon) {
  if (addon->inboxes[0].memory != NULL)
    return napi_ok;
  if (addon->core.settings.keep_heap)
    dgram_platform_keep_heap();
  return make_inbox(addon, 0, DGRAM_RECV_SLOTS);
}

static uint32_t place_of(const dgram_env_t* core, const dgram_inbox_t* inbox) {
  return (uint32_t) (inbox - core->inboxes);
}

static bool look_up_inbox(const addon_t* addon, dgram_inbox_t* inbox) {
  void* data;
  size_t size;

  if (!memory_of(addon->env,
                 addon->inboxes[place_of(&addon->core, inbox)].memory,
                 &data,
                 &size))
    return false;
  inbox->cursor = &((dgram_inbox_head_t*) data)->cursor;
  inbox->runs = ((dgram_inbox_head_t*) data)->runs;
  inbox->texts = ((dgram_inbox_head_t*) data)->texts;
  inbox->recv_buffer = (uint8_t*) data + DGRAM_INBOX_RECV_BUFFER;
  return true;
}

static bool on_acquire(dgram_env_t* core, dgram_inbox_t* inbox) {
  addon_t* addon = core->data;
  napi_handle_scope scope;
  bool ok;

  if (napi_open_handle_scope(addon->env, &scope) != napi_ok)
    return false;
  ok = look_up_inbox(addon, inbox) ||
       (make_inbox(addon, place_of(core, inbox), inbox->slots) == napi_ok &&
        look_up_inbox(addon, inbox));
  napi_close_handle_scope(addon->env, scope);
  return ok;
}

/* -- Calling into JavaScript ---------------------------------------------- */

/* Around every call of a hook. A hook drains ticks itself, and what they throw
 * leaves its mark on the stack of async ids. 'uncaughtException' wipes that
 * out, and must do so before the callback scope is closed: Node aborts when the
 * stack does not match. napi_make_callback() would have closed it first. */
typedef struct {
  napi_handle_scope handles;
  napi_callback_scope callback;
} scope_t;

/* What came of calling a hook. */
typedef enum {
  CALL_RETURNED,
  CALL_THREW,   /* 'uncaughtException' has dealt with it */
  CALL_STOPPED, /* JavaScript cannot run: the thread is terminating */
} call_result_t;

/* What hook.deliver returns. */
typedef enum {
  DELIVER_DONE = 0,
  DELIVER_MORE = 1,  /* the budget is used up, or it wants a new scope */
  DELIVER_THREW = 2, /* it is done, and the last listener threw */
} deliver_t;

static bool need_context(addon_t* addon) {
  napi_value name;

  return addon->context != NULL ||
         (napi_create_string_utf8(
              addon->env, "DGRAMBATCH", NAPI_AUTO_LENGTH, &name) == napi_ok &&
          napi_async_init(addon->env, NULL, name, &addon->context) == napi_ok);
}

static bool open_scope(addon_t* addon, scope_t* scope) {
  napi_env env = addon->env;

  if (addon->core.closing ||
      napi_open_handle_scope(env, &scope->handles) != napi_ok)
    return false;
  if (need_context(addon) &&
      napi_open_callback_scope(env, NULL, addon->context, &scope->callback) ==
          napi_ok) {
    addon->calls++;
    return true;
  }
  napi_close_handle_scope(env, scope->handles);
  return false;
}

static void close_scope(addon_t* addon, const scope_t* scope) {
  napi_close_callback_scope(addon->env, scope->callback);
  napi_close_handle_scope(addon->env, scope->handles);
  addon->calls--;
}

/* Whether the call that ended with `error` was terminated (DevTools'
 * Runtime.terminateExecution), and did not throw a null of its own: no
 * `finally` runs then, so lib/ has not counted it as done. */
static bool was_terminated(const addon_t* addon, napi_value error) {
  napi_valuetype type;
  void* data;
  size_t size;

  if (napi_typeof(addon->env, error, &type) != napi_ok || type != napi_null ||
      !memory_of(addon->env, addon->running, &data, &size) ||
      *(uint32_t*) data < addon->calls)
    return false;
  *(uint32_t*) data = addon->calls - 1;
  return true;
}

static bool hook_function(const addon_t* addon, hook_t hook, napi_value* out) {
  *out = NULL;
  return addon->hooks[hook] != NULL &&
         napi_get_reference_value(addon->env, addon->hooks[hook], out) ==
             napi_ok &&
         *out != NULL;
}

/* Has lib/ tidy up after a termination, with nobody told. */
static bool tidy_up(const addon_t* addon) {
  napi_env env = addon->env;
  napi_value function;
  napi_value receiver;
  napi_value result;

  if (!hook_function(addon, HOOK_TERMINATED, &function) ||
      napi_get_global(env, &receiver) != napi_ok)
    return false;
  if (napi_call_function(env, receiver, function, 0, NULL, &result) == napi_ok)
    return true;
  (void) napi_get_and_clear_last_exception(env, &result);
  return false;
}

/* Tells what a hook threw, while its scope is open. */
static call_result_t tell(const addon_t* addon) {
  napi_env env = addon->env;
  napi_value error;
  bool thrown = false;

  if (napi_is_exception_pending(env, &thrown) != napi_ok || !thrown ||
      napi_get_and_clear_last_exception(env, &error) != napi_ok)
    return CALL_STOPPED;
  if (was_terminated(addon, error) && tidy_up(addon))
    return CALL_THREW;
  return napi_fatal_exception(env, error) == napi_ok ? CALL_THREW
                                                     : CALL_STOPPED;
}

/* Calls a hook within an open scope. */
static call_result_t call_hook(const addon_t* addon,
                               hook_t hook,
                               size_t argc,
                               const napi_value* argv,
                               napi_value* result) {
  napi_env env = addon->env;
  napi_value function;
  napi_value receiver;

  if (!hook_function(addon, hook, &function) ||
      napi_get_global(env, &receiver) != napi_ok)
    return CALL_STOPPED;
  if (napi_call_function(env, receiver, function, argc, argv, result) ==
      napi_ok)
    return CALL_RETURNED;
  return tell(addon);
}

/* Calls a hook as Node calls back: ticks and microtasks are drained afterwards,
 * what it throws goes to 'uncaughtException'. */
static void call_in_scope(addon_t* addon,
                          hook_t hook,
                          const uint32_t* numbers,
                          size_t count) {
  napi_value argv[3];
  napi_value result;
  scope_t scope;
  size_t i;

  if (!open_scope(addon, &scope))
    return;
  for (i = 0; i < count; i++)
    if (napi_create_int32(addon->env, (int32_t) numbers[i], &argv[i]) !=
        napi_ok)
      break;
  if (i == count)
    (void) call_hook(addon, hook, count, argv, &result);
  close_scope(addon, &scope);
}

/* Whether no socket is open, and no call into lib/ is on the stack, which may
 * open one. At the end of the environment see on_idle(). */
static bool is_at_rest(const addon_t* addon) {
  return addon->calls == 0 && addon->core.sockets_open == 0 &&
         !addon->core.closing;
}

/* What others could see of us goes, and memory that was made for a while. */
static void rest(addon_t* addon) {
  napi_handle_scope scope;
  uint32_t i;

  if (is_at_rest(addon) && addon->core.inboxes_count > 1) {
    for (i = 1; i < DGRAM_INBOXES; i++)
      drop(addon, &addon->inboxes[i].memory);
    addon->core.inboxes_count = 1;
    call_in_scope(addon, HOOK_IDLE, NULL, 0);
  }
  if (is_at_rest(addon) && addon->context != NULL &&
      napi_open_handle_scope(addon->env, &scope) == napi_ok) {
    napi_async_destroy(addon->env, addon->context);
    addon->context = NULL;
    napi_close_handle_scope(addon->env, scope);
  }
}

static void call_back(addon_t* addon,
                      hook_t hook,
                      const uint32_t* numbers,
                      size_t count) {
  call_in_scope(addon, hook, numbers, count);
  rest(addon);
}

/* A batch that is being delivered. */
typedef struct {
  addon_t* addon;
  dgram_inbox_t* inbox;
  dgram_wake_up_t* wake_up;
  napi_value argv[2];
  int reads; /* messages, after listeners that threw */
} batch_t;

static bool is_over(const batch_t* batch) {
  return batch->inbox->socket->closing ||
         !look_up_inbox(batch->addon, batch->inbox) ||
         batch->inbox->cursor->run >= batch->inbox->count;
}

/* A datagram that made the hook throw before anything has moved on since
 * `before` is lost, or there would be no end to it. */
static void leave_behind(const batch_t* batch, const dgram_cursor_t* before) {
  dgram_inbox_t* inbox = batch->inbox;
  const dgram_cursor_t* now;

  if (!look_up_inbox(batch->addon, inbox))
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
static call_result_t deliver_some(const batch_t* batch, int32_t* more) {
  addon_t* addon = batch->addon;
  dgram_inbox_t* inbox = batch->inbox;
  const dgram_cursor_t before = *inbox->cursor;
  napi_value value;
  call_result_t result;

  inbox->cursor->budget = dgram_wake_up_budget(batch->wake_up, inbox->left);
  inbox->cursor->block = inbox->socket->block;
  result = call_hook(addon, HOOK_DELIVER, 2, batch->argv, &value);
  if (result == CALL_RETURNED &&
      napi_get_value_int32(addon->env, value, more) != napi_ok)
    return CALL_STOPPED;
  if (result != CALL_THREW)
    return result;
  leave_behind(batch, &before);
  *more = is_over(batch) ? DELIVER_THREW : DELIVER_MORE;
  return result;
}

/* As with Node the next datagram is delivered before the ticks of a listener
 * that threw. They run when the scope is closed, so it is read before. */
static bool read_on(batch_t* batch) {
  return batch->reads++ < (int) DGRAM_RECV_SLOTS &&
         look_up_inbox(batch->addon, batch->inbox) &&
         dgram_env_read_on(batch->inbox);
}

/* Calls hook.deliver until it returns without a throw, or until it is late. */
static call_result_t deliver_in_scope(batch_t* batch,
                                      int32_t* more,
                                      bool* late) {
  call_result_t result;
  bool threw;

  do {
    result = deliver_some(batch, more);
    *late =
        look_up_inbox(batch->addon, batch->inbox) &&
        dgram_wake_up_take(batch->wake_up, dgram_inbox_passed(batch->inbox));
    if (result == CALL_STOPPED)
      return result;
    threw = result == CALL_THREW || *more == DELIVER_THREW;
    if (*more == DELIVER_THREW)
      *more = read_on(batch) ? DELIVER_MORE : DELIVER_DONE;
  } while (threw && *more == DELIVER_MORE && !*late && !is_over(batch));
  return result;
}

/* Returns DGRAM_PAUSED, and `*late` false, when it is to be called again. */
static dgram_delivery_t deliver_next(batch_t* batch, bool* late) {
  addon_t* addon = batch->addon;
  dgram_inbox_t* inbox = batch->inbox;
  napi_env env = addon->env;
  uint32_t name = addon->inboxes[place_of(&addon->core, inbox)].name;
  call_result_t result = CALL_STOPPED;
  int32_t more = DELIVER_DONE;
  scope_t scope;

  *late = true;
  if (!look_up_inbox(addon, inbox) || !open_scope(addon, &scope))
    return DGRAM_DROPPED;
  if (napi_create_uint32(env, inbox->socket->id, &batch->argv[0]) == napi_ok &&
      napi_create_uint32(env, name, &batch->argv[1]) == napi_ok)
    result = deliver_in_scope(batch, &more, late);
  close_scope(addon, &scope);
  rest(addon);
  if (result == CALL_STOPPED)
    return DGRAM_DROPPED;
  return more == DELIVER_MORE && !is_over(batch) ? DGRAM_PAUSED
                                                 : DGRAM_DELIVERED;
}

static dgram_delivery_t on_deliver(dgram_inbox_t* inbox,
                                   dgram_wake_up_t* wake_up) {
  addon_t* addon = inbox->socket->env->data;
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

static void on_complete(dgram_socket_t* socket,
                        uint32_t ticket,
                        int status,
                        size_t length) {
  addon_t* addon = socket->env->data;
  const uint32_t numbers[] = {ticket, (uint32_t) status, (uint32_t) length};

  addon->core.sent += status == 0;
  if (ticket != 0)
    call_back(addon, HOOK_COMPLETE, numbers, COUNT_OF(numbers));
}

/* -- Life of a socket ------------------------------------------------------ */

static void on_closed(dgram_socket_t* socket) {
  addon_t* addon = socket->env->data;

  if (socket->wants_closed)
    call_back(addon, HOOK_CLOSED, &socket->id, 1);
  rest(addon);
}

static void start_prepare(addon_t* addon);

static napi_value js_init(napi_env env, napi_callback_info info) {
  addon_t* addon = addon_of(env);
  dgram_socket_t* socket;
  napi_value id;
  int rc;

  (void) info;
  rc = dgram_socket_new(&addon->core, &socket);
  if (rc != 0) {
    dgram_napi_throw_uv(env, rc, NULL);
    return NULL;
  }
  start_prepare(addon);
  DGRAM_TRY(env, napi_create_uint32(env, socket->id, &id));
  return id;
}

/* -- Methods of a handle --------------------------------------------------- */

/* The socket that `handle` names with its `id`, or NULL. The object could be
 * anybody's, its `id` anything: a number that names no open socket of this
 * environment is found out, one that names another socket reaches that one. */
static dgram_socket_t* socket_of(napi_env env, napi_value handle) {
  napi_value value;
  uint32_t id;

  if (napi_get_named_property(env, handle, "id", &value) != napi_ok) {
    (void) napi_get_and_clear_last_exception(env, &value);
    return NULL;
  }
  if (napi_get_value_uint32(env, value, &id) != napi_ok)
    return NULL;
  return dgram_env_socket(&addon_of(env)->core, id);
}

/* Reads the arguments of a method into `argv` (absent ones are undefined), and
 * the receiver. Its socket is looked up last, when every argument has been
 * converted: that may run JavaScript, which may close it (P in env.h). */
static napi_status arguments_of(napi_env env,
                                napi_callback_info info,
                                size_t argc,
                                napi_value* argv,
                                napi_value* self) {
  return napi_get_cb_info(env, info, &argc, argv, self, NULL);
}

/* The receiver's socket, or NULL, for a method without arguments. */
static dgram_socket_t* receiver_of(napi_env env, napi_callback_info info) {
  napi_value self;

  if (arguments_of(env, info, 0, NULL, &self) != napi_ok)
    return NULL;
  return socket_of(env, self);
}

static napi_value code_value(napi_env env, int code) {
  napi_value value;

  DGRAM_TRY(env, napi_create_int32(env, code, &value));
  return value;
}

static napi_value number_value(napi_env env, double number) {
  napi_value value;

  DGRAM_TRY(env, napi_create_double(env, number, &value));
  return value;
}

static napi_value bool_value(napi_env env, bool truth) {
  napi_value value;

  DGRAM_TRY(env, napi_get_boolean(env, truth, &value));
  return value;
}

/* A method that passes one number on, as most options do. */
static napi_value with_int32(napi_env env,
                             napi_callback_info info,
                             int (*set)(dgram_socket_t*, int)) {
  napi_value argv[1];
  napi_value self;
  dgram_socket_t* socket;
  int32_t value;

  DGRAM_TRY(env, arguments_of(env, info, 1, argv, &self));
  DGRAM_TRY(env, dgram_napi_int32(env, argv[0], &value));
  socket = socket_of(env, self);
  return code_value(env, socket == NULL ? UV_EBADF : set(socket, value));
}

static napi_value with_nothing(napi_env env,
                               napi_callback_info info,
                               int (*act)(dgram_socket_t*)) {
  dgram_socket_t* socket = receiver_of(env, info);

  return code_value(env, socket == NULL ? UV_EBADF : act(socket));
}

static napi_value js_open(napi_env env, napi_callback_info info) {
  return with_int32(env, info, dgram_socket_open);
}

static napi_value js_adopt(napi_env env, napi_callback_info info) {
  return with_int32(env, info, dgram_socket_adopt);
}

static napi_value js_share(napi_env env, napi_callback_info info) {
  return with_nothing(env, info, dgram_socket_share);
}

/* Reads an address in text. Returns 0 or UV_EINVAL. */
static int read_address(napi_env env,
                        napi_value value,
                        int family,
                        uint32_t port,
                        dgram_address_t* out) {
  char text[TEXT_MAX];
  int rc = dgram_napi_text(env, value, text, sizeof(text));

  /* Node keeps the low 16 bits of the port. */
  return rc != 0 ? rc : dgram_address_parse(out, family, text, (uint16_t) port);
}

static napi_value bind_to(napi_env env, napi_callback_info info, int family) {
  napi_value argv[3];
  napi_value self;
  dgram_socket_t* socket;
  dgram_address_t address;
  uint32_t port;
  uint32_t flags;
  int rc;

  DGRAM_TRY(env, arguments_of(env, info, COUNT_OF(argv), argv, &self));
  DGRAM_TRY(env, dgram_napi_uint32(env, argv[1], &port));
  DGRAM_TRY(env, dgram_napi_uint32(env, argv[2], &flags));
  rc = read_address(env, argv[0], family, port, &address);
  socket = socket_of(env, self);
  if (socket == NULL)
    rc = UV_EBADF;
  if (rc == 0)
    rc = dgram_socket_bind(socket, &address, flags);
  return code_value(env, rc);
}

static napi_value js_bind(napi_env env, napi_callback_info info) {
  return bind_to(env, info, 4);
}

static napi_value js_bind6(napi_env env, napi_callback_info info) {
  return bind_to(env, info, 6);
}

static napi_value connect_to(napi_env env,
                             napi_callback_info info,
                             int family) {
  napi_value argv[2];
  napi_value self;
  dgram_socket_t* socket;
  dgram_address_t address;
  uint32_t port;
  int rc;

  DGRAM_TRY(env, arguments_of(env, info, COUNT_OF(argv), argv, &self));
  DGRAM_TRY(env, dgram_napi_uint32(env, argv[1], &port));
  rc = read_address(env, argv[0], family, port, &address);
  socket = socket_of(env, self);
  if (socket == NULL)
    rc = UV_EBADF;
  if (rc == 0)
    rc = dgram_socket_connect(socket, &address);
  return code_value(env, rc);
}

static napi_value js_connect(napi_env env, napi_callback_info info) {
  return connect_to(env, info, 4);
}

static napi_value js_connect6(napi_env env, napi_callback_info info) {
  return connect_to(env, info, 6);
}

static napi_value js_disconnect(napi_env env, napi_callback_info info) {
  return with_nothing(env, info, dgram_socket_disconnect);
}

/* Sets what Node sets for an address: for one that is no IP address only an
 * empty `address`. */
static napi_status set_address(napi_env env,
                               napi_value target,
                               const dgram_peer_text_t* text) {
  napi_status status;

  status =
      dgram_napi_set_string(env, target, "address", text->text, text->length);
  if (status != napi_ok || text->family == 0)
    return status;
  status = dgram_napi_set_string(
      env, target, "family", text->family == 4 ? "IPv4" : "IPv6", 4);
  if (status != napi_ok)
    return status;
  return dgram_napi_set_number(env, target, "port", text->port);
}

static napi_value get_name(napi_env env,
                           napi_callback_info info,
                           int (*get)(const dgram_socket_t*,
                                      dgram_address_t*)) {
  napi_value argv[1];
  napi_value self;
  const dgram_socket_t* socket;
  dgram_address_t address;
  dgram_peer_text_t text;
  int rc;

  DGRAM_TRY(env, arguments_of(env, info, 1, argv, &self));
  memset(&address, 0, sizeof(address));
  socket = socket_of(env, self);
  rc = socket == NULL ? UV_EBADF : get(socket, &address);
  if (rc != 0)
    return code_value(env, rc);
  dgram_address_describe(&address.any, &text);
  if (text.family != 0 && text.error != 0) {
    dgram_napi_throw_uv(env, text.error, "uv_if_indextoiid");
    return NULL;
  }
  DGRAM_TRY(env, set_address(env, argv[0], &text));
  return code_value(env, 0);
}

static napi_value js_getsockname(napi_env env, napi_callback_info info) {
  return get_name(env, info, dgram_socket_name);
}

static napi_value js_getpeername(napi_env env, napi_callback_info info) {
  return get_name(env, info, dgram_socket_peer);
}

/* Reads the address of an interface; `*out` is NULL for undefined and null:
 * the system's choice. */
static int read_interface(napi_env env,
                          napi_value value,
                          char* text,
                          size_t size,
                          const char** out) {
  napi_valuetype type;

  *out = NULL;
  if (napi_typeof(env, value, &type) != napi_ok)
    return UV_EINVAL;
  if (type == napi_undefined || type == napi_null)
    return 0;
  *out = text;
  return dgram_napi_text(env, value, text, size);
}

static napi_value set_membership(napi_env env,
                                 napi_callback_info info,
                                 uv_membership membership) {
  napi_value argv[2];
  napi_value self;
  dgram_socket_t* socket;
  char group[TEXT_MAX];
  char buffer[TEXT_MAX];
  const char* interface_address = NULL;
  int rc;

  DGRAM_TRY(env, arguments_of(env, info, COUNT_OF(argv), argv, &self));
  rc = dgram_napi_text(env, argv[0], group, sizeof(group));
  if (rc == 0)
    rc = read_interface(
        env, argv[1], buffer, sizeof(buffer), &interface_address);
  socket = socket_of(env, self);
  if (socket == NULL)
    rc = UV_EBADF;
  if (rc == 0)
    rc = dgram_socket_set_membership(
        socket, group, interface_address, membership);
  return code_value(env, rc);
}

static napi_value js_add_membership(napi_env env, napi_callback_info info) {
  return set_membership(env, info, UV_JOIN_GROUP);
}

static napi_value js_drop_membership(napi_env env, napi_callback_info info) {
  return set_membership(env, info, UV_LEAVE_GROUP);
}

static napi_value set_source_membership(napi_env env,
                                        napi_callback_info info,
                                        uv_membership membership) {
  napi_value argv[3];
  napi_value self;
  dgram_socket_t* socket;
  char source[TEXT_MAX];
  char group[TEXT_MAX];
  char buffer[TEXT_MAX];
  const char* interface_address = NULL;
  int rc;

  DGRAM_TRY(env, arguments_of(env, info, COUNT_OF(argv), argv, &self));
  rc = dgram_napi_text(env, argv[0], source, sizeof(source));
  if (rc == 0)
    rc = dgram_napi_text(env, argv[1], group, sizeof(group));
  if (rc == 0)
    rc = read_interface(
        env, argv[2], buffer, sizeof(buffer), &interface_address);
  socket = socket_of(env, self);
  if (socket == NULL)
    rc = UV_EBADF;
  if (rc == 0)
    rc = dgram_socket_set_source_membership(
        socket, group, interface_address, source, membership);
  return code_value(env, rc);
}

static napi_value js_add_source_membership(napi_env env,
                                           napi_callback_info info) {
  return set_source_membership(env, info, UV_JOIN_GROUP);
}

static napi_value js_drop_source_membership(napi_env env,
                                            napi_callback_info info) {
  return set_source_membership(env, info, UV_LEAVE_GROUP);
}

static napi_value js_set_multicast_interface(napi_env env,
                                             napi_callback_info info) {
  napi_value argv[1];
  napi_value self;
  dgram_socket_t* socket;
  char text[TEXT_MAX];
  int rc;

  DGRAM_TRY(env, arguments_of(env, info, 1, argv, &self));
  rc = dgram_napi_text(env, argv[0], text, sizeof(text));
  socket = socket_of(env, self);
  if (socket == NULL)
    rc = UV_EBADF;
  if (rc == 0)
    rc = dgram_socket_set_multicast_interface(socket, text);
  return code_value(env, rc);
}

static napi_value js_set_multicast_ttl(napi_env env, napi_callback_info info) {
  return with_int32(env, info, dgram_socket_set_multicast_ttl);
}

static napi_value js_set_multicast_loopback(napi_env env,
                                            napi_callback_info info) {
  return with_int32(env, info, dgram_socket_set_multicast_loop);
}

static napi_value js_set_broadcast(napi_env env, napi_callback_info info) {
  return with_int32(env, info, dgram_socket_set_broadcast);
}

static napi_value js_set_ttl(napi_env env, napi_callback_info info) {
  return with_int32(env, info, dgram_socket_set_ttl);
}

static napi_value js_buffer_size(napi_env env, napi_callback_info info) {
  napi_value argv[3];
  napi_value self;
  dgram_socket_t* socket;
  uint32_t wanted;
  bool is_recv;
  int size;
  int rc;

  DGRAM_TRY(env, arguments_of(env, info, COUNT_OF(argv), argv, &self));
  DGRAM_TRY(env, dgram_napi_uint32(env, argv[0], &wanted));
  DGRAM_TRY(env, dgram_napi_bool(env, argv[1], &is_recv));
  rc = wanted > INT32_MAX ? UV_EINVAL : 0;
  size = (int) wanted;
  socket = socket_of(env, self);
  if (socket == NULL)
    return code_value(env, UV_EBADF);
  if (rc == 0)
    rc = is_recv ? dgram_socket_recv_buffer(socket, &size)
                 : dgram_socket_send_buffer(socket, &size);
  if (rc == 0)
    return code_value(env, size);
  DGRAM_TRY(env,
            dgram_napi_set_uv(
                env,
                argv[2],
                rc,
                is_recv ? "uv_recv_buffer_size" : "uv_send_buffer_size"));
  return NULL;
}

static napi_value js_get_send_queue_size(napi_env env,
                                         napi_callback_info info) {
  const dgram_socket_t* socket = receiver_of(env, info);

  if (socket == NULL || socket->closing)
    return code_value(env, UV_EBADF);
  return number_value(env, (double) dgram_socket_queue_size(socket));
}

static napi_value js_get_send_queue_count(napi_env env,
                                          napi_callback_info info) {
  const dgram_socket_t* socket = receiver_of(env, info);

  if (socket == NULL || socket->closing)
    return code_value(env, UV_EBADF);
  return number_value(env, (double) dgram_socket_queue_count(socket));
}

static napi_value js_recv_start(napi_env env, napi_callback_info info) {
  addon_t* addon = addon_of(env);
  dgram_socket_t* socket;

  DGRAM_TRY(env, need_inbox(addon));
  socket = receiver_of(env, info);
  if (socket == NULL)
    return code_value(env, UV_EBADF);
  if (addon->hooks[HOOK_DELIVER] ==
      NULL) /* hook() was not called: nobody to tell */
    return code_value(env, UV_EINVAL);
  return code_value(env, dgram_socket_start(socket));
}

static napi_value js_recv_stop(napi_env env, napi_callback_info info) {
  return with_nothing(env, info, dgram_socket_stop);
}

static napi_value js_ref(napi_env env, napi_callback_info info) {
  dgram_socket_t* socket = receiver_of(env, info);

  if (socket != NULL)
    dgram_socket_ref(socket);
  return NULL;
}

static napi_value js_unref(napi_env env, napi_callback_info info) {
  dgram_socket_t* socket = receiver_of(env, info);

  if (socket != NULL)
    dgram_socket_unref(socket);
  return NULL;
}

static napi_value js_has_ref(napi_env env, napi_callback_info info) {
  dgram_socket_t* socket = receiver_of(env, info);

  return bool_value(env, socket != NULL && dgram_socket_has_ref(socket));
}

static napi_value js_close(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  napi_value self;
  dgram_socket_t* socket;
  bool wants_closed;

  DGRAM_TRY(env, arguments_of(env, info, 1, argv, &self));
  DGRAM_TRY(env, dgram_napi_bool(env, argv[0], &wants_closed));
  socket = socket_of(env, self);
  if (socket == NULL || socket->closing)
    return code_value(env, UV_EBADF);
  socket->wants_closed = wants_closed;
  dgram_socket_close(socket);
  return code_value(env, 0);
}

static napi_value js_fd(napi_env env, napi_callback_info info) {
  dgram_socket_t* socket = receiver_of(env, info);

  return code_value(env,
                    socket == NULL ? UV_EBADF : dgram_socket_reveal(socket));
}

#define METHOD(name, function)                                                 \
  {                                                                            \
    name, NULL, function, NULL, NULL, NULL,                                    \
        napi_default_method | napi_enumerable, NULL                            \
  }

static const napi_property_descriptor methods[] = {
    METHOD("open", js_open),
    METHOD("adopt", js_adopt),
    METHOD("share", js_share),
    METHOD("bind", js_bind),
    METHOD("bind6", js_bind6),
    METHOD("connect", js_connect),
    METHOD("connect6", js_connect6),
    METHOD("disconnect", js_disconnect),
    METHOD("getsockname", js_getsockname),
    METHOD("getpeername", js_getpeername),
    METHOD("addMembership", js_add_membership),
    METHOD("dropMembership", js_drop_membership),
    METHOD("addSourceSpecificMembership", js_add_source_membership),
    METHOD("dropSourceSpecificMembership", js_drop_source_membership),
    METHOD("setMulticastInterface", js_set_multicast_interface),
    METHOD("setMulticastTTL", js_set_multicast_ttl),
    METHOD("setMulticastLoopback", js_set_multicast_loopback),
    METHOD("setBroadcast", js_set_broadcast),
    METHOD("setTTL", js_set_ttl),
    METHOD("bufferSize", js_buffer_size),
    METHOD("getSendQueueSize", js_get_send_queue_size),
    METHOD("getSendQueueCount", js_get_send_queue_count),
    METHOD("recvStart", js_recv_start),
    METHOD("recvStop", js_recv_stop),
    METHOD("ref", js_ref),
    METHOD("unref", js_unref),
    METHOD("hasRef", js_has_ref),
    METHOD("closeHandle", js_close),
    {"fd",
     NULL,
     NULL,
     js_fd,
     NULL,
     NULL,
     napi_enumerable | napi_configurable,
     NULL},
};

static napi_value js_define(napi_env env, napi_callback_info info) {
  napi_value prototype;
  size_t argc = 1;

  DGRAM_TRY(env, napi_get_cb_info(env, info, &argc, &prototype, NULL, NULL));
  DGRAM_TRY(env,
            napi_define_properties(env, prototype, COUNT_OF(methods), methods));
  return NULL;
}

/* -- Functions of the module ----------------------------------------------- */

/* Reads hook `i`; NULL when it may be missing and is. */
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
  if (type == napi_undefined && i >= HOOKS_NEEDED)
    return napi_ok;
  napi_throw_type_error(env, NULL, "hook() wants functions");
  return napi_function_expected;
}

/* hook(hooks): what C calls, see hook_t. Returns memory of one uint32 in which
 * a hook counts itself while it runs; a termination is known by it. */
static napi_value js_hook(napi_env env, napi_callback_info info) {
  addon_t* addon = addon_of(env);
  napi_value functions[HOOKS];
  napi_value hooks;
  size_t argc = 1;
  size_t i;

  DGRAM_TRY(env, napi_get_cb_info(env, info, &argc, &hooks, NULL, NULL));
  for (i = 0; i < HOOKS; i++)
    DGRAM_TRY(env, read_hook(env, hooks, i, &functions[i]));
  for (i = 0; i < HOOKS; i++) {
    drop(addon, &addon->hooks[i]);
    if (functions[i] != NULL)
      DGRAM_TRY(env,
                napi_create_reference(env, functions[i], 1, &addon->hooks[i]));
  }
  if (addon->running == NULL)
    DGRAM_TRY(env, make_memory(env, sizeof(uint32_t), &addon->running));
  DGRAM_TRY(env, napi_get_reference_value(env, addon->running, &hooks));
  return hooks;
}

/* Makes the memory of a send batch that nobody knows yet. */
static napi_status make_send_batch(napi_env env, send_batch_t* send_batch) {
  napi_status status = make_memory(env, DGRAM_BATCH_SIZE, &send_batch->sends);

  if (status != napi_ok)
    return status;
  status = make_memory(env, DGRAM_BATCH_ARENA, &send_batch->arena);
  if (status != napi_ok)
    (void) napi_delete_reference(env, send_batch->sends);
  return status;
}

/* The send batch as JavaScript gets it. Its properties are defined, not set: an
 * inherited setter is not called. */
static napi_status describe_send_batch(napi_env env,
                                       const send_batch_t* send_batch,
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
    status =
        napi_define_properties(env, *out, COUNT_OF(properties), properties);
  return status;
}

/* Returns 0 or UV_ENOMEM; the table has room for another send batch then. */
static int reserve_send_batch(addon_t* addon) {
  send_batch_t* send_batches =
      realloc(addon->send_batches,
              (addon->send_batches_count + 1) * sizeof(send_batches[0]));

  if (send_batches == NULL)
    return UV_ENOMEM;
  addon->send_batches = send_batches;
  return 0;
}

static napi_value js_open_send_batch(napi_env env, napi_callback_info info) {
  addon_t* addon = addon_of(env);
  napi_value result = NULL;
  napi_status status;
  send_batch_t send_batch;

  (void) info;
  DGRAM_TRY(env, make_send_batch(env, &send_batch));
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

/* The memory of send batch `id`. Returns false when there is no such send
 * batch, or JavaScript has given its memory away. */
static bool find_send_batch(const addon_t* addon,
                            uint32_t id,
                            dgram_send_batch_t* out) {
  napi_env env = addon->env;
  void* sends;
  void* arena;
  size_t size;

  if (id >= addon->send_batches_count ||
      !memory_of(env, addon->send_batches[id].sends, &sends, &size) ||
      !memory_of(env, addon->send_batches[id].arena, &arena, &size))
    return false;
  out->sends = sends;
  out->state = (dgram_batch_state_t*) (out->sends + DGRAM_BATCH_SENDS);
  out->arena = arena;
  out->connected = false;
  return true;
}

static napi_value js_flush(napi_env env, napi_callback_info info) {
  addon_t* addon = addon_of(env);
  napi_value argv[2];
  size_t argc = COUNT_OF(argv);
  dgram_send_batch_t send_batch;
  uint32_t id;
  uint32_t count;
  napi_value queued;

  DGRAM_TRY(env, napi_get_cb_info(env, info, &argc, argv, NULL, NULL));
  DGRAM_TRY(env, dgram_napi_uint32(env, argv[0], &id));
  DGRAM_TRY(env, dgram_napi_uint32(env, argv[1], &count));
  if (!find_send_batch(addon, id, &send_batch) || count > DGRAM_BATCH_SENDS) {
    napi_throw_range_error(env, NULL, "flush() of what is not in a send_batch");
    return NULL;
  }
  DGRAM_TRY(env,
            napi_create_uint32(
                env,
                dgram_send_batch_flush(&addon->core, &send_batch, count),
                &queued));
  return queued;
}

/* Whatever was scheduled has had its turn when the loop goes on: a send batch
 * that is not empty now was forgotten. lib/batch/outbox.js sees to it; should
 * that fail, its datagrams leave at least. */
static void on_prepare(uv_prepare_t* handle) {
  addon_t* addon = handle->data;

  if (dgram_send_batches_stalled(&addon->watched)) {
    call_back(addon, HOOK_STALLED, NULL, 0);
    dgram_send_batches_flush(&addon->watched);
  } else if (addon->core.sockets_open == 0) {
    uv_prepare_stop(handle);
  }
}

static void start_prepare(addon_t* addon) {
  if (!addon->has_prepare)
    return;
  uv_prepare_start(&addon->prepare, on_prepare);
  uv_unref((uv_handle_t*) &addon->prepare);
}

static void need_prepare(addon_t* addon) {
  if (!addon->has_prepare) {
    uv_prepare_init(addon->core.loop, &addon->prepare);
    addon->prepare.data = addon;
    addon->has_prepare = true;
  }
  start_prepare(addon);
}

/* watchSendBatch(id, connected): the hook `stalled` is called when the event
 * loop goes on and a watched send batch has not left. From now on the send
 * batch's memory must stay where it is. Returns 0, or a UV_ code: nothing of it
 * is sent at exit().
 */
static napi_value js_watch_send_batch(napi_env env, napi_callback_info info) {
  addon_t* addon = addon_of(env);
  napi_value argv[2];
  size_t argc = COUNT_OF(argv);
  dgram_send_batch_t send_batch;
  uint32_t id;
  bool connected;
  int rc;

  DGRAM_TRY(env, napi_get_cb_info(env, info, &argc, argv, NULL, NULL));
  DGRAM_TRY(env, dgram_napi_uint32(env, argv[0], &id));
  DGRAM_TRY(env, dgram_napi_bool(env, argv[1], &connected));
  if (!find_send_batch(addon, id, &send_batch))
    return code_value(env, UV_EINVAL);
  send_batch.connected = connected;
  rc = dgram_send_batches_add(&addon->watched, &send_batch);
  if (rc != 0)
    return code_value(env, rc);
  need_prepare(addon);
  /* A worker's environment is cleaned up, whichever way it ends. */
  if (connected && addon->core.loop == uv_default_loop())
    rc = dgram_send_batches_at_exit(&addon->watched);
  return code_value(env, rc);
}

static napi_value js_set_peer(napi_env env, napi_callback_info info) {
  addon_t* addon = addon_of(env);
  napi_value argv[4];
  size_t argc = COUNT_OF(argv);
  char text[TEXT_MAX];
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
    rc = dgram_env_set_peer(&addon->core, slot, family, text, (uint16_t) port);
  return code_value(env, rc);
}

/* inbox(name): the receive memory that hook.deliver was given the name of; the
 * first one without. */
static napi_value js_inbox(napi_env env, napi_callback_info info) {
  addon_t* addon = addon_of(env);
  napi_value value;
  size_t argc = 1;
  uint32_t name;

  DGRAM_TRY(env, napi_get_cb_info(env, info, &argc, &value, NULL, NULL));
  DGRAM_TRY(env, dgram_napi_uint32(env, value, &name));
  name %= DGRAM_INBOXES;
  if (name == 0)
    DGRAM_TRY(env, need_inbox(addon));
  if (addon->inboxes[name].memory == NULL)
    return NULL;
  DGRAM_TRY(env,
            napi_get_reference_value(env, addon->inboxes[name].memory, &value));
  return value;
}

static const char* type_name(uv_handle_type type) {
  switch (type) {
    case UV_TCP:
      return "TCP";
    case UV_TTY:
      return "TTY";
    case UV_UDP:
      return "UDP";
    case UV_FILE:
      return "FILE";
    case UV_NAMED_PIPE:
      return "PIPE";
    case UV_UNKNOWN_HANDLE:
      return "UNKNOWN";
    default:
      return "INVALID";
  }
}

static napi_value js_guess_handle_type(napi_env env, napi_callback_info info) {
  napi_value value;
  size_t argc = 1;
  const char* name = "INVALID";
  int32_t fd;

  DGRAM_TRY(env, napi_get_cb_info(env, info, &argc, &value, NULL, NULL));
  DGRAM_TRY(env, dgram_napi_int32(env, value, &fd));
  if (fd >= 0)
    name = type_name(uv_guess_handle(fd));
  DGRAM_TRY(env, napi_create_string_utf8(env, name, strlen(name), &value));
  return value;
}

static napi_value js_close_fd(napi_env env, napi_callback_info info) {
  napi_value value;
  size_t argc = 1;
  int32_t fd;

  DGRAM_TRY(env, napi_get_cb_info(env, info, &argc, &value, NULL, NULL));
  DGRAM_TRY(env, dgram_napi_int32(env, value, &fd));
  /* Nothing else is anybody's here: without one of its own, libuv aborts. */
  if (fd >= 0 && uv_guess_handle(fd) == UV_UDP)
    dgram_platform_close(fd);
  return NULL;
}

/* The number of a handle's descriptor, unlike `handle.fd` without consequences:
 * for tests that compare it with what the kernel was asked. */
static napi_value js_descriptor(napi_env env, napi_callback_info info) {
  const dgram_socket_t* socket;
  napi_value handle;
  size_t argc = 1;

  DGRAM_TRY(env, napi_get_cb_info(env, info, &argc, &handle, NULL, NULL));
  socket = socket_of(env, handle);
  return code_value(env, socket == NULL ? UV_EBADF : dgram_socket_fd(socket));
}

/* What a callback threw, for 'uncaughtException'. Returns when that was dealt
 * with. */
static napi_value js_fatal(napi_env env, napi_callback_info info) {
  napi_value error;
  size_t argc = 1;

  DGRAM_TRY(env, napi_get_cb_info(env, info, &argc, &error, NULL, NULL));
  DGRAM_TRY(env, napi_fatal_exception(env, error));
  return NULL;
}

static napi_value js_queue_always(napi_env env, napi_callback_info info) {
  napi_value value;
  size_t argc = 1;
  bool always;

  DGRAM_TRY(env, napi_get_cb_info(env, info, &argc, &value, NULL, NULL));
  DGRAM_TRY(env, dgram_napi_bool(env, value, &always));
  addon_of(env)->core.queue_always = always;
  return NULL;
}

/* Reads a switch; undefined leaves it as it is. */
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

/* Once, before the first socket: lib/load/settings.js has read the environment.
 * getenv() here would race with setenv() in another thread. */
static napi_value js_configure(napi_env env, napi_callback_info info) {
  dgram_env_t* core = &addon_of(env)->core;
  dgram_settings_t settings = core->settings;
  napi_value options;
  napi_value value;
  size_t argc = 1;
  char name[TEXT_MAX];

  DGRAM_TRY(env, napi_get_cb_info(env, info, &argc, &options, NULL, NULL));
  DGRAM_TRY(env, napi_get_named_property(env, options, "transport", &value));
  DGRAM_TRY(env, read_switch(env, options, "gso", &settings.gso));
  DGRAM_TRY(env, read_switch(env, options, "gro", &settings.gro));
  DGRAM_TRY(env, read_switch(env, options, "busyPoll", &settings.busy_poll));
  DGRAM_TRY(env, read_switch(env, options, "keepHeap", &settings.keep_heap));
  if (dgram_napi_text(env, value, name, sizeof(name)) != 0)
    name[0] = '\0'; /* not a name: the best one */
  if (core->created > 0) {
    napi_throw_error(env, NULL, "configure() after the first socket");
    return NULL;
  }
  core->settings = settings;
  core->transport = dgram_transport_choose(name);
  return NULL;
}

static napi_value js_transport(napi_env env, napi_callback_info info) {
  const char* name = addon_of(env)->core.transport->name;
  napi_value value;

  (void) info;
  DGRAM_TRY(env, napi_create_string_utf8(env, name, strlen(name), &value));
  return value;
}

/* -- Module ---------------------------------------------------------------- */

typedef struct {
  const char* name;
  double value;
} number_t;

#define WORD_COUNT(type) ((double) (sizeof(type) / sizeof(uint32_t)))
#define WORD(type, field) ((double) (offsetof(type, field) / sizeof(uint32_t)))

static napi_status make_numbers(napi_env env,
                                const number_t* numbers,
                                size_t count,
                                napi_value* out) {
  napi_status status = napi_create_object(env, out);
  size_t i;

  for (i = 0; i < count && status == napi_ok; i++)
    status =
        dgram_napi_set_number(env, *out, numbers[i].name, numbers[i].value);
  return status;
}

static napi_value js_stats(napi_env env, napi_callback_info info) {
  const dgram_env_t* core = &addon_of(env)->core;
  const number_t numbers[] = {
      {"sockets", (double) core->created},
      {"open", core->sockets_open},
      {"sent", (double) core->sent},
      {"received", (double) core->received},
  };
  napi_value result;

  (void) info;
  DGRAM_TRY(env, make_numbers(env, numbers, COUNT_OF(numbers), &result));
  return result;
}

static const number_t layout[] = {
    {"SEND_WORDS", sizeof(dgram_send_t) / sizeof(uint32_t)},
    {"SEND_SOCKET", WORD(dgram_send_t, socket)},
    {"SEND_PEER", WORD(dgram_send_t, peer)},
    {"SEND_OFFSET", WORD(dgram_send_t, offset)},
    {"SEND_LENGTH", WORD(dgram_send_t, length)},
    {"SEND_TICKET", WORD(dgram_send_t, ticket)},
    {"SEND_STATUS", WORD(dgram_send_t, status)},
    {"QUEUED", DGRAM_QUEUED},
    {"BATCH_SENDS", DGRAM_BATCH_SENDS},
    {"BATCH_ARENA", DGRAM_BATCH_ARENA},
    {"BATCH_PENDING",
     DGRAM_BATCH_SENDS* WORD_COUNT(dgram_send_t) +
         WORD(dgram_batch_state_t, waiting)},
    {"BATCH_CALLBACKS_DUE",
     DGRAM_BATCH_SENDS* WORD_COUNT(dgram_send_t) +
         WORD(dgram_batch_state_t, owed)},
    {"BATCH_SENT", DGRAM_BATCH_SENT},
    {"DATAGRAM_MAX", DGRAM_DATAGRAM_MAX},
    {"RECV_WORDS", sizeof(dgram_recv_t) / sizeof(uint32_t)},
    {"RECV_OFFSET", WORD(dgram_recv_t, offset)},
    {"RECV_LENGTH", WORD(dgram_recv_t, length)},
    {"RECV_SEGMENT", WORD(dgram_recv_t, segment)},
    {"RECV_PEER", WORD(dgram_recv_t, peer)},
    {"RECV_NEW_TEXT", WORD(dgram_recv_t, fresh)},
    {"RECV_STATUS", WORD(dgram_recv_t, status)},
    {"TEXT_BYTES", sizeof(dgram_peer_text_t)},
    {"TEXT_FAMILY", WORD(dgram_peer_text_t, family)},
    {"TEXT_PORT", WORD(dgram_peer_text_t, port)},
    {"TEXT_LENGTH", WORD(dgram_peer_text_t, length)},
    {"TEXT_ERROR", WORD(dgram_peer_text_t, error)},
    {"TEXT_TEXT", offsetof(dgram_peer_text_t, text)},
    {"CURSOR_WORDS", sizeof(dgram_cursor_t) / sizeof(uint32_t)},
    {"CURSOR_GRO_BUFFER", WORD(dgram_cursor_t, run)},
    {"CURSOR_POSITION", WORD(dgram_cursor_t, position)},
    {"CURSOR_COUNT", WORD(dgram_cursor_t, count)},
    {"CURSOR_BUDGET", WORD(dgram_cursor_t, budget)},
    {"CURSOR_BLOCK", WORD(dgram_cursor_t, block)},
    {"CURSOR_STEPS", WORD(dgram_cursor_t, steps)},
    {"INBOX_GRO_BUFFERS", offsetof(dgram_inbox_head_t, runs)},
    {"INBOX_TEXTS", offsetof(dgram_inbox_head_t, texts)},
    {"INBOX_RECV_BUFFER", DGRAM_INBOX_RECV_BUFFER},
    {"INBOXES", DGRAM_INBOXES},
    {"RECV_GRO_BUFFERS", DGRAM_RECV_GRO_BUFFERS},
    {"RECV_SLOTS", DGRAM_RECV_SLOTS},
    {"RECV_BUFFER_SIZE", DGRAM_RECV_BUFFER_SIZE},
    {"PEERS_MAX", DGRAM_PEERS_MAX},
    {"SOURCES_MAX", DGRAM_SOURCES_MAX},
    {"SOCKETS_MAX", DGRAM_SOCKETS_MAX},
};

static const number_t flags[] = {
    {"IPV6ONLY", DGRAM_BIND_IPV6ONLY},
    {"REUSEADDR", DGRAM_BIND_REUSEADDR},
    {"REUSEPORT", DGRAM_BIND_REUSEPORT},
};

#define FUNCTION(name, function)                                               \
  { name, NULL, function, NULL, NULL, NULL, napi_enumerable, NULL }

static const napi_property_descriptor functions[] = {
    {"transport", NULL, NULL, js_transport, NULL, NULL, napi_enumerable, NULL},
    FUNCTION("configure", js_configure),
    FUNCTION("descriptor", js_descriptor),
    FUNCTION("fatal", js_fatal),
    FUNCTION("hook", js_hook),
    FUNCTION("define", js_define),
    FUNCTION("init", js_init),
    FUNCTION("openSendBatch", js_open_send_batch),
    FUNCTION("flush", js_flush),
    FUNCTION("watchSendBatch", js_watch_send_batch),
    FUNCTION("setPeer", js_set_peer),
    FUNCTION("inbox", js_inbox),
    FUNCTION("guessHandleType", js_guess_handle_type),
    FUNCTION("closeFd", js_close_fd),
    FUNCTION("queueAlways", js_queue_always),
    FUNCTION("stats", js_stats),
};

/* Every socket is closed: lets go of the environment, which has waited. */
static void on_idle(dgram_env_t* core) {
  addon_t* addon = core->data;
  uint32_t i;

  if (addon->has_prepare)
    return; /* on_prepare_closed() comes back to this */
  dgram_send_batches_free(&addon->watched);
  for (i = 0; i < HOOKS; i++)
    drop(addon, &addon->hooks[i]);
  for (i = 0; i < DGRAM_INBOXES; i++)
    drop(addon, &addon->inboxes[i].memory);
  drop(addon, &addon->running);
  for (i = 0; i < addon->send_batches_count; i++) {
    drop(addon, &addon->send_batches[i].sends);
    drop(addon, &addon->send_batches[i].arena);
  }
  addon->send_batches_count = 0;
  if (addon->context != NULL)
    napi_async_destroy(addon->env, addon->context);
  addon->context = NULL;
  napi_remove_async_cleanup_hook(addon->cleanup);
}

static void on_prepare_closed(uv_handle_t* handle) {
  addon_t* addon = handle->data;

  addon->has_prepare = false;
  dgram_env_check_idle(&addon->core);
}

static void on_cleanup(napi_async_cleanup_hook_handle handle, void* data) {
  addon_t* addon = data;

  (void) handle;
  dgram_send_batches_end(&addon->watched);
  if (addon->has_prepare)
    uv_close((uv_handle_t*) &addon->prepare, on_prepare_closed);
  dgram_env_close(&addon->core);
}

static void finalize_addon(napi_env env, void* data, void* hint) {
  addon_t* addon = data;

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
  napi_value value;
  napi_status status;

  status = napi_define_properties(env, exports, COUNT_OF(functions), functions);
  if (status == napi_ok)
    status = make_numbers(env, layout, COUNT_OF(layout), &value);
  if (status == napi_ok)
    status = dgram_napi_set(env, exports, "layout", value);
  if (status == napi_ok)
    status = make_numbers(env, flags, COUNT_OF(flags), &value);
  if (status == napi_ok)
    status = dgram_napi_set(env, exports, "flags", value);
  return status;
}

NAPI_MODULE_INIT() {
  uv_loop_t* loop;
  addon_t* addon;

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
  addon->core.acquire = on_acquire;
  addon->core.deliver = on_deliver;
  addon->core.complete = on_complete;
  addon->core.closed = on_closed;
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
