/* Unix datagram sockets that send: descriptors as JavaScript may have written
 * them, peers that are full, closed or missing, connected and disconnected at
 * any time. Each datagram leaves exactly once, in order per socket, for the
 * name that it was meant for, or fails with the error of the kernel. */
#include "../core.h"
#include "../unix_model.h"
#include "core/unix_socket.h"

#define PEERS 6
#define ARENA_MAX 3000
#define FLUSH_MAX 70

typedef struct {
  fuzz_core_t core; /* first: env.data is the core */
  fuzz_input_t input;
  dgram_path_t peers[PEERS + 1]; /* length 0: empty, or an address of IPv4 */
  bool is_ip4[PEERS + 1];
  fuzz_unix_models_t all;
  uint32_t datagrams;
  uint32_t depth; /* of calls by listeners */
} state_t;

static fuzz_unix_model_t* model_of(const state_t* state, uint32_t id) {
  return fuzz_unix_model(&state->all, dgram_env_socket(&state->core.env, id));
}

static void open_socket(state_t* state, uint32_t place) {
  bool is_pair = fuzz_one_in(&state->input, 4);

  if (state->core.sockets[place] != NULL ||
      state->all.count == FUZZ_UNIX_MODELS)
    return;
  fuzz_core_unix_socket(&state->core, place, is_pair ? fuzz_unix_pair() : -1);
  FUZZ_CHECK(state->core.sockets[place]->connected == is_pair);
  fuzz_unix_model_add(&state->all, state->core.sockets[place]);
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
  const fuzz_unix_model_t* model;

  if (fuzz_one_in(&state->input, 16))
    return fuzz_u32(&state->input);
  model = state->all.models[fuzz_below(&state->input, state->all.count)];
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
                     const fuzz_unix_model_t* model,
                     const dgram_send_t* send,
                     const uint8_t* arena,
                     fuzz_unix_datagram_t* out) {
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

static void check_status(state_t* state,
                         const dgram_send_t* send,
                         const fuzz_unix_datagram_t* datagram,
                         bool was_open) {
  fuzz_unix_model_t* model = model_of(state, send->socket);

  FUZZ_CHECK(model != NULL);
  fuzz_unix_model_find_descriptor(model);
  if (send->status == DGRAM_QUEUED) {
    fuzz_unix_model_queue(model, datagram);
    return;
  }
  fuzz_unix_model_count(&state->all, model, send->status, send->length);
  if (send->status == UV_EBADF) { /* not connected, and no descriptor yet */
    FUZZ_CHECK(!was_open);
    return;
  }
  if (send->status >= 0)
    FUZZ_CHECK(send->status == (int32_t) send->length);
  if (send->status >= 0) /* no datagram overtakes the queue */
    FUZZ_CHECK(model->head == model->tail);
  fuzz_unix_model_end(model, datagram, send->status < 0 ? send->status : 0);
}

static void flush(state_t* state) {
  fuzz_input_t* input = &state->input;
  uint32_t arena_size = fuzz_below(input, ARENA_MAX);
  uint32_t total = fuzz_below(input, FLUSH_MAX);
  uint8_t seed = fuzz_u8(input);
  uint8_t* arena = fuzz_alloc(arena_size);
  dgram_send_t* sends = fuzz_alloc(total * sizeof(*sends));
  fuzz_unix_datagram_t datagrams[FLUSH_MAX] = {{0}};
  bool was_open[FLUSH_MAX] = {false};
  int faults[FLUSH_MAX] = {0};
  uint32_t queued = 0;
  uint32_t i;
  uint32_t rc;

  for (i = 0; i < arena_size; i++)
    arena[i] = (uint8_t) (seed + i * 7 + i / 256);
  for (i = 0; i < total; i++) {
    const fuzz_unix_model_t* model;

    draw_send(state, &sends[i], i > 0 ? &sends[i - 1] : NULL, arena_size);
    faults[i] = fault_of(state, &sends[i], arena_size);
    if (faults[i] != 0)
      continue;
    model = model_of(state, sends[i].socket);
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
      fuzz_unix_model_count(
          &state->all, model_of(state, sends[i].socket), faults[i], 0);
  }
  FUZZ_CHECK(rc == queued);
  free(sends);
  free(arena);
}

/* -- peers ---------------------------------------------------------------- */

static void connect_one(state_t* state) {
  dgram_socket_t* socket =
      state->core.sockets[fuzz_below(&state->input, FUZZ_SOCKETS)];
  fuzz_unix_model_t* model = fuzz_unix_model(&state->all, socket);
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
  fuzz_unix_model_find_descriptor(model);
  if (rc != 0) {
    fuzz_unix_forget_error();
    return;
  }
  fuzz_unix_model_connect(model, &path);
  rc = dgram_unix_socket_peer(socket, &path);
  FUZZ_CHECK(rc == (disconnects ? UV_ENOTCONN : 0));
  FUZZ_CHECK(disconnects || dgram_path_equal(&model->peer, &path));
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
    FUZZ_CHECK(name.length > 0);
    FUZZ_CHECK(path.length == 0 || dgram_path_equal(&path, &name));
  }
  fuzz_unix_model_find_descriptor(fuzz_unix_model(&state->all, socket));
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
  else if (fuzz_one_in(&state->input, 8) &&
           state->datagrams < FUZZ_UNIX_DATAGRAMS / 2)
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
  fuzz_unix_model_t* model = fuzz_unix_model(&state->all, socket);
  const fuzz_unix_datagram_t* datagram;

  FUZZ_CHECK(model != NULL);
  datagram = fuzz_unix_model_unqueue(model);
  FUZZ_CHECK(datagram->ticket == ticket && datagram->length == length);
  fuzz_unix_model_count(&state->all, model, status, length);
  fuzz_unix_model_end(model, datagram, status);
  act(state);
}

static void on_congestion(dgram_socket_t* socket, dgram_congestion_t event) {
  state_t* state = socket->env->data;
  fuzz_unix_model_t* model = fuzz_unix_model(&state->all, socket);

  FUZZ_CHECK(model != NULL && !socket->closing && socket->uses > 0);
  fuzz_unix_model_congestion(model, event);
  act(state);
}

void fuzz_on_closed(dgram_socket_t* socket) {
  const state_t* state = socket->env->data;
  fuzz_unix_model_t* model = fuzz_unix_model(&state->all, socket);

  FUZZ_CHECK(model->head == model->tail && model->bytes == 0);
  model->socket = NULL;
}

/* -- the whole ------------------------------------------------------------ */

static void check_congestions(state_t* state) {
  dgram_env_before_poll(&state->core.env);
  fuzz_unix_models_check_congestions(&state->all);
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
      if (state->datagrams < FUZZ_UNIX_DATAGRAMS / 2)
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
    fuzz_unix_models_check(&state.all);
  }
  check_congestions(&state);
  fuzz_core_close(&state.core);
  fuzz_unix_outgoing_finish();
  fuzz_unix_models_close(&state.all, &state.core.env.closed_stats);
  return 0;
}
