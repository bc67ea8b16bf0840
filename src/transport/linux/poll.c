#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "transport/linux/error_queue.h"
#include "transport/linux/linux.h"
#include "transport/linux/unix.h"

/* A uv_poll_t, allocated when the socket first needs one. Freed by its close
 * callback, independently of the socket. */
struct linux_poll_s {
  uv_poll_t handle; /* first: a uv_poll_t* is a linux_poll_t* */
  linux_socket_t* owner;
};

/* On EPOLLERR this libuv calls recv_cb a second time even if the first call
 * stopped reading or closed the socket, and aborts. Later ones check that,
 * earlier ones call it once. */
#define UV_1_52_0 0x013400u

static void on_poll(uv_poll_t* handle, int status, int events);
static void on_watched(uv_udp_t* udp,
                       ssize_t nread,
                       const uv_buf_t* buf,
                       const struct sockaddr* source,
                       unsigned flags);

/* -- libuv's UDP watcher ----------------------------------------------------
 */

/* Offers no buffer: libuv then reads nothing and calls on_watched(). */
static void on_alloc(uv_handle_t* handle, size_t size, uv_buf_t* buf) {
  (void) handle;
  (void) size;
  *buf = uv_buf_init(NULL, 0);
}

/* libuv aborts if epoll rejects a descriptor, so it is added here before. libuv
 * then only updates it. UV_EEXIST: a handle of this loop watches it. */
static int add_to_epoll(const dgram_socket_t* socket) {
  struct epoll_event event = {.events = EPOLLIN};

  event.data.fd = dgram_linux_fd(socket);
  return epoll_ctl(uv_backend_fd(socket->env->loop),
                   EPOLL_CTL_ADD,
                   event.data.fd,
                   &event) == 0
             ? 0
             : uv_translate_sys_error(errno);
}

/* libuv does this only when the socket is closed. */
static void remove_from_epoll(const dgram_socket_t* socket) {
  struct epoll_event event = {0};

  (void) epoll_ctl(uv_backend_fd(socket->env->loop),
                   EPOLL_CTL_DEL,
                   dgram_linux_fd(socket),
                   &event);
}

/* Only a lack of memory or of watches (max_user_watches) can prevent the
 * polling of a descriptor that no other code knows. It is added to epoll before
 * the loop polls: many sockets are closed by then. `defer` false: it is added
 * now. Returns UV_EEXIST if another handle polls the descriptor, or the watcher
 * is not usable. */
static int start_watcher(dgram_socket_t* socket, bool defer) {
  int rc = 0;

  if (uv_version() == UV_1_52_0)
    return UV_EEXIST;
  socket->unchecked = defer && dgram_env_add_starting(socket->env, socket);
  if (!socket->unchecked)
    rc = add_to_epoll(socket);
  if (rc != 0)
    return rc;
  rc = uv_udp_recv_start(&socket->udp, on_alloc, on_watched);
  if (rc != 0 && !socket->unchecked)
    remove_from_epoll(socket);
  return rc;
}

/* The transport uses the handle for nothing else. */
static bool is_watching(const dgram_socket_t* socket) {
  return uv_is_active((const uv_handle_t*) &socket->udp) != 0;
}

static void stop_watcher(dgram_socket_t* socket) {
  if (!is_watching(socket))
    return;
  (void) uv_udp_recv_stop(&socket->udp);
  if (!socket->unchecked)
    remove_from_epoll(socket);
  socket->unchecked = false;
}

/* -- the poll handle --------------------------------------------------------
 */

static void on_poll_closed(uv_handle_t* handle) {
  free(handle);
}

void dgram_linux_close_poll(linux_socket_t* self) {
  if (self->poll == NULL)
    return;
  uv_close((uv_handle_t*) &self->poll->handle, on_poll_closed);
  self->poll = NULL;
}

static int open_poll(linux_socket_t* self) {
  dgram_socket_t* socket = self->socket;
  linux_poll_t* poll = calloc(1, sizeof(*poll));
  bool was_watching = is_watching(socket);
  int rc;

  if (poll == NULL)
    return UV_ENOMEM;
  stop_watcher(socket); /* libuv allows one handle per descriptor */
  rc = uv_poll_init(socket->env->loop, &poll->handle, dgram_linux_fd(socket));
  if (rc != 0) {
    free(poll);
    if (was_watching) /* dgram_linux_before_poll() reports an error */
      (void) start_watcher(socket, true);
    return rc;
  }
  poll->owner = self;
  self->poll = poll;
  return 0;
}

/* Queued datagrams keep the loop alive even after unref(), as a uv_udp_send_t
 * does. */
void dgram_linux_update_ref(linux_socket_t* self) {
  if (self->poll == NULL)
    return;
  if (self->queue_head != NULL ||
      uv_has_ref((const uv_handle_t*) &self->socket->udp))
    uv_ref((uv_handle_t*) &self->poll->handle);
  else
    uv_unref((uv_handle_t*) &self->poll->handle);
}

static int poll_for(dgram_socket_t* socket, int events) {
  linux_socket_t* self = dgram_linux_ensure(socket);
  int rc;

  if (self == NULL)
    return UV_ENOMEM;
  if (self->poll == NULL) {
    rc = open_poll(self);
    if (rc != 0)
      return rc;
  }
  dgram_linux_update_ref(self);
  if (events == 0)
    return uv_poll_stop(&self->poll->handle);
  return uv_poll_start(&self->poll->handle, events, on_poll);
}

/* -- both -------------------------------------------------------------------
 */

static bool has_poll(const dgram_socket_t* socket) {
  const linux_socket_t* self = socket->transport_data;

  return self != NULL && self->poll != NULL;
}

/* While the queue is in use, a nested event loop must not send from it: the
 * caller that uses it updates the events again afterwards. */
static int needed_events(const dgram_socket_t* socket) {
  const linux_socket_t* self = socket->transport_data;
  bool reading = socket->reading && (self == NULL || !self->read_deferred);
  int events = 0;

  if (reading)
    events |= UV_READABLE;
  if (self == NULL)
    return events;
  if (self->queue_head != NULL && !self->sending && !self->paused)
    events |= UV_WRITABLE;
  if (self->preread != NULL && reading)
    events |= UV_WRITABLE; /* deliver in the next iteration */
  return events;
}

int dgram_linux_update_poll(dgram_socket_t* socket) {
  bool is_private = !socket->shared && !socket->revealed;
  int events = needed_events(socket);
  int rc = UV_EEXIST;

  if (!has_poll(socket) && events == 0) {
    stop_watcher(socket);
    return 0;
  }
  if (!has_poll(socket) && events == UV_READABLE)
    rc = is_watching(socket) ? 0 : start_watcher(socket, is_private);
  return rc == UV_EEXIST ? poll_for(socket, events) : rc;
}

/* The descriptor can no longer be polled: another handle of the loop has its
 * number. This happens if the application closes the descriptor behind libuv's
 * back. Reports the error to the socket, then to each queued datagram. */
static void fail_socket(dgram_socket_t* socket, int code) {
  dgram_iteration_t iteration = {0};

  if (socket->reading && dgram_inbox_acquire(socket->env, socket)) {
    dgram_inbox_append(socket->env, 0, 0, 0, NULL, code);
    (void) dgram_delivery_start(socket->env, socket, &iteration);
  }
  if (!socket->closing && socket->transport_data != NULL)
    dgram_linux_fail_queue(socket->transport_data, code);
}

void dgram_linux_update_poll_or_fail(linux_socket_t* self) {
  dgram_socket_t* socket = self->socket;
  int rc = dgram_linux_update_poll(socket);

  if (rc != 0)
    fail_socket(socket, rc);
}

/* The same errors as those that lib/socket/receive.js reports when recvStart()
 * fails. UV_EEXIST: a nested event loop has polled meanwhile. */
void dgram_linux_before_poll(dgram_socket_t* socket) {
  int rc;

  if (socket->is_unix && socket->transport_data != NULL)
    dgram_unix_report(socket->transport_data);
  if (socket->closing || !is_watching(socket) || !socket->unchecked)
    return;
  rc = add_to_epoll(socket);
  if (rc == 0 || rc == UV_EEXIST) {
    socket->unchecked = false;
    return;
  }
  stop_watcher(socket);
  dgram_socket_use(socket);
  if (rc == UV_ENOMEM || rc == UV_ENOSPC)
    fail_socket(socket, rc);
  if (!socket->closing && !is_watching(socket) && !has_poll(socket))
    socket->reading = false;
  dgram_socket_unuse(socket);
}

static void on_events(linux_socket_t* self, int status, int events) {
  dgram_socket_t* socket = self->socket;

  if (status < 0)
    events = UV_READABLE |
             UV_WRITABLE; /* R4: reading or sending returns the error */
  if (self->preread != NULL)
    events |= UV_READABLE;
  if ((events & UV_READABLE) && socket->reading)
    dgram_linux_on_readable(self, status < 0);
  else if (status < 0 && !socket->closing)
    dgram_error_queue_read(self); /* E3 */
  if ((events & UV_WRITABLE) && !socket->closing)
    dgram_linux_send_queued(self);
  if (!socket->closing && (status < 0 || (events & UV_WRITABLE)))
    dgram_linux_update_poll_or_fail(self);
}

static void on_poll(uv_poll_t* handle, int status, int events) {
  linux_socket_t* self = ((linux_poll_t*) handle)->owner;
  dgram_socket_t* socket = self->socket;

  dgram_socket_use(socket);
  on_events(self, status, events);
  dgram_socket_unuse(socket);
}

/* The descriptor is readable, or has an error (R4): libuv does not say which.
 * Without memory for `self`, libuv calls again until there is some. */
static void on_watched(uv_udp_t* udp,
                       ssize_t nread,
                       const uv_buf_t* buf,
                       const struct sockaddr* source,
                       unsigned flags) {
  dgram_socket_t* socket = (dgram_socket_t*) udp;
  linux_socket_t* self;

  (void) nread;
  (void) buf;
  (void) source;
  (void) flags;
  if (!socket->reading || socket->closing)
    return;
  self = dgram_linux_ensure(socket);
  if (self == NULL)
    return;
  dgram_socket_use(socket);
  dgram_linux_on_readable(self, true);
  dgram_socket_unuse(socket);
}
