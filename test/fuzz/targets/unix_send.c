/* Unix datagram sockets that send: descriptors as JavaScript may have written
 * them, peers that are full, closed or missing, connected and disconnected at
 * any time. Each datagram leaves exactly once, in order per socket, for the
 * name that it was meant for, or fails with the error of the kernel. */
#include "../core.h"
#include "../unix_outgoing.h"
#include "core/unix_socket.h"

#define PEERS 6
#define ARENA_MAX 3000
#define DATAGRAMS 512
#define MODELS 64

typedef struct {
  uint32_t ticket;
  uint32_t length;
  uint32_t hash;   /* of the payload */
  bool to_peer;    /* the one that the socket is connected to when it leaves */
  bool is_foreign; /* the destination is no Unix socket */
  dgram_path_t to;
} datagram_t;

/* The model of a socket. */
typedef struct {
  dgram_socket_t* socket;
  uint32_t id; /* of the descriptor; 0: none yet */
  bool connected;
  dgram_path_t peer;
  datagram_t waiting[DATAGRAMS]; /* reported as DGRAM_QUEUED */
  uint32_t head;
  uint32_t tail;
  size_t bytes;
  dgram_congestion_t next_event;
  dgram_stats_t stats;
} model_t;

typedef struct {
  fuzz_core_t core; /* first: env.data is the core */
  fuzz_input_t input;
  dgram_path_t peers[PEERS + 1]; /* length 0: empty, or an address of IPv4 */
  bool is_ip4[PEERS + 1];
  model_t* models[MODELS];
  uint32_t models_count;
  uint32_t datagrams;
  uint32_t depth;      /* of calls by listeners */
  dgram_stats_t total; /* of all sockets */
} state_t;

static model_t* model_of(const state_t* state, const dgram_socket_t* socket) {
  uint32_t i;

  for (i = 0; i < state->models_count; i++)
    if (state->models[i]->socket == socket)
      return state->models[i];
  return NULL;
}

/* The first datagram creates the descriptor. */
static void find_descriptor(model_t* model) {
  const fuzz_unix_t* kernel = fuzz_unix(dgram_socket_fd(model->socket));

  if (model->id == 0 && kernel != NULL)
    model->id = kernel->id;
}

static void open_socket(state_t* state, uint32_t place) {
  bool is_pair = fuzz_one_in(&state->input, 4);
  model_t* model;

  if (state->core.sockets[place] != NULL || state->models_count == MODELS)
    return;
  model = calloc(1, sizeof(*model));
  FUZZ_CHECK(model != NULL);
  fuzz_core_unix_socket(&state->core, place, is_pair ? fuzz_unix_pair() : -1);
  model->socket = state->core.sockets[place];
  model->connected = is_pair;
  FUZZ_CHECK(model->socket->connected == is_pair);
  find_descriptor(model);
  state->models[state->models_count++] = model;
}

static uint32_t draw_slot(fuzz_input_t* input) {
  if (!fuzz_one_in(input, 8))
    return fuzz_below(input, PEERS + 2);
  return fuzz_one_in(input, 4) ? fuzz_u32(input)
                               : DGRAM_DESTINATIONS_MAX + fuzz_below(input, 3);
}

static void set_peer(state_t* state) {
  uint32_t slot = draw_slot(&state->input);
  bool is_ip4 = fuzz_one_in(&state->input, 8);
  bool is_valid = slot > 0 && slot < DGRAM_DESTINATIONS_MAX;
  dgram_path_t path;
  int rc;

  fuzz_unix_draw_name(&state->input, &path);
  if (is_valid && slot > PEERS) /* the model has the first slots only */
    return;
  rc = is_ip4
           ? dgram_destinations_set(&state->core.env, slot, 4, "127.0.0.1", 9)
           : dgram_destinations_set_path(&state->core.env, slot, &path);
  FUZZ_CHECK(rc == (is_valid ? 0 : UV_EINVAL));
  if (rc != 0)
    return;
  state->is_ip4[slot] = is_ip4;
  state->peers[slot] = path;
}

/* -- descriptors ---------------------------------------------------------- */

static uint32_t draw_socket(state_t* state) {
  const model_t* model;

  if (fuzz_one_in(&state->input, 16))
    return fuzz_u32(&state->input);
  model = state->models[fuzz_below(&state->input, state->models_count)];
  return model->socket == NULL ? 0x100000 : model->socket->id;
}

static void draw_send(state_t* state,
                      dgram_send_t* send,
                      const dgram_send_t* before,
                      uint32_t arena_size) {
  fuzz_input_t* input = &state->input;

  memset(send, 0, sizeof(*send));
  send->socket = before != NULL && !fuzz_one_in(input, 4) ? before->socket
                                                          : draw_socket(state);
  if (fuzz_one_in(input, 2))
    send->destination = draw_slot(input);
  send->offset = fuzz_below(input, arena_size + 2);
  send->length = fuzz_below(input, 80);
  if (fuzz_one_in(input, 24))
    send->settings = 1 + fuzz_u8(input);
  if (fuzz_one_in(input, 24))
    send->offset = fuzz_u32(input);
  if (fuzz_one_in(input, 24))
    send->length = fuzz_u32(input);
  send->ticket = fuzz_one_in(input, 8) ? 0 : ++state->datagrams;
  send->status = 0x55;
}

/* The code that env.h documents for a malformed descriptor. */
static int fault_of(const state_t* state,
                    const dgram_send_t* send,
                    uint32_t arena_size) {
  const dgram_socket_t* socket =
      dgram_env_socket(&state->core.env, send->socket);

  if (socket == NULL || socket->closing)
    return UV_EBADF;
  if (send->destination > PEERS ||
      (send->destination != 0 && !state->is_ip4[send->destination] &&
       state->peers[send->destination].length == 0))
    return UV_EINVAL;
  if (socket->connected && send->destination != 0)
    return UV_EISCONN;
  if (send->settings != 0 ||
      (uint64_t) send->offset + send->length > arena_size)
    return UV_EINVAL;
  return 0;
}

static void describe(const state_t* state,
                     const model_t* model,
                     const dgram_send_t* send,
                     const uint8_t* arena,
                     datagram_t* out) {
  memset(out, 0, sizeof(*out));
  out->ticket = send->ticket;
  out->length = send->length;
  out->hash = fuzz_unix_hash(arena + send->offset, send->length);
  out->is_foreign = state->is_ip4[send->destination];
  if (send->destination != 0)
    out->to = state->peers[send->destination];
  else if (model->connected)
    out->to = model->peer;
  else
    out->to_peer = true; /* connected later, if at all */
}

/* -- outcomes ------------------------------------------------------------- */

static void count(state_t* state, model_t* model, int status, size_t length) {
  dgram_stats_t* each[] = {&state->total, model == NULL ? NULL : &model->stats};
  int i;

  for (i = 0; i < 2; i++) {
    if (each[i] == NULL)
      continue;
    each[i]->sent += status >= 0;
    each[i]->sent_bytes += status >= 0 ? length : 0;
    each[i]->send_errors += status < 0;
  }
}

/* The datagram is over: it was sent, or failed with this code. */
static void check_end(const model_t* model,
                      const datagram_t* datagram,
                      int code) {
  const dgram_path_t* to = datagram->to_peer ? &model->peer : &datagram->to;

  if (code == 0) {
    FUZZ_CHECK(!datagram->is_foreign);
    FUZZ_CHECK(!datagram->to_peer || model->connected);
    fuzz_unix_expect_sent(model->id, fuzz_unix_hash_to(datagram->hash, to));
    return;
  }
  FUZZ_CHECK(code != UV_EAGAIN && code != UV_ENOBUFS);
  if (code == UV_ECANCELED)
    FUZZ_CHECK(model->socket->closing);
  else if (code == UV_EEXIST || code == UV_ENOSPC)
    FUZZ_CHECK(fuzz_poll_failed);
  else if (datagram->is_foreign)
    FUZZ_CHECK(code == UV_EINVAL);
  else if (code == UV_ENOTCONN && to->length == 0)
    FUZZ_CHECK(datagram->to_peer || to == &datagram->to); /* cannot reconnect */
  else
    fuzz_unix_expect_error(model->id, code);
}

static void check_status(state_t* state,
                         const dgram_send_t* send,
                         const datagram_t* datagram,
                         bool was_open) {
  model_t* model =
      model_of(state, dgram_env_socket(&state->core.env, send->socket));

  FUZZ_CHECK(model != NULL);
  find_descriptor(model);
  if (send->status == DGRAM_QUEUED) {
    FUZZ_CHECK(model->tail < DATAGRAMS);
    model->waiting[model->tail++] = *datagram;
    model->bytes += send->length;
    return;
  }
  count(state, model, send->status, send->length);
  if (send->status == UV_EBADF) { /* not connected, and no descriptor yet */
    FUZZ_CHECK(!was_open);
    return;
  }
  if (send->status >= 0)
    FUZZ_CHECK(send->status == (int32_t) send->length);
  if (send->status >= 0) /* no datagram overtakes the queue */
    FUZZ_CHECK(model->head == model->tail);
  check_end(model, datagram, send->status < 0 ? send->status : 0);
}

#define FLUSH_MAX 70

static void flush(state_t* state) {
  fuzz_input_t* input = &state->input;
  uint32_t arena_size = fuzz_below(input, ARENA_MAX);
  uint32_t total = fuzz_below(input, FLUSH_MAX);
  uint8_t seed = fuzz_u8(input);
  uint8_t* arena = fuzz_alloc(arena_size);
  dgram_send_t* sends = fuzz_alloc(total * sizeof(*sends));
  datagram_t datagrams[FLUSH_MAX] = {{0}};
  bool was_open[FLUSH_MAX] = {false};
  int faults[FLUSH_MAX] = {0};
  uint32_t queued = 0;
  uint32_t i;
  uint32_t rc;

  for (i = 0; i < arena_size; i++)
    arena[i] = (uint8_t) (seed + i * 7 + i / 256);
  for (i = 0; i < total; i++) {
    const model_t* model;

    draw_send(state, &sends[i], i > 0 ? &sends[i - 1] : NULL, arena_size);
    faults[i] = fault_of(state, &sends[i], arena_size);
    if (faults[i] != 0)
      continue;
    model =
        model_of(state, dgram_env_socket(&state->core.env, sends[i].socket));
    was_open[i] = model->id != 0;
    describe(state, model, &sends[i], arena, &datagrams[i]);
  }
  rc = dgram_sends_flush(&state->core.env, sends, total, arena, arena_size);
  for (i = 0; i < total; i++) {
    queued += sends[i].status == DGRAM_QUEUED;
    if (faults[i] == 0) {
      check_status(state, &sends[i], &datagrams[i], was_open[i]);
      continue;
    }
    FUZZ_CHECK(sends[i].status == faults[i]);
    if (dgram_env_socket(&state->core.env, sends[i].socket) != NULL)
      count(
          state,
          model_of(state, dgram_env_socket(&state->core.env, sends[i].socket)),
          faults[i],
          0);
  }
  FUZZ_CHECK(rc == queued);
  free(sends);
  free(arena);
}

/* -- peers ---------------------------------------------------------------- */

/* U7: what waits for the connected peer is still meant for it. */
static void leave_peer(model_t* model) {
  uint32_t i;

  for (i = model->head; model->connected && i < model->tail; i++) {
    if (model->waiting[i].to_peer)
      model->waiting[i].to = model->peer;
    model->waiting[i].to_peer = false;
  }
}

static void check_name(const dgram_path_t* expected, const dgram_path_t* name) {
  FUZZ_CHECK(dgram_path_equal(expected, name));
}

static void connect_one(state_t* state) {
  dgram_socket_t* socket =
      state->core.sockets[fuzz_below(&state->input, FUZZ_SOCKETS)];
  model_t* model = model_of(state, socket);
  bool disconnects = fuzz_one_in(&state->input, 3);
  dgram_path_t path = {0};
  int rc;

  if (socket == NULL)
    return;
  if (disconnects && model->id == 0)
    return; /* lib/ does not call it */
  if (!disconnects)
    fuzz_unix_draw_name(&state->input, &path);
  rc = disconnects ? dgram_unix_socket_disconnect(socket)
                   : dgram_unix_socket_connect(socket, &path);
  find_descriptor(model);
  if (rc != 0) {
    fuzz_unix_forget_error();
    return;
  }
  leave_peer(model);
  model->connected = !disconnects;
  model->peer = path;
  rc = dgram_unix_socket_peer(socket, &path);
  FUZZ_CHECK(rc == (disconnects ? UV_ENOTCONN : 0));
  check_name(&model->peer, &path);
}

static void bind_one(state_t* state) {
  dgram_socket_t* socket =
      state->core.sockets[fuzz_below(&state->input, FUZZ_SOCKETS)];
  dgram_path_t path;
  dgram_path_t name;

  if (socket == NULL)
    return;
  fuzz_unix_draw_name(&state->input, &path);
  if (fuzz_one_in(&state->input, 4))
    path.length = 0;
  if (dgram_unix_socket_bind(socket, &path, false) == 0) {
    FUZZ_CHECK(dgram_unix_socket_name(socket, &name) == 0);
    if (path.length > 0)
      check_name(&path, &name);
    FUZZ_CHECK(name.length > 0);
  }
  find_descriptor(model_of(state, socket));
}

/* -- events --------------------------------------------------------------- */

static void close_one(state_t* state) {
  fuzz_core_close_socket(&state->core, fuzz_below(&state->input, FUZZ_SOCKETS));
}

/* A socket is writable, has an error, or a pause is over. */
static void wake(state_t* state) {
  fuzz_watch_t* watch =
      &fuzz_watches[fuzz_below(&state->input, 3 * FUZZ_SOCKETS)];
  int status = fuzz_one_in(&state->input, 8) ? UV_EBADF : 0;

  if (watch->handle == NULL || uv_is_closing(watch->handle))
    return;
  if (watch->on_timer != NULL)
    fuzz_timer_event(watch);
  else
    fuzz_poll_event(watch, status, watch->events);
}

/* The loop goes on. */
static void iterate(state_t* state) {
  dgram_env_before_poll(&state->core.env);
  fuzz_core_iterate(&state->core);
}

/* JavaScript may call anything. */
static void act(state_t* state) {
  if (state->depth > 0)
    return;
  state->depth++;
  if (fuzz_one_in(&state->input, 8))
    close_one(state);
  else if (fuzz_one_in(&state->input, 8))
    connect_one(state);
  else if (fuzz_one_in(&state->input, 8) && state->datagrams < DATAGRAMS / 2)
    flush(state);
  while (fuzz_one_in(&state->input, 8)) { /* a nested loop */
    if (fuzz_one_in(&state->input, 2))
      wake(state);
    else
      iterate(state);
  }
  state->depth--;
}

static void on_complete(dgram_socket_t* socket,
                        uint32_t ticket,
                        int status,
                        size_t length) {
  state_t* state = socket->env->data;
  model_t* model = model_of(state, socket);
  const datagram_t* datagram;

  FUZZ_CHECK(model != NULL && model->head < model->tail);
  datagram = &model->waiting[model->head++];
  model->bytes -= length;
  FUZZ_CHECK(datagram->ticket == ticket && datagram->length == length);
  FUZZ_CHECK(status <= 0);
  count(state, model, status, length);
  check_end(model, datagram, status);
  act(state);
}

static void on_congestion(dgram_socket_t* socket, dgram_congestion_t event) {
  state_t* state = socket->env->data;
  model_t* model = model_of(state, socket);

  FUZZ_CHECK(model != NULL && !socket->closing && socket->uses > 0);
  FUZZ_CHECK(event == model->next_event);
  if (event == DGRAM_CONGESTION_DRAINED)
    FUZZ_CHECK(model->head == model->tail);
  model->next_event = event == DGRAM_CONGESTION_DRAINED
                          ? DGRAM_CONGESTION_BEGINS
                          : (dgram_congestion_t) (event + 1);
  act(state);
}

void fuzz_on_closed(dgram_socket_t* socket) {
  model_t* model = model_of(socket->env->data, socket);

  FUZZ_CHECK(model->head == model->tail && model->bytes == 0);
  model->socket = NULL;
}

/* -- the whole ------------------------------------------------------------ */

static void check_stats(const dgram_stats_t* stats,
                        const dgram_stats_t* expected) {
  FUZZ_CHECK(stats->sent == expected->sent);
  FUZZ_CHECK(stats->sent_bytes == expected->sent_bytes);
  FUZZ_CHECK(stats->send_errors == expected->send_errors);
}

static void check_sockets(const state_t* state) {
  uint32_t i;

  for (i = 0; i < state->models_count; i++) {
    const model_t* model = state->models[i];

    if (model->socket == NULL || model->socket->closing)
      continue;
    FUZZ_CHECK(dgram_socket_queue_count(model->socket) ==
               model->tail - model->head);
    FUZZ_CHECK(dgram_socket_queue_size(model->socket) == model->bytes);
    check_stats(dgram_socket_stats(model->socket), &model->stats);
  }
}

/* After the reports of dgram_env_before_poll() a congestion has begun if
 * datagrams wait, and is over if none does. */
static void check_congestions(state_t* state) {
  uint32_t i;

  dgram_env_before_poll(&state->core.env);
  for (i = 0; i < state->models_count; i++) {
    const model_t* model = state->models[i];

    if (model->socket != NULL && !model->socket->closing)
      FUZZ_CHECK((model->next_event == DGRAM_CONGESTION_BEGINS) ==
                 (model->head == model->tail));
  }
}

static bool is_polled(const dgram_socket_t* socket) {
  uv_os_fd_t fd;
  int i;

  for (i = 0; i < FUZZ_WATCHES; i++) {
    const fuzz_watch_t* watch = &fuzz_watches[i];

    if (watch->handle != NULL && (watch->events & UV_WRITABLE) &&
        uv_fileno(watch->handle, &fd) == 0 && fd == dgram_socket_fd(socket))
      return true;
  }
  return false;
}

/* Datagrams that wait are sent later: when the socket is writable, or when its
 * timer expires (S4). */
static void check_wakers(const state_t* state) {
  uint32_t unpolled = 0;
  uint32_t timers = 0;
  uint32_t i;

  for (i = 0; i < FUZZ_WATCHES; i++)
    timers += fuzz_watches[i].on_timer != NULL;
  for (i = 0; i < state->models_count; i++) {
    const model_t* model = state->models[i];

    unpolled += model->socket != NULL && !model->socket->closing &&
                model->head < model->tail && !is_polled(model->socket);
  }
  FUZZ_CHECK(fuzz_poll_failed || unpolled <= timers);
}

static void step(state_t* state) {
  switch (fuzz_below(&state->input, 16)) {
    case 0:
    case 1:
      open_socket(state, fuzz_below(&state->input, FUZZ_SOCKETS));
      break;
    case 2:
      close_one(state);
      break;
    case 3:
      iterate(state);
      break;
    case 4:
      set_peer(state);
      break;
    case 5:
    case 6:
      connect_one(state);
      break;
    case 7:
      state->core.env.queue_always = fuzz_one_in(&state->input, 3);
      break;
    case 8:
      bind_one(state);
      break;
    case 9:
    case 10:
    case 11:
      wake(state);
      break;
    case 12:
      check_congestions(state);
      break;
    default:
      if (state->datagrams < DATAGRAMS / 2)
        flush(state);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static state_t state;
  uint32_t i;

  memset(&state, 0, sizeof(state));
  state.input = (fuzz_input_t){data, size};
  fuzz_kernel_reset(&state.input);
  fuzz_poll_fails = true;
  fuzz_core_open(&state.core, &dgram_transport_linux);
  state.core.env.complete = on_complete;
  state.core.env.congestion = on_congestion;
  state.core.env.data = &state;
  open_socket(&state, 0);
  for (i = 0; i < 3; i++)
    set_peer(&state);
  while (state.input.size > 0) {
    step(&state);
    check_sockets(&state);
    check_wakers(&state);
  }
  check_congestions(&state);
  fuzz_core_close(&state.core);
  fuzz_unix_outgoing_finish();
  check_stats(&state.core.env.closed_stats, &state.total);
  for (i = 0; i < state.models_count; i++)
    free(state.models[i]);
  return 0;
}
