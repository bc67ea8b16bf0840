#include "transport/linux/linux.h"

static void on_poll(uv_poll_t* poll, int status, int events);

/* Queued datagrams keep the loop alive even after unref(), as a uv_udp_send_t
 * does. */
void dgram_linux_update_ref(linux_socket_t* self) {
  if (self->queue_head != NULL ||
      uv_has_ref((const uv_handle_t*) &self->socket->udp))
    uv_ref((uv_handle_t*) &self->poll);
  else
    uv_unref((uv_handle_t*) &self->poll);
}

/* While the queue is in use, a nested event loop must not send from it: the
 * caller that uses it updates the events again afterwards. */
int dgram_linux_update_poll(linux_socket_t* self) {
  dgram_socket_t* socket = self->socket;
  bool reading = socket->reading && !self->read_deferred;
  int events = 0;
  int rc;

  if (reading)
    events |= UV_READABLE;
  if (self->queue_head != NULL && !self->sending && !self->paused)
    events |= UV_WRITABLE;
  if (self->preread != NULL && reading)
    events |= UV_WRITABLE; /* deliver in the next iteration */
  if (!self->polling) {
    if (events == 0)
      return 0;
    rc = uv_poll_init(socket->env->loop, &self->poll, dgram_linux_fd(socket));
    if (rc != 0)
      return rc;
    self->polling = true;
  }
  dgram_linux_update_ref(self);
  if (events == 0)
    return uv_poll_stop(&self->poll);
  return uv_poll_start(&self->poll, events, on_poll);
}

/* The descriptor can no longer be polled: another handle of the loop has its
 * number. This happens if the application closes the descriptor behind libuv's
 * back. Reports the error to the socket, then to each queued datagram. */
static void fail_socket(linux_socket_t* self, int code) {
  dgram_socket_t* socket = self->socket;
  dgram_iteration_t iteration = {0};

  if (socket->reading && dgram_inbox_acquire(socket->env, socket)) {
    dgram_inbox_append(socket->env, 0, 0, 0, NULL, code);
    (void) dgram_delivery_start(socket->env, socket, &iteration);
  }
  dgram_linux_fail_queue(self, code);
}

void dgram_linux_update_poll_or_fail(linux_socket_t* self) {
  int rc = dgram_linux_update_poll(self);

  if (rc != 0)
    fail_socket(self, rc);
}

static void on_events(linux_socket_t* self, int status, int events) {
  dgram_socket_t* socket = self->socket;

  if (status < 0)
    events = UV_READABLE |
             UV_WRITABLE; /* R4: reading or sending returns the error */
  if (self->preread != NULL)
    events |= UV_READABLE;
  if ((events & UV_READABLE) && socket->reading)
    dgram_linux_on_readable(self, status);
  else if (status < 0 && !socket->closing)
    dgram_linux_discard_errors(dgram_linux_fd(socket));
  if ((events & UV_WRITABLE) && !socket->closing)
    dgram_linux_send_queued(self);
  if (!socket->closing && (status < 0 || (events & UV_WRITABLE)))
    dgram_linux_update_poll_or_fail(self);
}

static void on_poll(uv_poll_t* poll, int status, int events) {
  linux_socket_t* self = (linux_socket_t*) poll;
  dgram_socket_t* socket = self->socket;

  dgram_socket_use(socket);
  on_events(self, status, events);
  dgram_socket_unuse(socket);
}
