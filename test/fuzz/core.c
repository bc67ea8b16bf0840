#include "core.h"

#include "core/unix_socket.h"

static uv_loop_t loop;
static bool idle;

static void on_idle(dgram_env_t* env) {
  (void) env;
  idle = true;
}

/* Sockets that were closed while one of their callbacks was on the stack, which
 * may complete more of their queued datagrams. */
#define PENDING_MAX 64
static dgram_socket_t* pending[PENDING_MAX];
static uint32_t pending_count;

static void on_closed(dgram_socket_t* socket) {
  if (socket->uses == 1) { /* held by libuv's callback only */
    fuzz_on_closed(socket);
    return;
  }
  FUZZ_CHECK(pending_count < PENDING_MAX);
  pending[pending_count++] = socket;
}

/* Reports the sockets that are no longer in use. Their memory is freed with the
 * next socket that is created. */
static void settle_closed(void) {
  uint32_t kept = 0;
  uint32_t i;

  for (i = 0; i < pending_count; i++)
    if (pending[i]->uses == 0)
      fuzz_on_closed(pending[i]);
    else
      pending[kept++] = pending[i];
  pending_count = kept;
}

void fuzz_core_open(fuzz_core_t* core, const dgram_transport_t* transport) {
  static bool ready;

  if (!ready)
    FUZZ_CHECK(uv_loop_init(&loop) == 0);
  ready = true;
  idle = false;
  memset(core, 0, sizeof(*core));
  dgram_env_init(&core->env, &loop);
  core->env.transport = transport;
  core->env.closed = on_closed;
  core->env.idle = on_idle;
  core->env.data = core;
}

static void put_socket(fuzz_core_t* core,
                       uint32_t place,
                       dgram_socket_t* socket) {
  FUZZ_CHECK(dgram_env_socket(&core->env, socket->id) == socket);
  core->sockets[place] = socket;
}

void fuzz_core_socket(fuzz_core_t* core, uint32_t place, bool bound) {
  dgram_address_t address;
  dgram_socket_t* socket;

  if (core->sockets[place] != NULL)
    return;
  settle_closed();
  FUZZ_CHECK(dgram_socket_new(&core->env, &socket) == 0);
  put_socket(core, place, socket);
  if (!bound)
    return;
  FUZZ_CHECK(dgram_address_parse(&address, 4, "127.0.0.1", 0) == 0);
  FUZZ_CHECK(dgram_socket_bind(socket, &address, 0) == 0);
}

void fuzz_core_unix_socket(fuzz_core_t* core, uint32_t place, int fd) {
  dgram_socket_t* socket;

  FUZZ_CHECK(core->sockets[place] == NULL);
  settle_closed();
  FUZZ_CHECK(dgram_unix_socket_new(&core->env, &socket) == 0);
  put_socket(core, place, socket);
  if (fd >= 0)
    FUZZ_CHECK(dgram_unix_socket_open(socket, fd) == 0);
}

void fuzz_core_close_socket(fuzz_core_t* core, uint32_t place) {
  dgram_socket_t* socket;

  if (place == FUZZ_SOCKETS)
    return;
  socket = core->sockets[place];
  core->sockets[place] = NULL;
  if (socket != NULL)
    dgram_socket_close(socket);
}

uint32_t fuzz_core_place(const fuzz_core_t* core,
                         const dgram_socket_t* socket) {
  uint32_t place = 0;

  while (place < FUZZ_SOCKETS && core->sockets[place] != socket)
    place++;
  return place;
}

bool fuzz_is_polled(const dgram_socket_t* socket, int event) {
  uv_os_fd_t fd;
  int i;

  for (i = 0; i < FUZZ_WATCHES; i++) {
    const fuzz_watch_t* watch = &fuzz_watches[i];

    if (watch->handle == NULL || uv_fileno(watch->handle, &fd) != 0 ||
        fd != dgram_socket_fd(socket))
      continue;
    if (watch->events & event)
      return true;
    if (event == UV_READABLE && watch->on_recv != NULL)
      return true;
  }
  return false;
}

void fuzz_core_iterate(fuzz_core_t* core) {
  uv_run(core->env.loop, UV_RUN_NOWAIT);
  settle_closed();
}

void fuzz_core_close(fuzz_core_t* core) {
  uint32_t place;

  for (place = 0; place < FUZZ_SOCKETS; place++)
    fuzz_core_close_socket(core, place);
  dgram_env_close(&core->env);
  uv_run(core->env.loop, UV_RUN_DEFAULT);
  settle_closed();
  FUZZ_CHECK(pending_count == 0);
  FUZZ_CHECK(core->env.sockets_open == 0);
  FUZZ_CHECK(idle);
  FUZZ_CHECK(!uv_loop_alive(core->env.loop));
  dgram_env_free(&core->env);
}
