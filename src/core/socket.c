#include "core/socket.h"

#include <stdlib.h>

#include "core/assert.h"
#include "core/held.h"
#include "core/memory.h"
#include "core/unix_socket.h"
#include "transport/transport.h"

static int init_handle(dgram_socket_t* socket) {
  int rc = uv_udp_init_ex(
      socket->env->loop, &socket->udp, AF_UNSPEC | UV_UDP_RECVMMSG);

  if (rc == 0)
    socket->env->handles_open++;
  return rc;
}

int dgram_socket_new(dgram_env_t* env, dgram_socket_t** out) {
  return dgram_socket_allocate(env, sizeof(dgram_socket_t), out);
}

int dgram_socket_allocate(dgram_env_t* env, size_t size, dgram_socket_t** out) {
  dgram_socket_t* socket = dgram_zalloc(size);
  int rc;

  dgram_socket_free_pending(env);
  if (socket == NULL)
    return UV_ENOMEM;
  socket->env = env;
  socket->block = DGRAM_ITERATION_DATAGRAMS;
  socket->send_mark = DGRAM_SEND_MARK;
  rc = dgram_env_add_socket(env, socket);
  if (rc != 0) {
    free(socket);
    return rc;
  }
  rc = init_handle(socket);
  if (rc != 0) {
    dgram_env_remove_socket(env, socket);
    free(socket);
    return rc;
  }
  *out = socket;
  return 0;
}

void dgram_socket_use(dgram_socket_t* socket) {
  socket->uses++;
}

/* libuv may still access the handle after its callback returns, so it is freed
 * when the next socket is created. */
void dgram_socket_unuse(dgram_socket_t* socket) {
  dgram_env_t* env = socket->env;

  DGRAM_ASSERT(socket->uses > 0);
  if (--socket->uses > 0 || !socket->closed)
    return;
  socket->next_pending = env->pending_free;
  env->pending_free = socket;
}

void dgram_socket_free_pending(dgram_env_t* env) {
  while (env->pending_free != NULL) {
    dgram_socket_t* socket = env->pending_free;

    DGRAM_ASSERT(socket->uses == 0 && socket->closed);
    env->pending_free = socket->next_pending;
    free(socket);
  }
}

static void on_replaced_closed(uv_handle_t* handle) {
  dgram_socket_t* socket = (dgram_socket_t*) handle;
  dgram_env_t* env = socket->env;

  socket->closed = true;
  if (socket->uses == 0)
    free(socket); /* else dgram_socket_unuse() frees it */
  dgram_env_handle_closed(env);
}

void dgram_socket_replace(dgram_socket_t* socket) {
  dgram_socket_t* successor = calloc(1, sizeof(*successor));

  if (successor == NULL)
    return;
  successor->env = socket->env;
  successor->block = socket->block;
  successor->send_mark = socket->send_mark;
  if (init_handle(successor) != 0) {
    free(successor);
    return;
  }
  if (!uv_has_ref((const uv_handle_t*) &socket->udp))
    uv_unref((uv_handle_t*) &successor->udp);
  successor->transport_data = socket->transport_data;
  successor->counters = socket->counters;
  successor->icmp_errors = socket->icmp_errors;
  successor->dual_stack = socket->dual_stack;
  successor->open_options = socket->open_options;
  successor->failed_option = socket->failed_option;
  successor->receive_info = socket->receive_info;
  socket->open_options = NULL;
  socket->counters = NULL;
  dgram_env_replace_socket(socket->env, socket, successor);
  successor->env->transport->moved(successor);
  socket->closing = true;
  uv_close((uv_handle_t*) &socket->udp, on_replaced_closed);
}

int dgram_socket_start(dgram_socket_t* socket) {
  int rc;

  if (socket->closing)
    return UV_EBADF;
  /* Held datagrams come first, then dgram_held_deliver() starts it. */
  rc = socket->holds ? 0 : socket->env->transport->start(socket);
  if (rc == 0)
    socket->reading = true;
  dgram_delivery_update(socket->env, socket);
  return rc;
}

int dgram_socket_stop(dgram_socket_t* socket) {
  if (socket->closing)
    return UV_EBADF;
  socket->reading = false;
  dgram_delivery_hold(socket->env, socket);
  dgram_delivery_update(socket->env, socket);
  return socket->env->transport->stop(socket);
}

int dgram_socket_set_send_mark(dgram_socket_t* socket, uint32_t bytes) {
  if (socket->closing)
    return UV_EBADF;
  socket->send_mark = bytes;
  return 0;
}

size_t dgram_socket_queue_size(const dgram_socket_t* socket) {
  return socket->env->transport->queue_size(socket);
}

size_t dgram_socket_queue_count(const dgram_socket_t* socket) {
  return socket->env->transport->queue_count(socket);
}

void dgram_socket_ref(dgram_socket_t* socket) {
  if (socket->closing)
    return;
  uv_ref((uv_handle_t*) &socket->udp);
  socket->env->transport->ref_changed(socket);
  dgram_delivery_update(socket->env, socket);
}

void dgram_socket_unref(dgram_socket_t* socket) {
  if (socket->closing)
    return;
  uv_unref((uv_handle_t*) &socket->udp);
  socket->env->transport->ref_changed(socket);
  dgram_delivery_update(socket->env, socket);
}

bool dgram_socket_has_ref(const dgram_socket_t* socket) {
  return !socket->closing && uv_has_ref((const uv_handle_t*) &socket->udp);
}

void dgram_socket_close(dgram_socket_t* socket) {
  if (socket->closing)
    return;
  /* For dgram_stats_sum(). A socket that has received one datagram or none is
   * not worth a system call: many are opened for one request. */
  if (socket->counters != NULL && socket->counters->stats.received > 1)
    (void) dgram_stats_read_drops(socket);
  if (socket->is_unix)
    dgram_unix_socket_remove_file(socket);
  socket->closing = true;
  socket->reading = false;
  dgram_env_remove_starting(socket->env, socket);
  dgram_held_drop(socket->env, socket);
  dgram_delivery_update(socket->env, socket);
  socket->env->transport->close(socket);
}

uint32_t dgram_socket_read_max(const dgram_socket_t* socket) {
  return socket->shared ? 1 : DGRAM_RECV_SLOTS;
}

static void on_handle_closed(uv_handle_t* handle) {
  dgram_socket_t* socket = (dgram_socket_t*) handle;
  dgram_env_t* env = socket->env;

  dgram_socket_use(socket);
  env->transport->closed(socket);
  dgram_stats_close(socket);
  free(socket->open_options);
  socket->open_options = NULL;
  socket->closed = true;
  dgram_env_remove_socket(env, socket);
  env->closed(socket);
  if (--socket->uses == 0)
    free(socket);
  dgram_env_handle_closed(env);
}

void dgram_socket_release(dgram_socket_t* socket) {
  uv_close((uv_handle_t*) &socket->udp, on_handle_closed);
}
