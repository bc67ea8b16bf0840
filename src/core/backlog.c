#include "core/backlog.h"

#include <stdlib.h>

#include "core/env.h"
#include "core/socket.h"
#include "transport/transport.h"

/* Freed by the close callback of its handle, independently of the socket. */
struct dgram_backlog_s {
  uv_idle_t idle; /* first: a uv_idle_t* is a dgram_backlog_t* */
  dgram_env_t* env;
  dgram_socket_t* socket;
  dgram_message_t* list;
};

static void on_idle(uv_idle_t* idle);

int dgram_backlog_open(dgram_socket_t* socket, dgram_message_t* list) {
  dgram_backlog_t* backlog;

  if (list == NULL)
    return 0;
  backlog = calloc(1, sizeof(*backlog));
  if (backlog == NULL)
    return UV_ENOMEM;
  (void) uv_idle_init(socket->env->loop, &backlog->idle);
  socket->env->handles_open++;
  backlog->env = socket->env;
  backlog->socket = socket;
  backlog->list = list;
  socket->backlog = backlog;
  return 0;
}

void dgram_backlog_update(dgram_socket_t* socket) {
  dgram_backlog_t* backlog = socket->backlog;

  if (backlog == NULL)
    return;
  if (dgram_socket_has_ref(socket))
    uv_ref((uv_handle_t*) &backlog->idle);
  else
    uv_unref((uv_handle_t*) &backlog->idle);
  if (socket->reading)
    (void) uv_idle_start(&backlog->idle, on_idle);
  else
    (void) uv_idle_stop(&backlog->idle);
}

void dgram_backlog_take(dgram_socket_t* socket, dgram_message_t** list) {
  if (socket->backlog == NULL)
    return;
  *dgram_messages_end(list) = socket->backlog->list;
  socket->backlog->list = NULL;
}

static void on_closed(uv_handle_t* handle) {
  dgram_env_t* env = ((dgram_backlog_t*) handle)->env;

  free(handle);
  dgram_env_handle_closed(env);
}

void dgram_backlog_close(dgram_socket_t* socket) {
  dgram_backlog_t* backlog = socket->backlog;

  if (backlog == NULL)
    return;
  socket->backlog = NULL;
  dgram_messages_free(backlog->list);
  backlog->list = NULL;
  uv_close((uv_handle_t*) &backlog->idle, on_closed);
}

/* The backlog was delivered, or is being delivered: the transport may read. */
static void start_transport(dgram_socket_t* socket) {
  dgram_env_t* env = socket->env;
  dgram_iteration_t iteration = {0};
  int rc = env->transport->start(socket);

  if (rc == 0 || !dgram_inbox_acquire(env, socket))
    return;
  dgram_inbox_append(env, 0, 0, 0, NULL, rc);
  (void) dgram_delivery_start(env, socket, &iteration);
}

/* While no inbox is free, an earlier batch is being delivered. */
static void on_idle(uv_idle_t* idle) {
  dgram_backlog_t* backlog = (dgram_backlog_t*) idle;
  dgram_socket_t* socket = backlog->socket;
  dgram_iteration_t iteration = {0};

  if (!dgram_inbox_acquire(socket->env, socket))
    return;
  dgram_socket_use(socket);
  backlog->list = dgram_messages_append(socket, backlog->list);
  (void) dgram_delivery_start(socket->env, socket, &iteration);
  /* A listener may have closed the socket, or stopped it. */
  if (socket->backlog == backlog && backlog->list == NULL) {
    dgram_backlog_close(socket);
    if (socket->reading)
      start_transport(socket);
  }
  dgram_socket_unuse(socket);
}
