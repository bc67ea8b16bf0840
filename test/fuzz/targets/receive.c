/* What comes in, over either transport: the inbox says what the kernel handed
 * over, run by run, and JavaScript, which may look at a part of a batch only,
 * stop, close, or run a nested loop, is never told the wrong source. */
#include "../core.h"
#include "../inlet.h"

typedef struct {
  fuzz_core_t core;
  fuzz_input_t input;
  /* The texts that JavaScript remembers, by slot; length 0: none. */
  dgram_address_t known[DGRAM_SOURCES_MAX];
  uint64_t received;
  bool refused; /* the memory was gone at some time */
  bool busy;    /* a batch is being looked at */
} state_t;

/* Exactly as large as JavaScript's, made once. */
static uint8_t* slab;
static dgram_recv_t* runs;
static dgram_peer_text_t* texts;

static bool on_lend(dgram_env_t* env) {
  state_t* state = env->data;

  FUZZ_CHECK(!state->busy);
  if (fuzz_one_in(&state->input, 16)) {
    state->refused = true;
    return false;
  }
  env->inbox.slab = slab;
  env->inbox.runs = runs;
  env->inbox.texts = texts;
  fuzz_inlet_reset(slab);
  return true;
}

/* -- what JavaScript sees -------------------------------------------------- */

static bool same_source(const dgram_address_t* a, const dgram_address_t* b) {
  if (a->any.sa_family == AF_INET)
    return b->any.sa_family == AF_INET && a->in4.sin_port == b->in4.sin_port &&
           a->in4.sin_addr.s_addr == b->in4.sin_addr.s_addr;
  return a->any.sa_family == b->any.sa_family &&
         a->in6.sin6_port == b->in6.sin6_port &&
         memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, 16) == 0;
}

static void check_source(state_t* state,
                         const dgram_recv_t* run,
                         const fuzz_arrival_t* arrival) {
  const dgram_peer_text_t* text;

  FUZZ_CHECK(run->peer < DGRAM_SOURCES_MAX);
  FUZZ_CHECK(run->fresh <= state->core.env.inbox.fresh);
  if (run->fresh > 0) {
    text = &texts[run->fresh - 1];
    FUZZ_CHECK(text->length <= sizeof(text->text));
    FUZZ_CHECK((text->error == 0) == (text->length > 0));
    FUZZ_CHECK(text->family ==
               (arrival->source.any.sa_family == AF_INET ? 4 : 6));
    FUZZ_CHECK(text->port == ntohs(arrival->source.in4.sin_port));
    state->known[run->peer] = arrival->source;
  }
  FUZZ_CHECK(same_source(&state->known[run->peer], &arrival->source));
}

static void check_run(state_t* state,
                      const dgram_recv_t* run,
                      const fuzz_arrival_t* arrival) {
  FUZZ_CHECK(run->status == arrival->status);
  if (run->status != 0)
    return;
  FUZZ_CHECK(slab + run->offset == arrival->bytes);
  FUZZ_CHECK((uint64_t) run->offset + run->length <= DGRAM_RECV_SLAB);
  FUZZ_CHECK(run->length == arrival->length);
  if (arrival->segment != 0 || arrival->length == 0)
    FUZZ_CHECK(run->segment == arrival->segment);
  FUZZ_CHECK(run->segment <= run->length);
  FUZZ_CHECK((run->segment == 0) == (run->length == 0));
  check_source(state, run, arrival);
}

static void count_datagrams(state_t* state) {
  const dgram_inbox_t* inbox = &state->core.env.inbox;
  uint32_t i;

  for (i = 0; i < inbox->count; i++)
    if (runs[i].status == 0)
      state->received +=
          runs[i].length == 0
              ? 1
              : (runs[i].length + runs[i].segment - 1) / runs[i].segment;
  FUZZ_CHECK(state->core.env.received == state->received);
}

static void act(state_t* state);

static bool on_deliver(dgram_socket_t* socket) {
  state_t* state = socket->env->data;
  const dgram_inbox_t* inbox = &state->core.env.inbox;
  uint32_t seen = inbox->count;
  uint32_t i;

  FUZZ_CHECK(!state->busy && inbox->busy);
  FUZZ_CHECK(inbox->count > 0 && inbox->count <= DGRAM_RECV_SLOTS);
  FUZZ_CHECK(inbox->count == fuzz_arrivals_count);
  FUZZ_CHECK(inbox->fresh <= inbox->count);
  count_datagrams(state);
  if (fuzz_one_in(&state->input, 4))
    seen = fuzz_below(&state->input, inbox->count + 1);
  state->busy = true;
  fuzz_inlet_reset(NULL); /* nothing may be overwritten now */
  for (i = 0; i < seen; i++) {
    check_run(state, &runs[i], &fuzz_arrivals[i]);
    if (fuzz_one_in(&state->input, 8))
      act(state);
  }
  state->busy = false;
  /* A closed socket's batch ends early, and that is how it should be. */
  if (seen < inbox->count && fuzz_one_in(&state->input, 2)) {
    fuzz_core_close_socket(&state->core, fuzz_core_place(&state->core, socket));
    return true;
  }
  return seen == inbox->count;
}

/* -- what happens --------------------------------------------------------- */

void fuzz_on_closed(dgram_socket_t* socket) {
  FUZZ_CHECK(socket->closing);
}

static void wake(state_t* state) {
  fuzz_watch_t* watch =
      &fuzz_watches[fuzz_below(&state->input, 2 * FUZZ_SOCKETS)];
  int status = fuzz_one_in(&state->input, 4) ? UV_EBADF : 0;

  if (watch->handle == NULL)
    return;
  if (watch->on_recv != NULL)
    fuzz_inlet_event(watch);
  else
    fuzz_poll_event(watch, status, watch->events);
}

static void share(const state_t* state, dgram_socket_t* socket) {
  int fd = dgram_socket_share(socket);

  (void) state;
  if (fd >= 0)
    uv_fs_close(NULL, &(uv_fs_t){0}, fd, NULL);
}

static void act(state_t* state) {
  uint32_t place = fuzz_below(&state->input, FUZZ_SOCKETS);
  dgram_socket_t* socket = state->core.sockets[place];

  switch (fuzz_below(&state->input, 16)) {
    case 0:
      fuzz_core_close_socket(&state->core, place);
      break;
    case 1:
      if (socket != NULL)
        FUZZ_CHECK(dgram_socket_stop(socket) == 0);
      break;
    case 2:
    case 3:
      if (state->core.env.created < 32)
        fuzz_core_socket(&state->core, place, true);
      break;
    case 4:
    case 5:
    case 6:
      if (socket != NULL)
        FUZZ_CHECK(dgram_socket_start(socket) == 0);
      break;
    case 7:
      if (socket != NULL)
        share(state, socket);
      break;
    case 8:
      if (!state->busy)
        fuzz_core_turn(&state->core);
      break;
    default:
      wake(state);
  }
}

static bool is_watched(const dgram_socket_t* socket) {
  uv_os_fd_t mine = -1;
  uv_os_fd_t fd;
  int i;

  (void) uv_fileno((const uv_handle_t*) &socket->udp, &mine);
  for (i = 0; i < FUZZ_WATCHES; i++) {
    const fuzz_watch_t* watch = &fuzz_watches[i];

    if (watch->handle != NULL && uv_fileno(watch->handle, &fd) == 0 &&
        fd == mine && (watch->on_recv != NULL || watch->events & UV_READABLE))
      return true;
  }
  return false;
}

/* A socket that is to read is woken for it. */
static void check_watched(const state_t* state) {
  uint32_t i;

  if (state->refused)
    return;
  for (i = 0; i < FUZZ_SOCKETS; i++)
    if (state->core.sockets[i] != NULL && state->core.sockets[i]->reading)
      FUZZ_CHECK(is_watched(state->core.sockets[i]));
}

static void make_memory(void) {
  slab = fuzz_alloc(DGRAM_RECV_SLAB);
  runs = fuzz_alloc(DGRAM_RECV_SLOTS * sizeof(*runs));
  texts = fuzz_alloc(DGRAM_RECV_SLOTS * sizeof(*texts));
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static state_t state;

  if (slab == NULL)
    make_memory();
  memset(&state, 0, sizeof(state));
  state.input = (fuzz_input_t){data, size};
  fuzz_kernel_reset(&state.input);
  fuzz_core_open(&state.core,
                 fuzz_one_in(&state.input, 2) ? &dgram_transport_uv
                                              : &dgram_transport_linux);
  state.core.env.lend = on_lend;
  state.core.env.deliver = on_deliver;
  state.core.env.data = &state;
  fuzz_core_socket(&state.core, 0, true);
  FUZZ_CHECK(dgram_socket_start(state.core.sockets[0]) == 0);
  while (state.input.size > 0) {
    act(&state);
    check_watched(&state);
  }
  fuzz_core_close(&state.core);
  return 0;
}
