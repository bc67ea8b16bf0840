/* Unix datagram sockets that receive: every datagram is delivered once, in
 * order, with its own bytes and the name of its own source, also if it was held
 * while its socket was paused. Every descriptor that a peer has passed is
 * closed before JavaScript runs. */
#include "../core.h"
#include "../unix_incoming.h"
#include "core/receive_info.h"
#include "core/unix_socket.h"

#define ALL_INFO (DGRAM_INFO_TIMESTAMP | DGRAM_INFO_CREDENTIALS)

typedef struct {
  fuzz_core_t core;
  fuzz_input_t input;
  /* The sources that JavaScript has cached, by slot. */
  dgram_path_t known[DGRAM_PATH_SOURCES];
  bool refused;   /* acquiring memory has failed at some time */
  uint32_t depth; /* nesting depth of listeners */
} state_t;

/* As large as JavaScript's memory, allocated once. */
static uint8_t* memories[DGRAM_INBOXES];

static uint32_t slots_of(uint32_t place) {
  return place == 0 ? DGRAM_RECV_SLOTS : DGRAM_SPARE_SLOTS;
}

static bool on_acquire(dgram_env_t* env, dgram_inbox_t* inbox) {
  state_t* state = env->data;
  uint32_t place = (uint32_t) (inbox - env->inboxes);
  dgram_inbox_head_t* head;

  FUZZ_CHECK(place < DGRAM_INBOXES);
  if (inbox->socket == NULL && fuzz_one_in(&state->input, 16)) {
    state->refused = true;
    return false;
  }
  head = (dgram_inbox_head_t*) memories[place];
  inbox->cursor = &head->cursor;
  inbox->gro_buffers = head->gro_buffers;
  inbox->texts = head->texts;
  inbox->infos = head->infos;
  inbox->local_texts = head->local_texts;
  inbox->recv_buffer = memories[place] + DGRAM_INBOX_RECV_BUFFER;
  return true;
}

static uint32_t id_of(const dgram_socket_t* socket) {
  return fuzz_unix(dgram_socket_fd(socket))->id;
}

/* -- JavaScript's view ------------------------------------------------------
 */

static void check_source(state_t* state,
                         const dgram_inbox_t* inbox,
                         const dgram_recv_t* message,
                         const fuzz_unix_arrival_t* arrival) {
  const dgram_source_text_t* text;
  dgram_path_t* known;

  FUZZ_CHECK(message->source < DGRAM_PATH_SOURCES);
  FUZZ_CHECK(message->new_text <= inbox->texts_count);
  known = &state->known[message->source];
  if (message->new_text > 0) {
    text = &inbox->texts[message->new_text - 1];
    FUZZ_CHECK(text->family == DGRAM_FAMILY_UNIX && text->error == 0);
    FUZZ_CHECK(text->port == 0 && text->length <= DGRAM_PATH_MAX);
    known->length = text->length;
    memcpy(known->bytes, text->text, text->length);
  }
  FUZZ_CHECK(dgram_path_equal(known, &arrival->source));
}

/* The socket may have asked for something else when it was read. */
static void check_info(const dgram_recv_info_t* info,
                       uint32_t asked,
                       const fuzz_unix_arrival_t* arrival) {
  int64_t timestamp;

  FUZZ_CHECK((info->present & ~(arrival->present & asked)) == 0);
  if (asked == arrival->asked)
    FUZZ_CHECK(info->present == (arrival->present & asked));
  if (info->present & DGRAM_INFO_CREDENTIALS)
    FUZZ_CHECK(info->pid == arrival->pid && info->uid == arrival->uid &&
               info->gid == arrival->gid);
  memcpy(&timestamp, info->timestamp, sizeof(timestamp));
  if (info->present & DGRAM_INFO_TIMESTAMP)
    FUZZ_CHECK(timestamp == arrival->timestamp);
}

/* The whole batch is read before any listener is called, as in lib/. */
static void check_batch(state_t* state, const dgram_inbox_t* inbox) {
  const dgram_socket_t* socket = inbox->socket;
  uint32_t i;

  FUZZ_CHECK(inbox->count > 0 && inbox->count <= inbox->slots);
  FUZZ_CHECK(inbox->texts_count <= inbox->count);
  FUZZ_CHECK(inbox->local_texts_count == 0);
  FUZZ_CHECK(fuzz_passed_count() == 0); /* U4 */
  FUZZ_CHECK(state->core.env.received == fuzz_unix_received);
  for (i = 0; i < inbox->count; i++) {
    const dgram_recv_t* message = &inbox->gro_buffers[i];
    const fuzz_unix_arrival_t* arrival = fuzz_unix_arrival(id_of(socket), i);

    FUZZ_CHECK(arrival != NULL && message->status == arrival->status);
    if (message->status != 0)
      continue;
    FUZZ_CHECK(message->length == arrival->length);
    FUZZ_CHECK(message->segment == message->length);
    check_source(state, inbox, message, arrival);
    if (socket->receive_info != 0)
      check_info(&inbox->infos[i], socket->receive_info, arrival);
  }
}

static void act(state_t* state);

/* Listeners; each may do anything. */
static void give_out(state_t* state, dgram_inbox_t* inbox, uint32_t most) {
  dgram_socket_t* socket = inbox->socket;
  const fuzz_unix_arrival_t* arrival;
  const dgram_recv_t* message;

  while (most-- > 0 && inbox->cursor->gro_buffer < inbox->count &&
         !socket->closing) {
    message = &inbox->gro_buffers[inbox->cursor->gro_buffer];
    arrival = fuzz_unix_arrival(id_of(socket), 0);
    FUZZ_CHECK(arrival != NULL && message->status == arrival->status);
    if (message->status == 0)
      fuzz_unix_check_bytes(arrival, inbox->recv_buffer + message->offset);
    fuzz_unix_take_arrival(id_of(socket));
    dgram_inbox_skip(inbox); /* the cursor is advanced first */
    if (fuzz_one_in(&state->input, 8))
      act(state);
    FUZZ_CHECK(inbox->socket == socket && inbox->deliver_depth > 0);
  }
}

/* JavaScript was terminated. A listener further out on the stack, which has run
 * the event loop, still gives out the rest. */
static void drop(const dgram_inbox_t* inbox) {
  uint32_t i;

  if (!inbox->socket->closing && inbox->deliver_depth == 1)
    for (i = inbox->cursor->gro_buffer; i < inbox->count; i++)
      fuzz_unix_take_arrival(id_of(inbox->socket));
}

static dgram_delivery_t on_deliver(dgram_inbox_t* inbox,
                                   dgram_iteration_t* iteration) {
  dgram_socket_t* socket = inbox->socket;
  state_t* state = socket->env->data;
  uint32_t most = UINT32_MAX;

  FUZZ_CHECK(inbox->deliver_depth > 0 && socket->uses > 0);
  if (inbox->cursor->steps == 0)
    check_batch(state, inbox);
  inbox->cursor->steps = 1;
  if (fuzz_one_in(&state->input, 4))
    most = fuzz_u8(&state->input);
  state->depth++;
  if (state->depth < 24)
    give_out(state, inbox, most);
  (void) dgram_iteration_count(iteration, dgram_inbox_count_delivered(inbox));
  /* A listener has thrown. */
  if (state->depth < 24 && fuzz_one_in(&state->input, 8) &&
      inbox->cursor->gro_buffer == inbox->count &&
      dgram_delivery_read_next(inbox)) {
    check_batch(state, inbox);
    give_out(state, inbox, most);
    (void) dgram_iteration_count(iteration, dgram_inbox_count_delivered(inbox));
  }
  state->depth--;
  if (socket->closing || fuzz_one_in(&state->input, 16)) {
    drop(inbox);
    return DGRAM_DROPPED;
  }
  return inbox->cursor->gro_buffer < inbox->count ? DGRAM_PAUSED
                                                  : DGRAM_DELIVERED;
}

/* -- events -----------------------------------------------------------------
 */

void fuzz_on_closed(dgram_socket_t* socket) {
  FUZZ_CHECK(socket->closing);
}

static void on_complete(dgram_socket_t* socket,
                        uint32_t ticket,
                        int status,
                        size_t length) {
  FUZZ_CHECK(socket->uses > 0 && ticket == 1 && length == 5 && status <= 0);
}

/* So that sockets poll for two events, and read again after an answer (R2). */
static void send_one(const state_t* state, const dgram_socket_t* socket) {
  dgram_env_t* env = socket->env;
  dgram_send_t send = {.socket = socket->id, .length = 5, .ticket = 1};
  dgram_path_t path;

  fuzz_unix_draw_name(fuzz_kernel_input, &path);
  FUZZ_CHECK(env == &state->core.env);
  FUZZ_CHECK(dgram_destinations_set_path(env, 1, &path) == 0);
  send.destination = socket->connected ? 0 : 1;
  (void) dgram_sends_flush(env, &send, 1, (const uint8_t*) "hello", 5);
}

static void wake(state_t* state) {
  fuzz_watch_t* watch =
      &fuzz_watches[fuzz_below(&state->input, 3 * FUZZ_SOCKETS)];
  uv_buf_t buf = uv_buf_init(NULL, 0);
  int status = fuzz_one_in(&state->input, 8) ? UV_EBADF : 0;

  if (watch->handle == NULL || uv_is_closing(watch->handle))
    return;
  if (watch->on_recv != NULL) {
    watch->on_alloc(watch->handle, DGRAM_RECV_SLOT_SIZE, &buf);
    FUZZ_CHECK(buf.len == 0); /* libuv reads nothing */
    watch->on_recv((uv_udp_t*) watch->handle, UV_ENOBUFS, &buf, NULL, 0);
  } else if (watch->on_timer != NULL) {
    fuzz_timer_event(watch);
  } else {
    fuzz_poll_event(watch, status, watch->events);
  }
}

static void set_info(state_t* state, dgram_socket_t* socket) {
  uint32_t info = fuzz_u8(&state->input) & ALL_INFO;

  FUZZ_CHECK(dgram_socket_set_receive_info(socket, info) == 0);
  fuzz_unix(dgram_socket_fd(socket))->asked = info;
}

static void open_socket(state_t* state, uint32_t place) {
  bool is_shared = fuzz_one_in(&state->input, 4);
  dgram_socket_t* socket;

  if (state->core.sockets[place] != NULL || state->core.env.created >= 32)
    return;
  fuzz_core_unix_socket(&state->core, place, is_shared ? fuzz_unix_pair() : -1);
  socket = state->core.sockets[place];
  FUZZ_CHECK(dgram_unix_socket_ensure(socket) == 0);
  set_info(state, socket);
}

static void share(dgram_socket_t* socket) {
  int fd = dgram_socket_share(socket);

  FUZZ_CHECK(fd >= 0);
  uv_fs_close(NULL, &(uv_fs_t){0}, fd, NULL);
}

static void check_stats(const state_t* state) {
  dgram_stats_t stats;

  (void) dgram_stats_sum((dgram_env_t*) &state->core.env, &stats);
  FUZZ_CHECK(stats.received == fuzz_unix_received);
  FUZZ_CHECK(stats.received_bytes == fuzz_unix_received_bytes);
  FUZZ_CHECK(stats.merged_runs == 0);
}

/* The loop goes on. */
static void iterate(state_t* state) {
  dgram_env_before_poll(&state->core.env);
  fuzz_core_iterate(&state->core);
}

static void act(state_t* state) {
  uint32_t place = fuzz_below(&state->input, FUZZ_SOCKETS);
  uint32_t what = fuzz_below(&state->input, 20);
  dgram_socket_t* socket = state->core.sockets[place];

  if (what == 0)
    iterate(state);
  else if (what <= 8 && what != 0)
    wake(state);
  else if (socket == NULL)
    open_socket(state, place);
  else if (what == 9)
    fuzz_core_close_socket(&state->core, place);
  else if (what <= 12)
    FUZZ_CHECK(dgram_socket_stop(socket) == 0);
  else if (what == 13)
    share(socket);
  else if (what == 14)
    send_one(state, socket);
  else if (what == 15)
    set_info(state, socket);
  else if (what == 16)
    check_stats(state);
  else
    FUZZ_CHECK(dgram_socket_start(socket) == 0);
}

/* A reading socket is woken, or the loop wakes it later. */
static void check_watched(const state_t* state) {
  const uv_idle_t* resume_handle = state->core.env.resume_handle;
  uint32_t i;

  if (state->refused)
    return;
  if (resume_handle != NULL && uv_is_active((const uv_handle_t*) resume_handle))
    return;
  for (i = 0; i < FUZZ_SOCKETS; i++)
    if (state->core.sockets[i] != NULL && state->core.sockets[i]->reading)
      FUZZ_CHECK(fuzz_is_polled(state->core.sockets[i], UV_READABLE));
}

/* Without input the kernel has no more datagrams: what was read arrives after
 * some iterations. */
static void check_all_delivered(state_t* state) {
  uint32_t i;

  for (i = 0; i < FUZZ_SOCKETS; i++)
    if (state->core.sockets[i] != NULL)
      FUZZ_CHECK(dgram_socket_start(state->core.sockets[i]) == 0);
  for (i = 0; i < 64; i++)
    iterate(state);
  for (i = 0; i < FUZZ_SOCKETS; i++)
    if (state->core.sockets[i] != NULL)
      FUZZ_CHECK(fuzz_unix_arrival(id_of(state->core.sockets[i]), 0) == NULL);
}

static void make_memory(void) {
  uint32_t i;

  for (i = 0; i < DGRAM_INBOXES; i++)
    memories[i] = fuzz_alloc(DGRAM_INBOX_RECV_BUFFER +
                             (size_t) slots_of(i) * DGRAM_RECV_SLOT_SIZE);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static state_t state;

  if (memories[0] == NULL)
    make_memory();
  memset(&state, 0, sizeof(state));
  state.input = (fuzz_input_t){data, size};
  fuzz_kernel_reset(&state.input);
  fuzz_core_open(&state.core, &dgram_transport_linux);
  state.core.env.acquire = on_acquire;
  state.core.env.deliver = on_deliver;
  state.core.env.complete = on_complete;
  state.core.env.data = &state;
  open_socket(&state, 0);
  FUZZ_CHECK(dgram_socket_start(state.core.sockets[0]) == 0);
  while (state.input.size > 0) {
    act(&state);
    check_watched(&state);
  }
  check_all_delivered(&state);
  check_stats(&state);
  fuzz_core_close(&state.core);
  FUZZ_CHECK(fuzz_passed_count() == 0);
  FUZZ_CHECK(state.core.env.closed_stats.received == fuzz_unix_received);
  return 0;
}
