#include "kernel.h"

#include <errno.h>

#include "unix_incoming.h"
#include "unix_outgoing.h"

/* The real functions. */
#undef uv_close
#undef uv_is_active
int uv_is_active(const uv_handle_t* handle);
void uv_close(uv_handle_t* handle, uv_close_cb on_closed);

fuzz_watch_t fuzz_watches[FUZZ_WATCHES];
fuzz_input_t* fuzz_kernel_input;
char fuzz_zone[UV_IF_NAMESIZE];
size_t fuzz_zone_length;
bool fuzz_poll_fails;
bool fuzz_poll_failed;

void fuzz_kernel_reset(fuzz_input_t* input) {
  memset(fuzz_watches, 0, sizeof(fuzz_watches));
  fuzz_kernel_input = input;
  fuzz_poll_failed = false;
  fuzz_unix_reset();
  fuzz_unix_outgoing_reset();
  fuzz_unix_incoming_reset();
}

fuzz_watch_t* fuzz_watch(const void* handle) {
  fuzz_watch_t* empty = NULL;
  int i;

  for (i = 0; i < FUZZ_WATCHES; i++) {
    if (fuzz_watches[i].handle == handle)
      return &fuzz_watches[i];
    if (empty == NULL && fuzz_watches[i].handle == NULL)
      empty = &fuzz_watches[i];
  }
  FUZZ_CHECK(empty != NULL);
  empty->handle = (uv_handle_t*) handle;
  return empty;
}

int fuzz_errno(void) {
  static const int errors[] = {ECONNREFUSED,
                               EPERM,
                               ENOMEM,
                               EIO,
                               EINVAL,
                               EMSGSIZE,
                               ENETUNREACH,
                               EHOSTUNREACH};

  return errors[fuzz_below(fuzz_kernel_input, 8)];
}

/* Reports a kernel with every feature, independent of the host. */
int fuzz_uname(struct utsname* name) {
  memset(name, 0, sizeof(*name));
  memcpy(name->release, "6.1.0", sizeof("6.1.0"));
  return 0;
}

/* Interfaces have any name or none. */
int fuzz_uv_if_indextoiid(unsigned index, char* buffer, size_t* size) {
  size_t length;

  (void) index;
  FUZZ_CHECK(*size >= UV_IF_NAMESIZE);
  if (fuzz_one_in(fuzz_kernel_input, 4))
    return UV_ENXIO;
  length = fuzz_below(fuzz_kernel_input, UV_IF_NAMESIZE);
  fuzz_bytes(fuzz_kernel_input, buffer, length);
  buffer[length] = '\0';
  memcpy(fuzz_zone, buffer, length + 1);
  fuzz_zone_length = length;
  *size = length;
  return 0;
}

/* -- polling -------------------------------------------------------------- */

/* The watcher of a uv_udp_t, which is started below, is not in epoll either. */
int fuzz_epoll_ctl(int epfd, int op, int fd, struct epoll_event* event) {
  (void) epfd;
  FUZZ_CHECK(fd >= 0 && event != NULL);
  if (op != EPOLL_CTL_ADD || !fuzz_poll_fails ||
      !fuzz_one_in(fuzz_kernel_input, 32))
    return 0;
  fuzz_poll_failed = true;
  errno = fuzz_one_in(fuzz_kernel_input, 2) ? ENOSPC : EEXIST;
  return -1;
}

int fuzz_uv_poll_start(uv_poll_t* poll, int events, uv_poll_cb on_poll) {
  fuzz_watch_t* watch = fuzz_watch(poll);

  FUZZ_CHECK(!uv_is_closing((uv_handle_t*) poll));
  /* Another handle polls the same descriptor. */
  if (fuzz_poll_fails && fuzz_one_in(fuzz_kernel_input, 32)) {
    fuzz_poll_failed = true;
    watch->events = 0;
    return UV_EEXIST;
  }
  watch->events = events;
  watch->on_poll = on_poll;
  return 0;
}

int fuzz_uv_poll_stop(uv_poll_t* poll) {
  FUZZ_CHECK(!uv_is_closing((uv_handle_t*) poll));
  fuzz_watch(poll)->events = 0;
  return 0;
}

void fuzz_poll_event(fuzz_watch_t* watch, int status, int events) {
  if (watch->events == 0)
    return;
  if (status < 0)
    watch->events = events = 0;
  watch->on_poll((uv_poll_t*) watch->handle, status, events);
}

/* -- timers --------------------------------------------------------------- */

/* Timers expire only in fuzz_timer_event(). */
int fuzz_uv_timer_start(uv_timer_t* timer,
                        uv_timer_cb on_timer,
                        uint64_t timeout,
                        uint64_t repeat) {
  FUZZ_CHECK(!uv_is_closing((uv_handle_t*) timer));
  FUZZ_CHECK(timeout > 0 && timeout < 100 && repeat == 0);
  fuzz_watch(timer)->on_timer = on_timer;
  return 0;
}

void fuzz_timer_event(fuzz_watch_t* watch) {
  uv_timer_cb on_timer = watch->on_timer;

  watch->on_timer = NULL;
  if (on_timer != NULL)
    on_timer((uv_timer_t*) watch->handle);
}

/* -- libuv's own requests and reading -------------------------------------- */

void fuzz_end_request(fuzz_watch_t* watch, int status) {
  uv_udp_send_t* request = watch->request;

  watch->request = NULL;
  if (request != NULL)
    watch->on_sent(request, status);
}

int fuzz_uv_udp_recv_start(uv_udp_t* udp,
                           uv_alloc_cb on_alloc,
                           uv_udp_recv_cb on_recv) {
  fuzz_watch_t* watch = fuzz_watch(udp);

  if (watch->on_recv != NULL)
    return UV_EALREADY;
  watch->on_alloc = on_alloc;
  watch->on_recv = on_recv;
  return 0;
}

int fuzz_uv_udp_recv_stop(uv_udp_t* udp) {
  fuzz_watch_t* watch = fuzz_watch(udp);

  watch->on_alloc = NULL;
  watch->on_recv = NULL;
  return 0;
}

int fuzz_uv_is_active(const uv_handle_t* handle) {
  int i;

  if (uv_handle_get_type(handle) != UV_UDP)
    return uv_is_active(handle);
  for (i = 0; i < FUZZ_WATCHES; i++)
    if (fuzz_watches[i].handle == handle)
      return fuzz_watches[i].on_recv != NULL;
  return 0;
}

/* -- closing -------------------------------------------------------------- */

/* libuv completes requests before it reports that the handle is closed. */
static void on_closed(uv_handle_t* handle) {
  fuzz_watch_t* watch = fuzz_watch(handle);
  uv_close_cb wanted = watch->on_closed;

  fuzz_end_request(watch, UV_ECANCELED);
  FUZZ_CHECK(watch->request == NULL);
  memset(watch, 0, sizeof(*watch));
  wanted(handle);
}

void fuzz_uv_close(uv_handle_t* handle, uv_close_cb wanted) {
  fuzz_watch_t* watch = fuzz_watch(handle);
  uv_os_fd_t fd;

  watch->events = 0;
  watch->on_timer = NULL;
  watch->on_alloc = NULL;
  watch->on_recv = NULL;
  watch->on_closed = wanted;
  if (uv_handle_get_type(handle) == UV_UDP && uv_fileno(handle, &fd) == 0)
    fuzz_unix_forget(fd);
  uv_close(handle, on_closed);
}
