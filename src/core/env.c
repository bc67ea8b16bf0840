#include "core/env.h"

#include <stdlib.h>
#include <string.h>

#include "core/socket.h"
#include "transport/transport.h"

/* An id has 20 bits of index and 11 of the number that tells successors apart,
 * from 1 on: 0, which much that is no number turns into, is no id. */
#define INDEX_MASK (DGRAM_SOCKETS_MAX - 1)
#define SERIALS 0x7ffu

/* What listeners of 'batch' are given at once, in datagrams: so many as take
 * them this long, within limits. */
#define BLOCK_TIME (DGRAM_WAKE_UP_TIME / 2)
#define BLOCK_MIN 32u
#define BLOCK_MAX 1024u

/* Fewer do not tell how long one takes. */
#define PACE_MIN 16u

_Static_assert(sizeof(dgram_inbox_head_t) <= DGRAM_INBOX_RECV_BUFFER,
               "the recv_buffer comes behind it");

void dgram_env_init(dgram_env_t* env, uv_loop_t* loop) {
  memset(env, 0, sizeof(*env));
  env->loop = loop;
  env->transport = dgram_transport_choose("");
  env->settings = (dgram_settings_t){true, true, true, false};
  dgram_sources_init(&env->sources);
}

void dgram_env_free(dgram_env_t* env) {
  dgram_socket_free_pending(env);
  free(env->sockets);
  free(env->peers);
  env->sockets = NULL;
  env->sockets_size = 0;
  env->peers = NULL;
}

static int grow_sockets(dgram_env_t* env) {
  uint32_t size = env->sockets_size == 0 ? 16 : env->sockets_size * 2;
  dgram_socket_t** sockets;

  if (size > DGRAM_SOCKETS_MAX)
    return UV_ENOMEM;
  sockets = realloc(env->sockets, size * sizeof(sockets[0]));
  if (sockets == NULL)
    return UV_ENOMEM;
  memset(sockets + env->sockets_size,
         0,
         (size - env->sockets_size) * sizeof(sockets[0]));
  env->sockets = sockets;
  env->sockets_size = size;
  return 0;
}

int dgram_env_add(dgram_env_t* env, dgram_socket_t* socket) {
  uint32_t index = env->free_index;
  int rc;

  while (index < env->sockets_size && env->sockets[index] != NULL)
    index++;
  if (index == env->sockets_size) {
    rc = grow_sockets(env);
    if (rc != 0)
      return rc;
  }
  socket->id =
      index | (uint32_t) (env->created % SERIALS + 1) * DGRAM_SOCKETS_MAX;
  env->created++;
  env->sockets[index] = socket;
  env->sockets_open++;
  env->free_index = index + 1;
  return 0;
}

void dgram_env_remove(dgram_env_t* env, dgram_socket_t* socket) {
  uint32_t index = socket->id & INDEX_MASK;

  env->sockets[index] = NULL;
  env->sockets_open--;
  if (index < env->free_index)
    env->free_index = index;
}

void dgram_env_replace(dgram_env_t* env,
                       const dgram_socket_t* socket,
                       dgram_socket_t* fresh) {
  fresh->id = socket->id;
  env->sockets[fresh->id & INDEX_MASK] = fresh;
}

void dgram_env_leave(dgram_env_t* env) {
  env->handles_open--;
  dgram_env_check_idle(env);
}

dgram_socket_t* dgram_env_socket(const dgram_env_t* env, uint32_t id) {
  uint32_t index = id & INDEX_MASK;
  dgram_socket_t* socket;

  if (index >= env->sockets_size)
    return NULL;
  socket = env->sockets[index];
  return socket != NULL && socket->id == id ? socket : NULL;
}

int dgram_env_set_peer(dgram_env_t* env,
                       uint32_t slot,
                       int family,
                       const char* text,
                       uint16_t port) {
  if (slot == 0 || slot >= DGRAM_PEERS_MAX)
    return UV_EINVAL;
  if (env->peers == NULL)
    env->peers = calloc(DGRAM_PEERS_MAX, sizeof(env->peers[0]));
  if (env->peers == NULL)
    return UV_ENOMEM;
  return dgram_address_parse(&env->peers[slot], family, text, port);
}

static bool peer_is_valid(const dgram_env_t* env, uint32_t slot) {
  if (slot == 0)
    return true;
  return env->peers != NULL && slot < DGRAM_PEERS_MAX &&
         env->peers[slot].any.sa_family != AF_UNSPEC;
}

static int check_send(const dgram_socket_t* socket,
                      const dgram_send_t* send,
                      size_t arena_size) {
  if (!peer_is_valid(socket->env, send->peer))
    return UV_EINVAL;
  /* libuv's rule; Linux itself would send to the given address. */
  if (socket->connected && send->peer != 0)
    return UV_EISCONN;
  if (send->offset > arena_size || send->length > arena_size - send->offset)
    return UV_EINVAL;
  return 0;
}

static dgram_socket_t* open_socket(const dgram_env_t* env, uint32_t id) {
  dgram_socket_t* socket = dgram_env_socket(env, id);

  return socket == NULL || socket->closing ? NULL : socket;
}

uint32_t dgram_env_flush(dgram_env_t* env,
                         dgram_send_t* sends,
                         uint32_t count,
                         const uint8_t* arena,
                         size_t arena_size) {
  dgram_socket_t* socket;
  uint32_t queued = 0;
  uint32_t i = 0;
  uint32_t end;
  int rc;

  while (i < count) {
    socket = open_socket(env, sends[i].socket);
    rc = socket == NULL ? UV_EBADF : 0;
    end = i;
    while (rc == 0 && end < count && sends[end].socket == socket->id) {
      rc = check_send(socket, &sends[end], arena_size);
      end += rc == 0;
    }
    if (end > i)
      queued += env->transport->flush(socket, sends + i, end - i, arena);
    else
      sends[end++].status = rc;
    for (; i < end; i++)
      env->sent += sends[i].status >= 0;
  }
  return queued;
}

/* -- wake-ups ------------------------------------------------------------- */

uint32_t dgram_wake_up_budget(dgram_wake_up_t* wake_up, uint32_t waiting) {
  uint32_t least = DGRAM_WAKE_UP_LEAST;

  if (wake_up->datagrams < least)
    least -= wake_up->datagrams;
  else if (wake_up->stride > least)
    least = wake_up->stride;
  if (waiting > least && wake_up->start == 0)
    wake_up->start = uv_hrtime();
  return least;
}

/* A look at the clock, a return from JavaScript and a call cost as much as the
 * delivery of one datagram or two: where all goes fast it is taken less often.
 */
bool dgram_wake_up_take(dgram_wake_up_t* wake_up, uint32_t datagrams) {
  uint64_t time;

  wake_up->datagrams += datagrams;
  if (wake_up->datagrams < DGRAM_WAKE_UP_LEAST || wake_up->start == 0)
    return false;
  time = uv_hrtime() - wake_up->start;
  wake_up->stride =
      time < DGRAM_WAKE_UP_TIME / 16 ? 4 * DGRAM_WAKE_UP_LEAST : 0;
  return time >= DGRAM_WAKE_UP_TIME;
}

bool dgram_wake_up_goes_on(const dgram_wake_up_t* wake_up) {
  return wake_up->datagrams < DGRAM_WAKE_UP_LEAST;
}

/* -- the inbox ------------------------------------------------------------ */

static uint32_t datagrams_of(uint32_t length, uint32_t segment) {
  if (length <= segment)
    return 1;
  return segment == 0 ? 1 : (length + segment - 1) / segment;
}

static bool is_left(dgram_env_t* env, dgram_inbox_t* inbox) {
  /* Memory that was made anew knows of no batch. */
  return env->acquire(env, inbox) && inbox->cursor->count <= inbox->count &&
         inbox->cursor->run < inbox->cursor->count;
}

static dgram_inbox_t* free_inbox(dgram_env_t* env) {
  uint32_t i;

  for (i = 0; i < DGRAM_INBOXES; i++) {
    if (env->inboxes[i].socket != NULL)
      continue;
    if (i >= env->inboxes_count)
      env->inboxes_count = i + 1;
    return &env->inboxes[i];
  }
  return NULL;
}

static void empty(dgram_inbox_t* inbox) {
  inbox->count = 0;
  inbox->fresh = 0;
  inbox->run = 0;
  inbox->position = 0;
  inbox->left = 0;
}

bool dgram_env_acquire_inbox(dgram_env_t* env, dgram_socket_t* socket) {
  dgram_inbox_t* inbox = free_inbox(env);

  if (inbox == NULL || (socket->inbox != NULL && is_left(env, socket->inbox))) {
    env->read_deferred = true;
    return false;
  }
  socket->inbox = NULL;
  inbox->slots = inbox == env->inboxes ? DGRAM_RECV_SLOTS : DGRAM_SPARE_SLOTS;
  if (!env->acquire(env, inbox))
    return false;
  empty(inbox);
  inbox->split = socket->block;
  env->inbox = inbox;
  return true;
}

/* The datagrams of one run that a single block takes. */
static uint32_t first_piece(const dgram_inbox_t* inbox,
                            uint32_t length,
                            uint32_t segment) {
  /* Each slot that is still to come has room for one. */
  if (segment == 0 || length / segment <= inbox->split ||
      inbox->count >= DGRAM_RECV_GRO_BUFFERS - inbox->slots)
    return length;
  return segment * inbox->split;
}

static void append_run(dgram_inbox_t* inbox, const dgram_recv_t* run) {
  inbox->runs[inbox->count++] = *run;
  inbox->left += datagrams_of(run->length, run->segment);
}

void dgram_env_received(dgram_env_t* env,
                        uint32_t offset,
                        uint32_t length,
                        uint32_t segment,
                        const struct sockaddr* source,
                        int status) {
  dgram_inbox_t* inbox = env->inbox;
  dgram_recv_t run = {offset, length, segment, 0, 0, status};
  bool fresh = false;

  if (source == NULL) {
    append_run(inbox, &run);
    return;
  }
  env->received += datagrams_of(length, segment);
  run.peer = dgram_sources_find(&env->sources, source, &fresh);
  if (fresh) {
    dgram_address_describe(source, &inbox->texts[inbox->fresh++]);
    run.fresh = inbox->fresh;
  }
  do {
    run.length = first_piece(inbox, length, segment);
    if (run.length < run.segment)
      run.segment = run.length; /* what is left is one datagram */
    append_run(inbox, &run);
    run.offset += run.length;
    length -= run.length;
  } while (length > 0);
}

uint32_t dgram_inbox_passed(dgram_inbox_t* inbox) {
  const dgram_cursor_t* cursor = inbox->cursor;
  const dgram_recv_t* run;
  uint32_t before = inbox->left;
  uint32_t n = 0;

  while (inbox->run < cursor->run && inbox->run < inbox->count) {
    run = &inbox->runs[inbox->run++];
    n += datagrams_of(run->length - inbox->position, run->segment);
    inbox->position = 0;
  }
  if (inbox->run < inbox->count && cursor->position > inbox->position) {
    run = &inbox->runs[inbox->run];
    n += datagrams_of(cursor->position - inbox->position, run->segment);
    inbox->position = cursor->position;
  }
  inbox->left = n < before ? before - n : 0;
  return n;
}

void dgram_inbox_skip(dgram_inbox_t* inbox) {
  dgram_cursor_t* cursor = inbox->cursor;
  const dgram_recv_t* run;

  if (cursor->run >= inbox->count)
    return;
  run = &inbox->runs[cursor->run];
  cursor->position += run->segment;
  if (run->segment > 0 && cursor->position < run->length)
    return;
  cursor->run++;
  cursor->position = 0;
}

static void begin_batch(dgram_inbox_t* inbox) {
  dgram_cursor_t* cursor = inbox->cursor;

  cursor->run = 0;
  cursor->position = 0;
  cursor->count = inbox->count;
  cursor->steps = 0;
}

bool dgram_env_read_on(dgram_inbox_t* inbox) {
  dgram_socket_t* socket = inbox->socket;
  dgram_env_t* env = socket->env;

  if (!socket->reading || socket->closing || inbox->delivering > 1 ||
      socket->inbox != inbox || !env->acquire(env, inbox))
    return false;
  empty(inbox);
  env->inbox = inbox;
  if (!env->transport->read_on(socket))
    return false;
  begin_batch(inbox);
  return true;
}

/* -- batches that are not done -------------------------------------------- */

static dgram_delivery_t go_on(dgram_env_t* env,
                              dgram_inbox_t* inbox,
                              dgram_wake_up_t* wake_up);

static void resume_starved(dgram_env_t* env) {
  dgram_socket_t* socket;
  uint32_t i;

  env->read_deferred = false;
  for (i = 0; i < env->sockets_size; i++) {
    socket = env->sockets[i];
    if (socket != NULL && socket->reading && !socket->closing)
      env->transport->start(socket);
  }
}

static bool is_waiting(const dgram_inbox_t* inbox) {
  return inbox->socket != NULL && inbox->waits && inbox->socket->reading &&
         !inbox->socket->closing;
}

static void on_idle(uv_idle_t* idler) {
  dgram_env_t* env = idler->data;
  bool idle = !env->read_deferred;
  uint32_t i;

  if (env->read_deferred)
    resume_starved(env);
  for (i = 0; i < env->inboxes_count; i++) {
    dgram_inbox_t* inbox = &env->inboxes[i];
    dgram_wake_up_t wake_up = {0};

    if (!is_waiting(inbox) || (inbox->delivering > 0 && !is_left(env, inbox)))
      continue;
    idle = false;
    (void) go_on(env, inbox, &wake_up);
  }
  /* Only outer calls are left, which settle() when they return: a nested loop
   * may sleep meanwhile. */
  if (idle && !env->closing)
    (void) uv_idle_stop(idler);
}

static bool make_idler(dgram_env_t* env) {
  if (env->idler != NULL)
    return true;
  env->idler = malloc(sizeof(*env->idler));
  if (env->idler == NULL)
    return false;
  (void) uv_idle_init(env->loop, env->idler);
  env->idler->data = env;
  uv_unref((uv_handle_t*) env->idler);
  return true;
}

static bool wants_idler(const dgram_env_t* env) {
  bool room = env->inboxes_count < DGRAM_INBOXES;
  uint32_t i;

  for (i = 0; i < env->inboxes_count; i++) {
    if (is_waiting(&env->inboxes[i]))
      return true;
    room |= env->inboxes[i].socket == NULL;
  }
  return env->read_deferred && room;
}

/* A socket with a reference keeps the loop alive also while it waits here, and
 * its transport does not watch it. */
static bool keeps_loop(const dgram_env_t* env) {
  const dgram_socket_t* socket;
  uint32_t i;

  for (i = 0; i < env->inboxes_count; i++)
    if (is_waiting(&env->inboxes[i]) &&
        dgram_socket_has_ref(env->inboxes[i].socket))
      return true;
  for (i = 0; env->read_deferred && i < env->sockets_size; i++) {
    socket = env->sockets[i];
    if (socket != NULL && socket->reading && dgram_socket_has_ref(socket))
      return true;
  }
  return false;
}

static void settle(dgram_env_t* env) {
  bool wanted = !env->closing && wants_idler(env);

  if (wanted && make_idler(env)) {
    (void) uv_idle_start(env->idler, on_idle);
    if (keeps_loop(env))
      uv_ref((uv_handle_t*) env->idler);
    else
      uv_unref((uv_handle_t*) env->idler);
  } else if (env->idler != NULL && !env->closing)
    (void) uv_idle_stop(env->idler);
}

/* What is left of the batch is dropped, if anything is. */
static void end_batch(dgram_inbox_t* inbox) {
  dgram_socket_t* socket = inbox->socket;

  inbox->waits = false;
  if (socket->inbox == inbox)
    socket->inbox = NULL;
  if (inbox->delivering > 0)
    return; /* the outer call is still to look at it */
  inbox->socket = NULL;
  empty(inbox);
}

void dgram_env_changed(dgram_env_t* env, dgram_socket_t* socket) {
  dgram_inbox_t* inbox = socket->inbox;

  if (inbox != NULL && socket->closing && inbox->delivering == 0)
    end_batch(inbox);
  if (inbox != NULL)
    settle(env);
}

/* How many datagrams the listeners deal with in BLOCK_TIME. */
static void learn_pace(dgram_socket_t* socket, uint32_t n, uint64_t time) {
  uint64_t block = time == 0 ? BLOCK_MAX : (uint64_t) n * BLOCK_TIME / time;

  if (block < BLOCK_MIN)
    block = BLOCK_MIN;
  if (block > BLOCK_MAX)
    block = BLOCK_MAX;
  socket->block = (uint16_t) block;
}

static dgram_delivery_t go_on(dgram_env_t* env,
                              dgram_inbox_t* inbox,
                              dgram_wake_up_t* wake_up) {
  dgram_socket_t* socket = inbox->socket;
  uint32_t left = inbox->left;
  uint64_t start = left < PACE_MIN ? 0 : uv_hrtime();
  bool several = left > 1;
  dgram_delivery_t result;

  dgram_socket_use(socket);
  inbox->delivering++;
  if (several) {
    inbox->waits = true;
    settle(env);
  }
  result = env->deliver(inbox, wake_up);
  if (start != 0 && left > inbox->left)
    learn_pace(socket, left - inbox->left, uv_hrtime() - start);
  inbox->delivering--;
  if (result == DGRAM_PAUSED && socket->closing)
    result = DGRAM_DROPPED;
  /* JavaScript drops the rest of a batch when a listener closes the socket.
   * It may have dropped a text with it, which would not be sent again. */
  if (inbox->fresh > 0 && (result == DGRAM_DROPPED || socket->closing))
    dgram_sources_init(&env->sources);
  if (result == DGRAM_PAUSED)
    inbox->waits = true;
  else
    end_batch(inbox);
  if (several || env->read_deferred || result == DGRAM_PAUSED)
    settle(env);
  dgram_socket_unuse(socket);
  return result;
}

dgram_delivery_t dgram_env_deliver(dgram_env_t* env,
                                   dgram_socket_t* socket,
                                   dgram_wake_up_t* wake_up) {
  dgram_inbox_t* inbox = env->inbox;

  if (inbox->count == 0)
    return DGRAM_DELIVERED;
  inbox->socket = socket;
  socket->inbox = inbox;
  begin_batch(inbox);
  return go_on(env, inbox, wake_up);
}

void dgram_env_complete(dgram_socket_t* socket,
                        uint32_t ticket,
                        int status,
                        size_t length) {
  dgram_socket_use(socket);
  socket->env->complete(socket, ticket, status, length);
  dgram_socket_unuse(socket);
}

/* -- the end -------------------------------------------------------------- */

void dgram_env_check_idle(dgram_env_t* env) {
  if (env->closing && env->handles_open == 0 && env->idler == NULL)
    env->idle(env);
}

static void on_idler_closed(uv_handle_t* handle) {
  dgram_env_t* env = handle->data;

  free(env->idler);
  env->idler = NULL;
  dgram_env_check_idle(env);
}

void dgram_env_close(dgram_env_t* env) {
  uint32_t i;

  env->closing = true;
  for (i = 0; i < env->sockets_size; i++)
    if (env->sockets[i] != NULL)
      dgram_socket_close(env->sockets[i]);
  if (env->idler != NULL)
    uv_close((uv_handle_t*) env->idler, on_idler_closed);
  else
    dgram_env_check_idle(env);
}
