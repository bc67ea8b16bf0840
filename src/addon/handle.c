/* The handle of a socket: init() creates the socket, define() puts the methods
 * on the prototype. This file implements receiving, the send queue, references,
 * closing and the descriptor; bind.c and options.c implement the others.
 *
 * A method reads the id of its receiver. Functions that are called for every
 * socket take the id as an argument instead: see
 * dgram_addon_socket_with_id(). */
#include "addon/addon.h"
#include "addon/arguments.h"
#include "addon/napi_util.h"

napi_value dgram_addon_new_socket(napi_env env,
                                  int (*create)(dgram_env_t*,
                                                dgram_socket_t**)) {
  dgram_addon_t* addon = dgram_addon_of(env);
  dgram_socket_t* socket;
  napi_value id;
  int rc = create(&addon->core, &socket);

  if (rc != 0) {
    dgram_napi_throw_uv(env, rc, NULL);
    return NULL;
  }
  dgram_addon_start_prepare(addon);
  DGRAM_TRY(env, napi_create_uint32(env, socket->id, &id));
  return id;
}

/* init(): creates a socket and returns its id. */
static napi_value js_init(napi_env env, napi_callback_info info) {
  (void) info;
  return dgram_addon_new_socket(env, dgram_socket_new);
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

static napi_value js_get_send_queue_size(napi_env env,
                                         napi_callback_info info) {
  const dgram_socket_t* socket = dgram_addon_receiver_of(env, info);

  if (socket == NULL || socket->closing)
    return dgram_napi_code(env, UV_EBADF);
  return number_value(env, (double) dgram_socket_queue_size(socket));
}

static napi_value js_get_send_queue_count(napi_env env,
                                          napi_callback_info info) {
  const dgram_socket_t* socket = dgram_addon_receiver_of(env, info);

  if (socket == NULL || socket->closing)
    return dgram_napi_code(env, UV_EBADF);
  return number_value(env, (double) dgram_socket_queue_count(socket));
}

static int set_send_mark(dgram_socket_t* socket, int bytes) {
  return dgram_socket_set_send_mark(socket, (uint32_t) bytes);
}

/* setSendHighWaterMark(bytes) */
static napi_value js_set_send_mark(napi_env env, napi_callback_info info) {
  return dgram_addon_with_int32(env, info, set_send_mark);
}

static int needs_drain(dgram_socket_t* socket) {
  return socket->closing ? UV_EBADF : socket->need_drain;
}

/* needsDrain(): 1 if the send queue has reached the mark and is not empty yet,
 * else 0. */
static napi_value js_needs_drain(napi_env env, napi_callback_info info) {
  return dgram_addon_with_socket(env, info, needs_drain);
}

/* startReceiving(id) */
static napi_value js_start_receiving(napi_env env, napi_callback_info info) {
  dgram_addon_t* addon = dgram_addon_of(env);
  napi_value argv[1];
  napi_value self;
  dgram_socket_t* socket;

  DGRAM_TRY(env, dgram_napi_arguments(env, info, 1, argv, &self));
  DGRAM_TRY(env, dgram_addon_ensure_inbox(addon));
  socket = dgram_addon_socket_with_id(env, argv[0]);
  if (socket == NULL)
    return dgram_napi_code(env, UV_EBADF);
  if (addon->hooks[DGRAM_HOOK_DELIVER] == NULL) /* hook() was not called */
    return dgram_napi_code(env, UV_EINVAL);
  return dgram_napi_code(env, dgram_socket_start(socket));
}

static napi_value js_recv_stop(napi_env env, napi_callback_info info) {
  return dgram_addon_with_socket(env, info, dgram_socket_stop);
}

static napi_value js_ref(napi_env env, napi_callback_info info) {
  dgram_socket_t* socket = dgram_addon_receiver_of(env, info);

  if (socket != NULL)
    dgram_socket_ref(socket);
  return NULL;
}

static napi_value js_unref(napi_env env, napi_callback_info info) {
  dgram_socket_t* socket = dgram_addon_receiver_of(env, info);

  if (socket != NULL)
    dgram_socket_unref(socket);
  return NULL;
}

static napi_value js_has_ref(napi_env env, napi_callback_info info) {
  dgram_socket_t* socket = dgram_addon_receiver_of(env, info);

  return bool_value(env, socket != NULL && dgram_socket_has_ref(socket));
}

/* closeSocket(id, notify): hook.closed is called later if `notify` is true. */
static napi_value js_close_socket(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  napi_value self;
  dgram_socket_t* socket;
  bool notify;

  DGRAM_TRY(env, dgram_napi_arguments(env, info, 2, argv, &self));
  DGRAM_TRY(env, dgram_napi_bool(env, argv[1], &notify));
  socket = dgram_addon_socket_with_id(env, argv[0]);
  if (socket == NULL || socket->closing)
    return dgram_napi_code(env, UV_EBADF);
  socket->notify_closed = notify;
  dgram_socket_close(socket);
  return dgram_napi_code(env, 0);
}

static napi_value js_fd(napi_env env, napi_callback_info info) {
  dgram_socket_t* socket = dgram_addon_receiver_of(env, info);

  return dgram_napi_code(
      env, socket == NULL ? UV_EBADF : dgram_socket_reveal(socket));
}

static const napi_property_descriptor methods[] = {
    DGRAM_NAPI_METHOD("getSendQueueSize", js_get_send_queue_size),
    DGRAM_NAPI_METHOD("getSendQueueCount", js_get_send_queue_count),
    DGRAM_NAPI_METHOD("setSendHighWaterMark", js_set_send_mark),
    DGRAM_NAPI_METHOD("needsDrain", js_needs_drain),
    DGRAM_NAPI_METHOD("recvStop", js_recv_stop),
    DGRAM_NAPI_METHOD("ref", js_ref),
    DGRAM_NAPI_METHOD("unref", js_unref),
    DGRAM_NAPI_METHOD("hasRef", js_has_ref),
    {"fd",
     NULL,
     NULL,
     js_fd,
     NULL,
     NULL,
     napi_enumerable | napi_configurable,
     NULL},
};

/* define(prototype): defines the methods of a handle. */
static napi_value js_define(napi_env env, napi_callback_info info) {
  napi_value prototype;
  size_t argc = 1;

  DGRAM_TRY(env, napi_get_cb_info(env, info, &argc, &prototype, NULL, NULL));
  DGRAM_TRY(env, dgram_addon_define_bind(env, prototype));
  DGRAM_TRY(env, dgram_addon_define_options(env, prototype));
  DGRAM_TRY(env, dgram_addon_define_platform_options(env, prototype));
  DGRAM_TRY(env, dgram_addon_define_move(env, prototype));
  DGRAM_TRY(env, dgram_addon_define_stats(env, prototype));
  DGRAM_TRY(
      env,
      napi_define_properties(env, prototype, DGRAM_COUNT_OF(methods), methods));
  return NULL;
}

static const napi_property_descriptor functions[] = {
    DGRAM_NAPI_FUNCTION("closeSocket", js_close_socket),
    DGRAM_NAPI_FUNCTION("define", js_define),
    DGRAM_NAPI_FUNCTION("init", js_init),
    DGRAM_NAPI_FUNCTION("startReceiving", js_start_receiving),
};

napi_status dgram_addon_export_handle(napi_env env, napi_value exports) {
  return napi_define_properties(
      env, exports, DGRAM_COUNT_OF(functions), functions);
}
