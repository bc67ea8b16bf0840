/* Descriptors as JavaScript may have written them, with either transport and a
 * kernel that fails at any time. A well-formed datagram leaves exactly once or
 * is reported as failed exactly once, in order per socket. A malformed one gets
 * the code that env.h documents. No access outside the arena. */
#include "../core.h"
#include "../outgoing.h"

#define PEERS 6
#define SETTINGS 5
#define ARENA_MAX 3000

typedef struct {
  uint32_t ticket;
  fuzz_datagram_t datagram;
} waiting_t;

/* The model of a socket. */
typedef struct {
  dgram_socket_t* socket;
  int fd;
  waiting_t waiting[FUZZ_DATAGRAMS]; /* reported as DGRAM_QUEUED */
  uint32_t head;
  uint32_t tail;
  size_t bytes;
} model_t;

/* Two for each place: the previous socket may still be closing. */
#define MODELS 64

typedef struct {
  fuzz_core_t core; /* first: env.data is the core */
  fuzz_input_t input;
  dgram_address_t peers[PEERS + 1]; /* AF_UNSPEC: empty */
  dgram_send_settings_t settings[SETTINGS + 1];
  model_t* models[MODELS];
  uint32_t models_count;
  uint32_t datagrams;
  uint32_t failures; /* reported errors */
  bool icmp_errors;  /* the sockets have the option icmpErrors */
  uint32_t depth;    /* of flushes within completions */
  uint64_t sent;
} state_t;

static model_t* model_of(const state_t* state, const dgram_socket_t* socket) {
  uint32_t i;

  for (i = 0; i < state->models_count; i++)
    if (state->models[i]->socket == socket)
      return state->models[i];
  return NULL;
}

static void open_socket(state_t* state, uint32_t place) {
  model_t* model;

  if (state->core.sockets[place] != NULL || state->models_count == MODELS)
    return;
  fuzz_core_socket(&state->core, place, !fuzz_one_in(&state->input, 8));
  model = calloc(1, sizeof(*model));
  FUZZ_CHECK(model != NULL);
  model->socket = state->core.sockets[place];
  model->socket->icmp_errors = state->icmp_errors;
  model->fd = dgram_socket_fd(model->socket);
  state->models[state->models_count++] = model;
}

/* Mostly a slot that may be filled, otherwise one around the end of the table
 * or any number. */
static uint32_t draw_number(fuzz_input_t* input, uint32_t some, uint32_t max) {
  if (!fuzz_one_in(input, 8))
    return fuzz_below(input, some + 2);
  if (fuzz_one_in(input, 4))
    return fuzz_u32(input);
  return max - 1 + fuzz_below(input, 3);
}

static uint32_t draw_slot(fuzz_input_t* input) {
  return draw_number(input, PEERS, DGRAM_DESTINATIONS_MAX);
}

static uint32_t draw_settings(fuzz_input_t* input) {
  return draw_number(input, SETTINGS, DGRAM_SEND_SETTINGS_MAX);
}

static int draw_family(fuzz_input_t* input) {
  static const int families[] = {4, 6, DGRAM_FAMILY_BOTH};

  return families[fuzz_below(input, 3)];
}

static void set_peer(state_t* state) {
  static const char* const texts[] = {
      "127.0.0.1", "10.1.2.3", "::1", "fe80::1%lo", "nonsense", ""};
  uint32_t slot = draw_slot(&state->input);
  uint16_t port = fuzz_u16(&state->input);
  const char* text = texts[fuzz_below(&state->input, 6)];
  int family = draw_family(&state->input);
  int rc;

  if (slot > PEERS) /* the model has the first slots only */
    slot |= DGRAM_DESTINATIONS_MAX;
  rc = dgram_destinations_set(&state->core.env, slot, family, text, port);
  FUZZ_CHECK(rc == 0 || rc == UV_EINVAL);
  if (slot == 0 || slot > PEERS)
    FUZZ_CHECK(rc == UV_EINVAL);
  else
    FUZZ_CHECK((dgram_address_parse(&state->peers[slot], family, text, port) ==
                0) == (rc == 0));
}

static void set_settings(state_t* state) {
  static const char* const texts[] = {NULL,
                                      "127.0.0.1",
                                      "0.0.0.0",
                                      "::1",
                                      "::",
                                      "::ffff:10.1.2.3",
                                      "fe80::1%lo",
                                      "nonsense"};
  static const char* const names[] = {NULL, NULL, "lo", "no-such-device"};
  fuzz_input_t* input = &state->input;
  uint32_t slot = draw_settings(input);
  dgram_send_settings_text_t text;
  dgram_address_t address;
  int rc;

  text.family = draw_family(input);
  text.local_address = texts[fuzz_below(input, 8)];
  text.interface_name = names[fuzz_below(input, 4)];
  text.interface_index = fuzz_below(input, 3);
  text.tos = (int32_t) fuzz_below(input, 300) - 2;
  text.ttl = (int32_t) fuzz_below(input, 300) - 2;
  text.send_time = fuzz_below(input, 3);
  if (slot > SETTINGS) /* the model has the first slots only */
    slot |= DGRAM_SEND_SETTINGS_MAX;
  rc = dgram_send_settings_set(&state->core.env, slot, &text);
  if (state->core.env.transport == &dgram_transport_uv) {
    FUZZ_CHECK(rc == UV_ENOTSUP);
    return;
  }
  FUZZ_CHECK(rc == 0 || rc == UV_EINVAL);
  FUZZ_CHECK(
      (rc == 0) ==
      (slot > 0 && slot <= SETTINGS && text.tos >= -1 && text.tos <= 255 &&
       text.ttl != 0 && text.ttl >= -1 && text.ttl <= 255 &&
       (text.local_address == NULL ||
        dgram_address_parse(&address, text.family, text.local_address, 0) ==
            0)));
  if (rc == 0)
    state->settings[slot] = state->core.env.send_settings.slots[slot];
}

/* -- descriptors ---------------------------------------------------------- */

static uint32_t draw_socket(state_t* state) {
  const model_t* model;

  if (fuzz_one_in(&state->input, 16))
    return fuzz_u32(&state->input);
  if (state->models_count == 0)
    return 0;
  model = state->models[fuzz_below(&state->input, state->models_count)];
  return model->socket == NULL ? 0x100000 : model->socket->id;
}

static void draw_send(state_t* state,
                      dgram_send_t* send,
                      const dgram_send_t* before,
                      uint32_t arena_size) {
  fuzz_input_t* input = &state->input;

  memset(send, 0, sizeof(*send));
  if (before != NULL && !fuzz_one_in(input, 4)) { /* extends a segment group */
    *send = *before;
    send->offset += send->length;
    if (fuzz_one_in(input, 4))
      send->length = fuzz_below(input, 80);
  } else {
    send->socket = draw_socket(state);
    send->destination = draw_slot(input);
    send->offset = fuzz_below(input, arena_size + 8);
    send->length = fuzz_below(input, 80);
  }
  if (fuzz_one_in(input, 24))
    send->destination = draw_slot(input);
  if (fuzz_one_in(input, 6))
    send->settings = draw_settings(input);
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
      (send->destination != 0 &&
       state->peers[send->destination].any.sa_family == AF_UNSPEC))
    return UV_EINVAL;
  if (socket->connected && send->destination != 0)
    return UV_EISCONN;
  if (send->settings > SETTINGS ||
      (send->settings != 0 && !state->settings[send->settings].is_used))
    return UV_EINVAL;
  if (send->settings != 0 && state->settings[send->settings].status != 0)
    return state->settings[send->settings].status;
  if ((uint64_t) send->offset + send->length > arena_size)
    return UV_EINVAL;
  return 0;
}

/* E4: ENOBUFS is otherwise no result of a send. */
static bool is_drop(const state_t* state, int status) {
  FUZZ_CHECK(state->icmp_errors || status != UV_ENOBUFS);
  return status == UV_ENOBUFS;
}

static void check_status(state_t* state,
                         const dgram_send_t* send,
                         const uint8_t* arena) {
  model_t* model =
      model_of(state, dgram_env_socket(&state->core.env, send->socket));
  const dgram_address_t* peer = &state->peers[send->destination];
  fuzz_datagram_t datagram = fuzz_datagram(
      arena + send->offset,
      send->length,
      send->destination == 0 ? NULL : &peer->any,
      send->settings == 0 ? NULL : &state->settings[send->settings]);

  FUZZ_CHECK(model != NULL);
  if (model->fd < 0) /* the first datagram binds the socket */
    model->fd = dgram_socket_fd(model->socket);
  if (send->status == DGRAM_QUEUED) {
    waiting_t* last = &model->waiting[model->tail++];

    FUZZ_CHECK(model->tail < FUZZ_DATAGRAMS);
    last->ticket = send->ticket;
    last->datagram = datagram;
    model->bytes += send->length;
  } else if (send->status >= 0) {
    FUZZ_CHECK(send->status == (int32_t) send->length);
    FUZZ_CHECK(model->head ==
               model->tail); /* no datagram overtakes the queue */
    fuzz_outgoing_expect(model->fd, &datagram);
    state->sent++;
  } else {
    FUZZ_CHECK(send->status != UV_EAGAIN);
    FUZZ_CHECK(!state->icmp_errors || send->status != UV_ECONNREFUSED);
    /* The failure may precede the descriptor. */
    state->failures += model->fd >= 0 && send->status != UV_EBADF &&
                       !is_drop(state, send->status);
  }
}

static void flush(state_t* state) {
  fuzz_input_t* input = &state->input;
  uint32_t arena_size = fuzz_below(input, ARENA_MAX);
  uint32_t count = fuzz_below(input, 70);
  uint8_t seed = fuzz_u8(input);
  uint8_t* arena = fuzz_alloc(arena_size);
  dgram_send_t* sends = fuzz_alloc(count * sizeof(*sends));
  int faults[70] = {0};
  uint32_t queued = 0;
  uint32_t i;
  uint32_t rc;

  for (i = 0; i < arena_size; i++)
    arena[i] = (uint8_t) (seed + i * 7 + i / 256);
  for (i = 0; i < count; i++) {
    draw_send(state, &sends[i], i > 0 ? &sends[i - 1] : NULL, arena_size);
    faults[i] = fault_of(state, &sends[i], arena_size);
  }
  rc = dgram_sends_flush(&state->core.env, sends, count, arena, arena_size);
  for (i = 0; i < count; i++) {
    queued += sends[i].status == DGRAM_QUEUED;
    if (faults[i] != 0)
      FUZZ_CHECK(sends[i].status == faults[i]);
    else
      check_status(state, &sends[i], arena);
  }
  FUZZ_CHECK(rc == queued);
  FUZZ_CHECK(state->core.env.sent == state->sent);
  free(sends);
  free(arena);
}

/* -- events --------------------------------------------------------------- */

static void close_one(state_t* state) {
  fuzz_core_close_socket(&state->core, fuzz_below(&state->input, FUZZ_SOCKETS));
}

static void wake(state_t* state);

static void nest(state_t* state) {
  if (fuzz_one_in(&state->input, 2))
    wake(state);
  else
    fuzz_core_iterate(&state->core);
}

static void on_complete(dgram_socket_t* socket,
                        uint32_t ticket,
                        int status,
                        size_t length) {
  state_t* state = socket->env->data;
  model_t* model = model_of(state, socket);
  const waiting_t* first;

  FUZZ_CHECK(model != NULL && model->head < model->tail);
  first = &model->waiting[model->head++];
  model->bytes -= length;
  FUZZ_CHECK(first->ticket == ticket && first->datagram.length == length);
  if (status == 0)
    fuzz_outgoing_expect(model->fd, &first->datagram);
  else if (!socket->closing)
    state->failures += model->fd >= 0 && !is_drop(state, status);
  FUZZ_CHECK(status == 0 || (status < 0 && status != UV_EAGAIN));
  FUZZ_CHECK(!state->icmp_errors || status != UV_ECONNREFUSED);

  /* JavaScript may call anything now. */
  if (state->depth > 0 || state->datagrams > FUZZ_DATAGRAMS / 4)
    return;
  state->depth++;
  if (fuzz_one_in(&state->input, 8))
    close_one(state);
  else if (fuzz_one_in(&state->input, 8))
    flush(state);
  while (fuzz_one_in(&state->input, 8)) /* a nested loop */
    nest(state);
  state->depth--;
}

void fuzz_on_closed(dgram_socket_t* socket) {
  model_t* model = model_of(socket->env->data, socket);

  FUZZ_CHECK(model->head == model->tail && model->bytes == 0);
  model->socket = NULL;
}

static void connect_one(state_t* state) {
  dgram_socket_t* socket =
      state->core.sockets[fuzz_below(&state->input, FUZZ_SOCKETS)];
  dgram_address_t peer;

  /* libuv opens the descriptor of a socket without one, which the model does
   * not track. */
  if (socket == NULL || dgram_socket_fd(socket) < 0)
    return;
  FUZZ_CHECK(dgram_address_parse(&peer, 4, "127.0.0.1", 9) == 0);
  if (socket->connected)
    FUZZ_CHECK(dgram_socket_disconnect(socket) == 0);
  else
    FUZZ_CHECK(dgram_socket_connect(socket, &peer) == 0);
}

/* A socket is writable, has an error, or libuv has completed a request. */
static void wake(state_t* state) {
  fuzz_watch_t* watch =
      &fuzz_watches[fuzz_below(&state->input, 3 * FUZZ_SOCKETS)];
  int status = fuzz_one_in(&state->input, 4) ? UV_EBADF : 0;

  if (watch->handle == NULL || uv_is_closing(watch->handle))
    return;
  if (watch->request != NULL)
    fuzz_outgoing_complete(watch, status == 0 ? 0 : -fuzz_errno());
  else if (watch->on_timer != NULL)
    fuzz_timer_event(watch);
  else
    fuzz_poll_event(watch, status, watch->events);
}

static void check_queues(const state_t* state) {
  uint32_t i;

  for (i = 0; i < state->models_count; i++) {
    const model_t* model = state->models[i];

    if (model->socket == NULL || model->socket->closing)
      continue;
    FUZZ_CHECK(dgram_socket_queue_count(model->socket) ==
               model->tail - model->head);
    FUZZ_CHECK(dgram_socket_queue_size(model->socket) == model->bytes);
  }
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
      fuzz_core_iterate(&state->core);
      break;
    case 4:
    case 5:
      set_peer(state);
      break;
    case 6:
      connect_one(state);
      if (fuzz_one_in(&state->input, 2))
        set_settings(state);
      break;
    case 7:
      state->core.env.queue_always = fuzz_one_in(&state->input, 3);
      break;
    case 8:
    case 9:
    case 10:
    case 11:
      wake(state);
      break;
    default:
      if (state->datagrams < FUZZ_DATAGRAMS / 4)
        flush(state);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static state_t state;
  uint32_t i;

  memset(&state, 0, sizeof(state));
  state.input = (fuzz_input_t){data, size};
  fuzz_kernel_reset(&state.input);
  fuzz_poll_fails = true;
  fuzz_outgoing_reset();
  fuzz_core_open(&state.core,
                 fuzz_one_in(&state.input, 2) ? &dgram_transport_uv
                                              : &dgram_transport_linux);
  state.core.env.complete = on_complete;
  state.core.env.data = &state;
  /* Not drawn, so that the inputs of the corpus keep their meaning. */
  state.icmp_errors =
      state.core.env.transport == &dgram_transport_linux && size % 2 == 1;
  open_socket(&state, 0);
  set_peer(&state); /* without a table no slot is read */
  set_settings(&state);
  while (state.input.size > 0) {
    step(&state);
    check_queues(&state);
  }
  fuzz_core_close(&state.core);
  fuzz_outgoing_finish();
  /* No error was invented. */
  FUZZ_CHECK(fuzz_poll_failed || state.failures <= fuzz_outgoing_errors());
  for (i = 0; i < state.models_count; i++)
    free(state.models[i]);
  return 0;
}
