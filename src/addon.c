/* The JavaScript face of the C core: module initialisation, one record per
 * environment, the native methods of a socket handle. Nothing below this file
 * knows of JavaScript. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <node_api.h>
#include <uv.h>

#include "address.h"
#include "batch.h"
#include "env.h"
#include "lanes.h"
#include "napi_util.h"
#include "platform.h"
#include "socket.h"
#include "transport.h"

/* Long enough for any address, a zone or the name of an interface. */
#define TEXT_MAX 256

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* The memory that lib/outbox.js fills. */
typedef struct {
  napi_ref sends;
  napi_ref arena;
} lane_t;

/* One environment: the main thread or a worker. */
typedef struct {
  dgram_env_t core;
  napi_env env;
  napi_async_cleanup_hook_handle cleanup;
  napi_async_context context; /* of batches; each datagram has its socket's */
  napi_ref deliver;
  napi_ref complete;
  napi_ref closed;
  napi_ref slab;
  napi_ref runs;
  napi_ref texts;
  lane_t* lanes;
  uint32_t lanes_count;
  dgram_lanes_t watched; /* those of them that lib/outbox.js uses */
  napi_ref stalled;      /* called when a watched lane has not left */
  uv_prepare_t prepare;  /* looks at the watched lanes in each turn */
  bool has_prepare;      /* it is initialised, and not closed */
  dgram_socket_t* dead;  /* closed, to be freed later; see on_closed() */
} addon_t;

/* Never NULL: the record is set before the first function exists, and freed
 * with the environment. */
static addon_t* addon_of(napi_env env) {
  void* addon = NULL;

  (void) napi_get_instance_data(env, &addon);
  return addon;
}

/* -- Memory that JavaScript sees ------------------------------------------ */

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

/* Makes the receive memory on first use: an environment that only sends does
 * not need it. */
static napi_status need_inbox(addon_t* addon) {
  napi_env env = addon->env;
  napi_status status = napi_ok;

  if (addon->slab == NULL)
    status = make_memory(env, DGRAM_RECV_SLAB, &addon->slab);
  if (status == napi_ok && addon->runs == NULL)
    status =
        make_memory(env, DGRAM_RECV_SLOTS * sizeof(dgram_recv_t), &addon->runs);
  if (status == napi_ok && addon->texts == NULL)
    status = make_memory(
        env, DGRAM_RECV_SLOTS * sizeof(dgram_peer_text_t), &addon->texts);
  return status;
}

static bool on_lend(dgram_env_t* core) {
  const addon_t* addon = core->data;
  napi_env env = addon->env;
  napi_handle_scope scope;
  void* slab;
  void* runs;
  void* texts;
  size_t size;
  bool ok;

  if (napi_open_handle_scope(env, &scope) != napi_ok)
    return false;
  ok = memory_of(env, addon->slab, &slab, &size) &&
       memory_of(env, addon->runs, &runs, &size) &&
       memory_of(env, addon->texts, &texts, &size);
  napi_close_handle_scope(env, scope);
  if (!ok)
    return false;
  core->inbox.slab = slab;
  core->inbox.runs = runs;
  core->inbox.texts = texts;
  return true;
}

/* -- Calling into JavaScript ---------------------------------------------- */

/* What came of calling JavaScript. */
typedef enum {
  CALL_FALSE,   /* it returned something false */
  CALL_TRUE,    /* it returned something true */
  CALL_THREW,   /* 'uncaughtException' has dealt with it */
  CALL_STOPPED, /* JavaScript cannot run: the thread is terminating */
} call_result_t;

static call_result_t result_of(napi_env env,
                               napi_status status,
                               napi_value result) {
  bool truth = false;
  bool thrown = false;

  if (status == napi_ok) {
    if (dgram_napi_bool(env, result, &truth) != napi_ok)
      return CALL_STOPPED;
    return truth ? CALL_TRUE : CALL_FALSE;
  }
  if (napi_is_exception_pending(env, &thrown) != napi_ok || !thrown ||
      napi_get_and_clear_last_exception(env, &result) != napi_ok ||
      napi_fatal_exception(env, result) != napi_ok)
    return CALL_STOPPED;
  return CALL_THREW;
}

static bool hook_function(const addon_t* addon, napi_ref fn, napi_value* out) {
  *out = NULL;
  return !addon->core.closing && fn != NULL &&
         napi_get_reference_value(addon->env, fn, out) == napi_ok &&
         *out != NULL;
}

/* Calls hook `fn` as Node calls back: ticks and microtasks are drained
 * afterwards, what it throws goes to 'uncaughtException'. */
static void call_back(addon_t* addon,
                      napi_ref fn,
                      size_t argc,
                      const napi_value* argv) {
  napi_env env = addon->env;
  napi_value function;
  napi_value receiver;
  napi_value result = NULL;
  napi_status status;

  if (!hook_function(addon, fn, &function) ||
      napi_get_global(env, &receiver) != napi_ok)
    return;
  /* Without a context: lib/ has a resource for each of these calls. */
  status =
      napi_make_callback(env, NULL, receiver, function, argc, argv, &result);
  (void) result_of(env, status, result);
}

static call_result_t deliver_next(addon_t* addon,
                                  const dgram_socket_t* socket) {
  napi_env env = addon->env;
  napi_value function;
  napi_value receiver;
  napi_value result = NULL;
  napi_value argv[2];
  napi_status status;

  if (!hook_function(addon, addon->deliver, &function) ||
      napi_get_global(env, &receiver) != napi_ok ||
      napi_create_uint32(env, socket->id, &argv[0]) != napi_ok ||
      napi_create_uint32(env, addon->core.inbox.count, &argv[1]) != napi_ok)
    return CALL_STOPPED;
  status = napi_call_function(env, receiver, function, 2, argv, &result);
  return result_of(env, status, result);
}

/* hook.deliver within a callback scope of its own. It drains ticks between two
 * datagrams itself, and a tick that throws leaves its mark on the stack of
 * async ids. 'uncaughtException' wipes that out, and must do so before the
 * scope is closed: napi_make_callback() would have closed it first, and Node
 * aborts when the stack does not match. */
static call_result_t deliver_in_scope(addon_t* addon,
                                      const dgram_socket_t* socket) {
  napi_env env = addon->env;
  napi_handle_scope handles;
  napi_callback_scope callback;
  call_result_t result = CALL_STOPPED;

  if (napi_open_handle_scope(env, &handles) != napi_ok)
    return CALL_STOPPED;
  if (napi_open_callback_scope(env, NULL, addon->context, &callback) ==
      napi_ok) {
    do
      result = deliver_next(addon, socket);
    while (result == CALL_THREW);
    napi_close_callback_scope(env, callback);
  }
  napi_close_handle_scope(env, handles);
  return result;
}

static bool on_deliver(dgram_socket_t* socket) {
  call_result_t result;

  dgram_platform_keep_heap(); /* not before: idle sockets need no such heap */
  do
    result = deliver_in_scope(socket->env->data, socket);
  while (result == CALL_TRUE);
  return result == CALL_FALSE;
}

static void on_complete(dgram_socket_t* socket,
                        uint32_t ticket,
                        int status,
                        size_t length) {
  addon_t* addon = socket->env->data;
  napi_env env = addon->env;
  napi_handle_scope scope;
  napi_value argv[3];

  addon->core.sent += status == 0;
  if (ticket == 0 || napi_open_handle_scope(env, &scope) != napi_ok)
    return;
  if (napi_create_uint32(env, ticket, &argv[0]) == napi_ok &&
      napi_create_int32(env, status, &argv[1]) == napi_ok &&
      napi_create_uint32(env, (uint32_t) length, &argv[2]) == napi_ok)
    call_back(addon, addon->complete, COUNT_OF(argv), argv);
  napi_close_handle_scope(env, scope);
}

/* -- Life of a socket ------------------------------------------------------ */

static void free_dead(addon_t* addon) {
  while (addon->dead != NULL) {
    dgram_socket_t* socket = addon->dead;

    addon->dead = socket->next_dead;
    dgram_socket_free(socket);
  }
}

static void on_closed(dgram_socket_t* socket) {
  addon_t* addon = socket->env->data;
  napi_handle_scope scope;
  napi_value id;

  if (socket->wants_closed &&
      napi_open_handle_scope(addon->env, &scope) == napi_ok) {
    if (napi_create_uint32(addon->env, socket->id, &id) == napi_ok)
      call_back(addon, addon->closed, 1, &id);
    napi_close_handle_scope(addon->env, scope);
  }
  /* A listener or callback that turns the event loop itself brings us here
   * while the transport is not done, perhaps with this socket. */
  if (dgram_env_in_use(&addon->core)) {
    socket->next_dead = addon->dead;
    addon->dead = socket;
  } else {
    dgram_socket_free(socket);
  }
}

static void start_prepare(addon_t* addon);

static napi_value js_init(napi_env env, napi_callback_info info) {
  addon_t* addon = addon_of(env);
  dgram_socket_t* socket;
  napi_value id;
  int rc;

  (void) info;
  if (!dgram_env_in_use(&addon->core))
    free_dead(addon);
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

/* Reads the arguments of a method into `argv` (absent ones are undefined).
 * Returns the receiver's socket, or NULL when it has none. */
static dgram_socket_t* receive(napi_env env,
                               napi_callback_info info,
                               size_t argc,
                               napi_value* argv) {
  napi_value self;

  if (napi_get_cb_info(env, info, &argc, argv, &self, NULL) != napi_ok)
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
  dgram_socket_t* socket = receive(env, info, 1, argv);
  int32_t value;

  if (socket == NULL)
    return code_value(env, UV_EBADF);
  DGRAM_TRY(env, dgram_napi_int32(env, argv[0], &value));
  return code_value(env, set(socket, value));
}

static napi_value with_nothing(napi_env env,
                               napi_callback_info info,
                               int (*act)(dgram_socket_t*)) {
  dgram_socket_t* socket = receive(env, info, 0, NULL);

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

/* Reads (address, port) into `out`. Returns 0 or a UV_ code; with an
 * exception pending it is UV_EINVAL too. */
static int read_address(napi_env env,
                        const napi_value* argv,
                        int family,
                        dgram_address_t* out) {
  char text[TEXT_MAX];
  uint32_t port;

  if (dgram_napi_uint32(env, argv[1], &port) != napi_ok ||
      dgram_napi_text(env, argv[0], text, sizeof(text)) != 0)
    return UV_EINVAL;
  /* Node keeps the low 16 bits. */
  return dgram_address_parse(out, family, text, (uint16_t) port);
}

static napi_value bind_to(napi_env env, napi_callback_info info, int family) {
  napi_value argv[3];
  dgram_socket_t* socket = receive(env, info, COUNT_OF(argv), argv);
  dgram_address_t address;
  uint32_t flags;
  int rc;

  if (socket == NULL)
    return code_value(env, UV_EBADF);
  rc = read_address(env, argv, family, &address);
  if (rc != 0)
    return code_value(env, rc);
  DGRAM_TRY(env, dgram_napi_uint32(env, argv[2], &flags));
  return code_value(env, dgram_socket_bind(socket, &address, flags));
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
  dgram_socket_t* socket = receive(env, info, COUNT_OF(argv), argv);
  dgram_address_t address;
  int rc;

  if (socket == NULL)
    return code_value(env, UV_EBADF);
  rc = read_address(env, argv, family, &address);
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
  dgram_socket_t* socket = receive(env, info, 1, argv);
  dgram_address_t address;
  dgram_peer_text_t text;
  int rc;

  if (socket == NULL)
    return code_value(env, UV_EBADF);
  memset(&address, 0, sizeof(address));
  rc = get(socket, &address);
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
  dgram_socket_t* socket = receive(env, info, COUNT_OF(argv), argv);
  char group[TEXT_MAX];
  char buffer[TEXT_MAX];
  const char* interface_address;
  int rc;

  if (socket == NULL)
    return code_value(env, UV_EBADF);
  rc = dgram_napi_text(env, argv[0], group, sizeof(group));
  if (rc == 0)
    rc = read_interface(
        env, argv[1], buffer, sizeof(buffer), &interface_address);
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
  dgram_socket_t* socket = receive(env, info, COUNT_OF(argv), argv);
  char source[TEXT_MAX];
  char group[TEXT_MAX];
  char buffer[TEXT_MAX];
  const char* interface_address;
  int rc;

  if (socket == NULL)
    return code_value(env, UV_EBADF);
  rc = dgram_napi_text(env, argv[0], source, sizeof(source));
  if (rc == 0)
    rc = dgram_napi_text(env, argv[1], group, sizeof(group));
  if (rc == 0)
    rc = read_interface(
        env, argv[2], buffer, sizeof(buffer), &interface_address);
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
  dgram_socket_t* socket = receive(env, info, 1, argv);
  char text[TEXT_MAX];
  int rc;

  if (socket == NULL)
    return code_value(env, UV_EBADF);
  rc = dgram_napi_text(env, argv[0], text, sizeof(text));
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
  dgram_socket_t* socket = receive(env, info, COUNT_OF(argv), argv);
  uint32_t wanted;
  bool is_recv;
  int size;
  int rc;

  if (socket == NULL)
    return code_value(env, UV_EBADF);
  DGRAM_TRY(env, dgram_napi_uint32(env, argv[0], &wanted));
  DGRAM_TRY(env, dgram_napi_bool(env, argv[1], &is_recv));
  rc = wanted > INT32_MAX ? UV_EINVAL : 0;
  size = (int) wanted;
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
  dgram_socket_t* socket = receive(env, info, 0, NULL);

  if (socket == NULL || socket->closing)
    return code_value(env, UV_EBADF);
  return number_value(env, (double) dgram_socket_queue_size(socket));
}

static napi_value js_get_send_queue_count(napi_env env,
                                          napi_callback_info info) {
  dgram_socket_t* socket = receive(env, info, 0, NULL);

  if (socket == NULL || socket->closing)
    return code_value(env, UV_EBADF);
  return number_value(env, (double) dgram_socket_queue_count(socket));
}

static napi_value js_recv_start(napi_env env, napi_callback_info info) {
  addon_t* addon = addon_of(env);
  dgram_socket_t* socket = receive(env, info, 0, NULL);

  if (socket == NULL)
    return code_value(env, UV_EBADF);
  DGRAM_TRY(env, need_inbox(addon));
  on_lend(&addon->core);
  return code_value(env, dgram_socket_start(socket));
}

static napi_value js_recv_stop(napi_env env, napi_callback_info info) {
  return with_nothing(env, info, dgram_socket_stop);
}

static napi_value js_ref(napi_env env, napi_callback_info info) {
  dgram_socket_t* socket = receive(env, info, 0, NULL);

  if (socket != NULL)
    dgram_socket_ref(socket);
  return NULL;
}

static napi_value js_unref(napi_env env, napi_callback_info info) {
  dgram_socket_t* socket = receive(env, info, 0, NULL);

  if (socket != NULL)
    dgram_socket_unref(socket);
  return NULL;
}

static napi_value js_has_ref(napi_env env, napi_callback_info info) {
  dgram_socket_t* socket = receive(env, info, 0, NULL);

  return bool_value(env, socket != NULL && dgram_socket_has_ref(socket));
}

static napi_value js_close(napi_env env, napi_callback_info info) {
  napi_value argv[1];
  dgram_socket_t* socket = receive(env, info, 1, argv);

  if (socket == NULL || socket->closing)
    return code_value(env, UV_EBADF);
  DGRAM_TRY(env, dgram_napi_bool(env, argv[0], &socket->wants_closed));
  dgram_socket_close(socket);
  return code_value(env, 0);
}

static napi_value js_fd(napi_env env, napi_callback_info info) {
  dgram_socket_t* socket = receive(env, info, 0, NULL);

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

static napi_value js_hook(napi_env env, napi_callback_info info) {
  static const char* const names[] = {"deliver", "complete", "closed"};
  addon_t* addon = addon_of(env);
  napi_ref* const refs[] = {&addon->deliver, &addon->complete, &addon->closed};
  napi_value functions[COUNT_OF(names)];
  napi_value hooks;
  napi_value name;
  napi_valuetype type;
  size_t argc = 1;
  size_t i;

  DGRAM_TRY(env, napi_get_cb_info(env, info, &argc, &hooks, NULL, NULL));
  for (i = 0; i < COUNT_OF(names); i++) {
    DGRAM_TRY(env,
              napi_get_named_property(env, hooks, names[i], &functions[i]));
    DGRAM_TRY(env, napi_typeof(env, functions[i], &type));
    if (type != napi_function) {
      napi_throw_type_error(env, NULL, "hook() wants functions");
      return NULL;
    }
  }
  for (i = 0; i < COUNT_OF(names); i++) {
    if (*refs[i] != NULL)
      napi_delete_reference(env, *refs[i]);
    *refs[i] = NULL;
    DGRAM_TRY(env, napi_create_reference(env, functions[i], 1, refs[i]));
  }
  if (addon->context == NULL) {
    DGRAM_TRY(
        env,
        napi_create_string_utf8(env, "DGRAMBATCH", NAPI_AUTO_LENGTH, &name));
    DGRAM_TRY(env, napi_async_init(env, NULL, name, &addon->context));
  }
  return NULL;
}

static napi_status set_memory(napi_env env,
                              napi_value target,
                              const char* name,
                              napi_ref ref) {
  napi_value buffer;
  napi_status status = napi_get_reference_value(env, ref, &buffer);

  if (status != napi_ok)
    return status;
  return napi_set_named_property(env, target, name, buffer);
}

/* Makes the memory of a lane that nobody knows yet. */
static napi_status make_lane(napi_env env, lane_t* lane) {
  napi_status status = make_memory(env, DGRAM_LANE_SIZE, &lane->sends);

  if (status != napi_ok)
    return status;
  status = make_memory(env, DGRAM_LANE_ARENA, &lane->arena);
  if (status != napi_ok)
    (void) napi_delete_reference(env, lane->sends);
  return status;
}

/* The lane as JavaScript gets it. Its properties are defined, not set: an
 * inherited setter is not called. */
static napi_status describe_lane(napi_env env,
                                 const lane_t* lane,
                                 uint32_t id,
                                 napi_value* out) {
  napi_property_descriptor properties[] = {
      {"id", NULL, NULL, NULL, NULL, NULL, napi_enumerable, NULL},
      {"sends", NULL, NULL, NULL, NULL, NULL, napi_enumerable, NULL},
      {"arena", NULL, NULL, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  napi_status status = napi_create_uint32(env, id, &properties[0].value);

  if (status == napi_ok)
    status = napi_get_reference_value(env, lane->sends, &properties[1].value);
  if (status == napi_ok)
    status = napi_get_reference_value(env, lane->arena, &properties[2].value);
  if (status == napi_ok)
    status = napi_create_object(env, out);
  if (status == napi_ok)
    status =
        napi_define_properties(env, *out, COUNT_OF(properties), properties);
  return status;
}

/* Returns 0 or UV_ENOMEM; the table has room for another lane then. */
static int reserve_lane(addon_t* addon) {
  lane_t* lanes =
      realloc(addon->lanes, (addon->lanes_count + 1) * sizeof(lanes[0]));

  if (lanes == NULL)
    return UV_ENOMEM;
  addon->lanes = lanes;
  return 0;
}

static napi_value js_open_lane(napi_env env, napi_callback_info info) {
  addon_t* addon = addon_of(env);
  napi_value result = NULL;
  napi_status status;
  lane_t lane;

  (void) info;
  DGRAM_TRY(env, make_lane(env, &lane));
  status = describe_lane(env, &lane, addon->lanes_count, &result);
  if (status == napi_ok && reserve_lane(addon) == 0) {
    addon->lanes[addon->lanes_count++] = lane;
    return result;
  }
  if (status == napi_ok)
    dgram_napi_throw_uv(env, UV_ENOMEM, NULL);
  else
    dgram_napi_throw_last(env);
  (void) napi_delete_reference(env, lane.sends);
  (void) napi_delete_reference(env, lane.arena);
  return NULL;
}

/* The memory of lane `id`. Returns false when there is no such lane, or
 * JavaScript has given its memory away. */
static bool find_lane(const addon_t* addon, uint32_t id, dgram_lane_t* out) {
  napi_env env = addon->env;
  void* sends;
  void* arena;
  size_t size;

  if (id >= addon->lanes_count ||
      !memory_of(env, addon->lanes[id].sends, &sends, &size) ||
      !memory_of(env, addon->lanes[id].arena, &arena, &size))
    return false;
  out->sends = sends;
  out->state = (dgram_lane_state_t*) (out->sends + DGRAM_LANE_SENDS);
  out->arena = arena;
  out->connected = false;
  return true;
}

static napi_value js_flush(napi_env env, napi_callback_info info) {
  addon_t* addon = addon_of(env);
  napi_value argv[2];
  size_t argc = COUNT_OF(argv);
  dgram_lane_t lane;
  uint32_t id;
  uint32_t count;
  napi_value queued;

  DGRAM_TRY(env, napi_get_cb_info(env, info, &argc, argv, NULL, NULL));
  DGRAM_TRY(env, dgram_napi_uint32(env, argv[0], &id));
  DGRAM_TRY(env, dgram_napi_uint32(env, argv[1], &count));
  if (!find_lane(addon, id, &lane) || count > DGRAM_LANE_SENDS) {
    napi_throw_range_error(env, NULL, "flush() of what is not in a lane");
    return NULL;
  }
  DGRAM_TRY(env,
            napi_create_uint32(
                env, dgram_lane_flush(&addon->core, &lane, count), &queued));
  return queued;
}

/* Whatever was scheduled has had its turn when the loop goes on: a lane that is
 * not empty now was forgotten. lib/outbox.js sees to it; should that fail, its
 * datagrams leave at least. */
static void on_prepare(uv_prepare_t* handle) {
  addon_t* addon = handle->data;
  napi_handle_scope scope;

  if (dgram_lanes_stalled(&addon->watched)) {
    if (napi_open_handle_scope(addon->env, &scope) == napi_ok) {
      call_back(addon, addon->stalled, 0, NULL);
      napi_close_handle_scope(addon->env, scope);
    }
    dgram_lanes_flush(&addon->watched);
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

/* watchLane(id, connected, stalled): `stalled` is called when the event loop
 * goes on and a watched lane has not left. From now on the lane's memory must
 * stay where it is. Returns 0, or a UV_ code: nothing of it is sent at exit().
 */
static napi_value js_watch_lane(napi_env env, napi_callback_info info) {
  addon_t* addon = addon_of(env);
  napi_value argv[3];
  size_t argc = COUNT_OF(argv);
  dgram_lane_t lane;
  napi_ref stalled;
  uint32_t id;
  bool connected;
  int rc;

  DGRAM_TRY(env, napi_get_cb_info(env, info, &argc, argv, NULL, NULL));
  DGRAM_TRY(env, dgram_napi_uint32(env, argv[0], &id));
  DGRAM_TRY(env, dgram_napi_bool(env, argv[1], &connected));
  DGRAM_TRY(env, napi_create_reference(env, argv[2], 1, &stalled));
  if (addon->stalled != NULL)
    (void) napi_delete_reference(env, addon->stalled);
  addon->stalled = stalled;
  if (!find_lane(addon, id, &lane))
    return code_value(env, UV_EINVAL);
  lane.connected = connected;
  rc = dgram_lanes_add(&addon->watched, &lane);
  if (rc != 0)
    return code_value(env, rc);
  need_prepare(addon);
  /* A worker's environment is cleaned up, whichever way it ends. */
  if (connected && addon->core.loop == uv_default_loop())
    rc = dgram_lanes_at_exit(&addon->watched);
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

static napi_value js_inbox(napi_env env, napi_callback_info info) {
  addon_t* addon = addon_of(env);
  napi_value result;

  (void) info;
  DGRAM_TRY(env, need_inbox(addon));
  DGRAM_TRY(env, napi_create_object(env, &result));
  DGRAM_TRY(env, set_memory(env, result, "slab", addon->slab));
  DGRAM_TRY(env, set_memory(env, result, "runs", addon->runs));
  DGRAM_TRY(env, set_memory(env, result, "texts", addon->texts));
  return result;
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
  if (fd >= 0)
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

  DGRAM_TRY(env, napi_get_cb_info(env, info, &argc, &value, NULL, NULL));
  DGRAM_TRY(env,
            dgram_napi_bool(env, value, &addon_of(env)->core.queue_always));
  return NULL;
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
    {"LANE_SENDS", DGRAM_LANE_SENDS},
    {"LANE_ARENA", DGRAM_LANE_ARENA},
    {"LANE_WAITING",
     DGRAM_LANE_SENDS* WORD_COUNT(dgram_send_t) +
         WORD(dgram_lane_state_t, waiting)},
    {"LANE_OWED",
     DGRAM_LANE_SENDS* WORD_COUNT(dgram_send_t) +
         WORD(dgram_lane_state_t, owed)},
    {"LANE_SENT", DGRAM_LANE_SENT},
    {"DATAGRAM_MAX", DGRAM_DATAGRAM_MAX},
    {"RECV_WORDS", sizeof(dgram_recv_t) / sizeof(uint32_t)},
    {"RECV_OFFSET", WORD(dgram_recv_t, offset)},
    {"RECV_LENGTH", WORD(dgram_recv_t, length)},
    {"RECV_SEGMENT", WORD(dgram_recv_t, segment)},
    {"RECV_PEER", WORD(dgram_recv_t, peer)},
    {"RECV_FRESH", WORD(dgram_recv_t, fresh)},
    {"RECV_STATUS", WORD(dgram_recv_t, status)},
    {"TEXT_BYTES", sizeof(dgram_peer_text_t)},
    {"TEXT_FAMILY", WORD(dgram_peer_text_t, family)},
    {"TEXT_PORT", WORD(dgram_peer_text_t, port)},
    {"TEXT_LENGTH", WORD(dgram_peer_text_t, length)},
    {"TEXT_ERROR", WORD(dgram_peer_text_t, error)},
    {"TEXT_TEXT", offsetof(dgram_peer_text_t, text)},
    {"RECV_SLOTS", DGRAM_RECV_SLOTS},
    {"RECV_SLAB", DGRAM_RECV_SLAB},
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
    FUNCTION("descriptor", js_descriptor),
    FUNCTION("fatal", js_fatal),
    FUNCTION("hook", js_hook),
    FUNCTION("define", js_define),
    FUNCTION("init", js_init),
    FUNCTION("openLane", js_open_lane),
    FUNCTION("flush", js_flush),
    FUNCTION("watchLane", js_watch_lane),
    FUNCTION("setPeer", js_set_peer),
    FUNCTION("inbox", js_inbox),
    FUNCTION("guessHandleType", js_guess_handle_type),
    FUNCTION("closeFd", js_close_fd),
    FUNCTION("queueAlways", js_queue_always),
    FUNCTION("stats", js_stats),
};

static void drop(addon_t* addon, napi_ref* ref) {
  if (*ref != NULL)
    napi_delete_reference(addon->env, *ref);
  *ref = NULL;
}

/* Every socket is closed: lets go of the environment, which has waited. */
static void on_idle(dgram_env_t* core) {
  addon_t* addon = core->data;
  uint32_t i;

  if (addon->has_prepare)
    return; /* on_prepare_closed() comes back to this */
  dgram_lanes_free(&addon->watched);
  drop(addon, &addon->deliver);
  drop(addon, &addon->complete);
  drop(addon, &addon->closed);
  drop(addon, &addon->stalled);
  drop(addon, &addon->slab);
  drop(addon, &addon->runs);
  drop(addon, &addon->texts);
  for (i = 0; i < addon->lanes_count; i++) {
    drop(addon, &addon->lanes[i].sends);
    drop(addon, &addon->lanes[i].arena);
  }
  addon->lanes_count = 0;
  if (addon->context != NULL)
    napi_async_destroy(addon->env, addon->context);
  addon->context = NULL;
  napi_remove_async_cleanup_hook(addon->cleanup);
}

static void on_prepare_closed(uv_handle_t* handle) {
  addon_t* addon = handle->data;

  addon->has_prepare = false;
  if (addon->core.sockets_open == 0)
    on_idle(&addon->core);
}

static void on_cleanup(napi_async_cleanup_hook_handle handle, void* data) {
  addon_t* addon = data;
  dgram_env_t* core = &addon->core;
  uint32_t i;

  (void) handle;
  dgram_lanes_end(&addon->watched);
  core->closing = true;
  if (addon->has_prepare)
    uv_close((uv_handle_t*) &addon->prepare, on_prepare_closed);
  for (i = 0; i < core->sockets_size; i++)
    if (core->sockets[i] != NULL)
      dgram_socket_close(core->sockets[i]);
  if (core->sockets_open == 0)
    on_idle(core);
}

static void finalize_addon(napi_env env, void* data, void* hint) {
  addon_t* addon = data;

  (void) env;
  (void) hint;
  free_dead(addon);
  dgram_lanes_free(&addon->watched);
  dgram_env_free(&addon->core);
  free(addon->lanes);
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

static napi_status make_exports(napi_env env,
                                const addon_t* addon,
                                napi_value exports) {
  const char* transport = addon->core.transport->name;
  napi_value value;
  napi_status status;

  status = napi_define_properties(env, exports, COUNT_OF(functions), functions);
  if (status == napi_ok)
    status = dgram_napi_set_string(
        env, exports, "transport", transport, strlen(transport));
  if (status == napi_ok)
    status = make_numbers(env, layout, COUNT_OF(layout), &value);
  if (status == napi_ok)
    status = napi_set_named_property(env, exports, "layout", value);
  if (status == napi_ok)
    status = make_numbers(env, flags, COUNT_OF(flags), &value);
  if (status == napi_ok)
    status = napi_set_named_property(env, exports, "flags", value);
  return status;
}

NAPI_MODULE_INIT() {
  uv_loop_t* loop;
  addon_t* addon;

  if (!libuv_fits()) {
    napi_throw_error(env,
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
  addon->core.lend = on_lend;
  addon->core.deliver = on_deliver;
  addon->core.complete = on_complete;
  addon->core.closed = on_closed;
  addon->core.idle = on_idle;
  dgram_lanes_init(&addon->watched, &addon->core);
  if (napi_set_instance_data(env, addon, finalize_addon, NULL) != napi_ok) {
    free(addon);
    dgram_napi_throw_last(env);
    return NULL;
  }
  DGRAM_TRY(
      env,
      napi_add_async_cleanup_hook(env, on_cleanup, addon, &addon->cleanup));
  DGRAM_TRY(env, make_exports(env, addon, exports));
  return exports;
}
