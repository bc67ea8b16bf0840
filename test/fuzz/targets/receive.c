/* Receiving with either transport: the inbox has what the kernel delivered, one
 * GRO buffer after the other. JavaScript may read a part of a batch, stop,
 * close or run a nested loop, and never gets a wrong source. */
#include "../core.h"
#include "../incoming.h"

typedef struct {
  fuzz_core_t core;
  fuzz_input_t input;
  /* The sources that JavaScript has cached, by slot; length 0: none. */
  dgram_address_t known[DGRAM_SOURCES_MAX];
  uint32_t known_locals[DGRAM_SOURCES_MAX]; /* IPv4 addresses */
  uint64_t received;
  bool refused;   /* acquiring memory has failed at some time */
  uint32_t depth; /* nesting depth of batches */
} state_t;

/* As large as JavaScript's memory, allocated once. */
static uint8_t* memories[DGRAM_INBOXES];

static uint32_t slots_of(uint32_t place) {
  return place == 0 ? DGRAM_RECV_SLOTS : DGRAM_SPARE_SLOTS;
}

static bool on_acquire(dgram_env_t* env, dgram_inbox_t* inbox) {
  state_t* state = env->data;
  uint32_t place = (uint32_t) (inbox - env->inboxes);
  dgram_inbox_head_t* head = (dgram_inbox_head_t*) memories[place];

  FUZZ_CHECK(place < DGRAM_INBOXES);
  if (inbox->socket == NULL && fuzz_one_in(&state->input, 16)) {
    state->refused = true;
    return false;
  }
  inbox->cursor = &head->cursor;
  inbox->gro_buffers = head->gro_buffers;
  inbox->texts = head->texts;
  inbox->infos = head->infos;
  inbox->local_texts = head->local_texts;
  inbox->recv_buffer = memories[place] + DGRAM_INBOX_RECV_BUFFER;
  if (inbox->socket == NULL)
    fuzz_incoming_reset(inbox->recv_buffer, slots_of(place));
  return true;
}

/* -- JavaScript's view --------------------------------------------------- */

static bool same_source(const dgram_address_t* a, const dgram_address_t* b) {
  if (a->any.sa_family == AF_INET)
    return b->any.sa_family == AF_INET && a->in4.sin_port == b->in4.sin_port &&
           a->in4.sin_addr.s_addr == b->in4.sin_addr.s_addr;
  return a->any.sa_family == b->any.sa_family &&
         a->in6.sin6_port == b->in6.sin6_port &&
         memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, 16) == 0;
}

static void check_source(state_t* state,
                         const dgram_inbox_t* inbox,
                         const dgram_recv_t* buffer,
                         const fuzz_arrival_t* arrival) {
  const dgram_source_text_t* text;

  FUZZ_CHECK(buffer->source < DGRAM_SOURCES_MAX);
  FUZZ_CHECK(buffer->new_text <= inbox->texts_count);
  if (buffer->new_text > 0) {
    text = &inbox->texts[buffer->new_text - 1];
    FUZZ_CHECK(text->length <= sizeof(text->text));
    FUZZ_CHECK((text->error == 0) == (text->length > 0));
    FUZZ_CHECK(text->family ==
               (arrival->source.any.sa_family == AF_INET ? 4 : 6));
    FUZZ_CHECK(text->port == ntohs(arrival->source.in4.sin_port));
    state->known[buffer->source] = arrival->source;
  }
  FUZZ_CHECK(same_source(&state->known[buffer->source], &arrival->source));
}

/* The information of one GRO buffer, for a socket that asks for it. */
static void check_info(state_t* state,
                       const dgram_inbox_t* inbox,
                       uint32_t index,
                       const fuzz_arrival_t* arrival) {
  const dgram_recv_info_t* info = &inbox->infos[index];
  const dgram_source_text_t* text;

  FUZZ_CHECK((info->present & ~31u) == 0);
  FUZZ_CHECK(info->new_text <= inbox->local_texts_count);
  if (!arrival->has_info) {
    FUZZ_CHECK(arrival->segment == 0 || info->present == 0);
    return;
  }
  FUZZ_CHECK(info->present == (DGRAM_INFO_LOCAL_ADDRESS | DGRAM_INFO_INTERFACE |
                               DGRAM_INFO_TTL));
  FUZZ_CHECK(info->ttl == arrival->ttl && info->interface_index == 1);
  FUZZ_CHECK(info->local_address < DGRAM_SOURCES_MAX);
  if (info->new_text > 0) {
    text = &inbox->local_texts[info->new_text - 1];
    FUZZ_CHECK(text->error == 0 && text->family == 4 && text->port == 0);
    state->known_locals[info->local_address] = arrival->address + 1;
  }
  FUZZ_CHECK(state->known_locals[info->local_address] == arrival->address + 1);
}

/* As lib/ does: the texts of all messages are read, also those of arbitrary
 * ancillary data. */
static void learn_local(state_t* state,
                        const dgram_inbox_t* inbox,
                        uint32_t index) {
  const dgram_recv_info_t* info = &inbox->infos[index];
  const dgram_source_text_t* text;
  struct in_addr address;

  if (!(info->present & DGRAM_INFO_LOCAL_ADDRESS) || info->new_text == 0)
    return;
  text = &inbox->local_texts[info->new_text - 1];
  state->known_locals[info->local_address] = 0;
  if (text->family == 4 && text->length > 0 &&
      uv_inet_pton(AF_INET, text->text, &address) == 0)
    state->known_locals[info->local_address] = address.s_addr + 1;
}

static uint32_t datagrams_of(const dgram_recv_t* buffer) {
  return buffer->length == 0
             ? 1
             : (buffer->length + buffer->segment - 1) / buffer->segment;
}

/* Checks the GRO buffers of one message. Returns their number. */
static uint32_t check_arrival(state_t* state,
                              const dgram_inbox_t* inbox,
                              uint32_t first,
                              const fuzz_arrival_t* arrival) {
  const dgram_recv_t* buffer = &inbox->gro_buffers[first];
  uint32_t length = 0;
  uint32_t i = first;

  FUZZ_CHECK(buffer->status == arrival->status);
  if (buffer->status != 0)
    return 1;
  do {
    buffer = &inbox->gro_buffers[i++];
    FUZZ_CHECK(i <= inbox->count && buffer->status == 0);
    FUZZ_CHECK(inbox->recv_buffer + buffer->offset == arrival->bytes + length);
    FUZZ_CHECK(buffer->segment <= buffer->length);
    FUZZ_CHECK((buffer->segment == 0) == (buffer->length == 0));
    if (buffer->segment < buffer->length)
      FUZZ_CHECK(arrival->segment == 0 || buffer->segment == arrival->segment);
    state->received += datagrams_of(buffer);
    check_source(state, inbox, buffer, arrival);
    if (inbox->reader->receive_info != 0) {
      learn_local(state, inbox, i - 1);
      check_info(state, inbox, i - 1, arrival);
    }
    length += buffer->length;
  } while (length < arrival->length);
  FUZZ_CHECK(length == arrival->length);
  return i - first;
}

/* Datagrams that were read before their socket stopped: held.c has kept their
 * addresses. */
static void check_held(state_t* state, const dgram_inbox_t* inbox) {
  fuzz_arrival_t arrival = {0};
  uint32_t i;

  for (i = 0; i < inbox->count; i++) {
    const dgram_recv_t* buffer = &inbox->gro_buffers[i];

    FUZZ_CHECK(buffer->status <= 0 && buffer->segment <= buffer->length);
    if (buffer->status < 0)
      continue;
    FUZZ_CHECK((buffer->segment == 0) == (buffer->length == 0));
    arrival.source =
        inbox->addresses->sources[buffer->offset / DGRAM_RECV_SLOT_SIZE];
    check_source(state, inbox, buffer, &arrival);
    if (inbox->reader->receive_info != 0)
      learn_local(state, inbox, i);
  }
  FUZZ_CHECK(state->core.env.received == state->received);
}

/* The whole batch is read before any listener is called, as in lib/. */
static void check_batch(state_t* state, const dgram_inbox_t* inbox) {
  uint32_t i = 0;
  uint32_t k;

  FUZZ_CHECK(inbox->count <= DGRAM_RECV_GRO_BUFFERS);
  FUZZ_CHECK(inbox->texts_count <= DGRAM_RECV_SLOTS);
  FUZZ_CHECK(inbox->local_texts_count <= DGRAM_RECV_SLOTS);
  if (fuzz_arrivals_count == 0) {
    check_held(state, inbox);
    return;
  }
  for (k = 0; k < fuzz_arrivals_count; k++)
    i += check_arrival(state, inbox, i, &fuzz_arrivals[k]);
  FUZZ_CHECK(i == inbox->count);
  FUZZ_CHECK(state->core.env.received == state->received);
}

static void act(state_t* state);

/* Actions of listeners; each may recurse. */
static void give_out(state_t* state,
                     dgram_inbox_t* inbox,
                     dgram_socket_t* socket,
                     uint32_t many) {
  while (many-- > 0 && inbox->cursor->gro_buffer < inbox->count &&
         !socket->closing) {
    dgram_inbox_skip(inbox); /* the cursor is advanced first */
    if (fuzz_one_in(&state->input, 8))
      act(state);
    FUZZ_CHECK(inbox->socket == socket && inbox->deliver_depth > 0);
  }
}

static dgram_delivery_t on_deliver(dgram_inbox_t* inbox,
                                   dgram_iteration_t* iteration) {
  dgram_socket_t* socket = inbox->socket;
  state_t* state = socket->env->data;
  uint32_t many = UINT32_MAX;

  FUZZ_CHECK(inbox->deliver_depth > 0);
  if (inbox->cursor->steps == 0)
    check_batch(state, inbox);
  inbox->cursor->steps = 1;
  fuzz_incoming_reset(NULL, 0); /* the memory must not be overwritten now */
  if (state->depth > 24)
    return DGRAM_DROPPED;
  if (fuzz_one_in(&state->input, 4))
    many = fuzz_u8(&state->input);
  state->depth++;
  give_out(state, inbox, socket, many);
  state->depth--;
  (void) dgram_iteration_count(iteration, dgram_inbox_count_delivered(inbox));
  if (socket->closing || fuzz_one_in(&state->input, 16))
    return DGRAM_DROPPED;
  return inbox->cursor->gro_buffer < inbox->count ? DGRAM_PAUSED
                                                  : DGRAM_DELIVERED;
}

/* A listener of 'icmp' may do anything. */
static void on_icmp(dgram_socket_t* socket, const dgram_icmp_error_t* error) {
  state_t* state = socket->env->data;
  dgram_source_text_t text;

  FUZZ_CHECK(fuzz_icmp_errors && !socket->closing && socket->uses > 0);
  FUZZ_CHECK(error->code < 0);
  FUZZ_CHECK(error->mtu == 0 || error->code == UV_EMSGSIZE);
  dgram_address_describe(&error->destination.any, &text);
  dgram_address_describe(&error->offender.any, &text);
  if (state->depth > 24)
    return;
  state->depth++;
  act(state);
  state->depth--;
}

/* -- events --------------------------------------------------------------- */

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
    fuzz_incoming_event(watch);
  else
    fuzz_poll_event(watch, status, watch->events);
}

static void share(const state_t* state, dgram_socket_t* socket) {
  int fd = dgram_socket_share(socket);

  (void) state;
  if (fd >= 0)
    uv_fs_close(NULL, &(uv_fs_t){0}, fd, NULL);
}

static void open_socket(state_t* state, uint32_t place) {
  fuzz_core_socket(&state->core, place, true);
  state->core.sockets[place]->icmp_errors = fuzz_icmp_errors;
  state->core.sockets[place]->dual_stack = fuzz_one_in(&state->input, 4);
}

static void act(state_t* state) {
  uint32_t place = fuzz_below(&state->input, FUZZ_SOCKETS);
  dgram_socket_t* socket = state->core.sockets[place];

  switch (fuzz_below(&state->input, 17)) {
    case 9:
      if (socket != NULL && state->core.env.transport == &dgram_transport_linux)
        FUZZ_CHECK(dgram_socket_set_receive_info(socket, 31) == 0);
      break;
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
        open_socket(state, place);
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
      fuzz_core_iterate(&state->core);
      break;
    default:
      wake(state);
  }
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

static void make_memory(void) {
  uint32_t i;

  for (i = 0; i < DGRAM_INBOXES; i++)
    memories[i] = fuzz_alloc(DGRAM_INBOX_RECV_BUFFER +
                             (size_t) slots_of(i) * DGRAM_RECV_SLOT_SIZE);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static state_t state;

  if (memories[0] == NULL)
    make_memory();
  memset(&state, 0, sizeof(state));
  state.input = (fuzz_input_t){data, size};
  fuzz_kernel_reset(&state.input);
  fuzz_core_open(&state.core,
                 fuzz_one_in(&state.input, 2) ? &dgram_transport_uv
                                              : &dgram_transport_linux);
  state.core.env.acquire = on_acquire;
  state.core.env.deliver = on_deliver;
  state.core.env.icmp = on_icmp;
  state.core.env.data = &state;
  /* Not drawn, so that the inputs of the corpus keep their meaning. */
  fuzz_icmp_errors =
      state.core.env.transport == &dgram_transport_linux && size % 2 == 1;
  open_socket(&state, 0);
  FUZZ_CHECK(dgram_socket_start(state.core.sockets[0]) == 0);
  while (state.input.size > 0) {
    act(&state);
    check_watched(&state);
  }
  fuzz_core_close(&state.core);
  return 0;
}
