#include "core/delivery.h"

#include <stdlib.h>

#include "core/assert.h"
#include "core/env.h"
#include "core/held.h"
#include "core/inbox.h"
#include "core/socket.h"
#include "transport/transport.h"

/* The size of a block, which 'batch' listeners receive at once: as many
 * datagrams as they process in BLOCK_TIME, within limits. */
#define BLOCK_TIME (DGRAM_ITERATION_TIME / 2)
#define BLOCK_MIN 32u
#define BLOCK_MAX 1024u

/* With fewer datagrams the time per datagram is not measured. */
#define MEASURE_MIN 16u

/* -- the idle handle ------------------------------------------------------- */

static dgram_delivery_t deliver(dgram_env_t* env,
                                dgram_inbox_t* inbox,
                                dgram_iteration_t* iteration);

static void start_deferred_reads(dgram_env_t* env) {
  dgram_socket_t* socket;
  uint32_t i;

  env->read_deferred = false;
  for (i = 0; i < env->sockets_size; i++) {
    socket = env->sockets[i];
    if (socket != NULL && socket->reading && !socket->closing &&
        !socket->holds && env->transport->start(socket) != 0)
      env->read_deferred = true; /* try again */
  }
}

static bool is_resumable(const dgram_inbox_t* inbox) {
  return inbox->socket != NULL && inbox->resumable && inbox->socket->reading &&
         !inbox->socket->closing;
}

static void on_resume(uv_idle_t* handle) {
  dgram_env_t* env = handle->data;
  bool done = !env->read_deferred;
  uint32_t i;

  if (env->read_deferred)
    start_deferred_reads(env);
  for (i = 0; i < env->inboxes_count; i++) {
    dgram_inbox_t* inbox = &env->inboxes[i];
    dgram_iteration_t iteration = {0};

    if (!is_resumable(inbox) ||
        (inbox->deliver_depth > 0 && !dgram_inbox_has_more(env, inbox)))
      continue;
    done = false;
    (void) deliver(env, inbox, &iteration);
  }
  if (env->held != NULL && dgram_held_deliver(env))
    done = false;
  /* All paused batches belong to calls further out on the stack, which update
   * the handle when they return. A nested event loop may sleep until then. */
  if (done && !env->closing)
    (void) uv_idle_stop(handle);
}

static bool make_resume_handle(dgram_env_t* env) {
  if (env->resume_handle != NULL)
    return true;
  env->resume_handle = malloc(sizeof(*env->resume_handle));
  if (env->resume_handle == NULL)
    return false;
  (void) uv_idle_init(env->loop, env->resume_handle);
  env->resume_handle->data = env;
  uv_unref((uv_handle_t*) env->resume_handle);
  return true;
}

static bool needs_resume_handle(const dgram_env_t* env) {
  bool room = env->inboxes_count < DGRAM_INBOXES;
  bool waiting = env->read_deferred || dgram_held_is_ready(env, false);
  uint32_t i;

  for (i = 0; i < env->inboxes_count; i++) {
    if (is_resumable(&env->inboxes[i]))
      return true;
    room |= env->inboxes[i].socket == NULL;
  }
  return waiting && room;
}

/* A socket with a reference keeps the loop alive also while its batch is
 * paused, its reads are deferred, or held datagrams are delivered, and its
 * transport does not poll. */
static bool keeps_loop_alive(const dgram_env_t* env) {
  const dgram_socket_t* socket;
  uint32_t i;

  for (i = 0; i < env->inboxes_count; i++)
    if (is_resumable(&env->inboxes[i]) &&
        dgram_socket_has_ref(env->inboxes[i].socket))
      return true;
  for (i = 0; env->read_deferred && i < env->sockets_size; i++) {
    socket = env->sockets[i];
    if (socket != NULL && socket->reading && dgram_socket_has_ref(socket))
      return true;
  }
  return dgram_held_is_ready(env, true);
}

static void update_resume_handle(dgram_env_t* env) {
  bool wanted = !env->closing && needs_resume_handle(env);

  if (wanted && make_resume_handle(env)) {
    (void) uv_idle_start(env->resume_handle, on_resume);
    if (keeps_loop_alive(env))
      uv_ref((uv_handle_t*) env->resume_handle);
    else
      uv_unref((uv_handle_t*) env->resume_handle);
  } else if (env->resume_handle != NULL && !env->closing)
    (void) uv_idle_stop(env->resume_handle);
}

/* -- delivery -------------------------------------------------------------- */

/* JavaScript reads the texts of new sources before it calls any listener. If
 * the batch ends before that, they are passed again with a later datagram. */
static void forget_unread_sources(dgram_env_t* env, dgram_inbox_t* inbox) {
  if (inbox->texts_count == 0 && inbox->local_texts_count == 0)
    return;
  if (env->closing || !env->acquire(env, inbox) || inbox->cursor->steps == 0)
    dgram_inbox_forget_sources(env, inbox);
}

/* Ends a batch; datagrams that were not delivered are dropped. */
static void end_batch(dgram_inbox_t* inbox) {
  dgram_socket_t* socket = inbox->socket;

  inbox->resumable = false;
  if (socket->inbox == inbox)
    socket->inbox = NULL;
  if (inbox->deliver_depth > 0)
    return; /* the call further out on the stack still uses it */
  inbox->socket = NULL;
  dgram_inbox_reset(inbox);
}

void dgram_delivery_hold(dgram_env_t* env, dgram_socket_t* socket) {
  dgram_inbox_t* inbox = socket->inbox;

  if (inbox == NULL || !dgram_inbox_has_more(env, inbox) ||
      !dgram_held_take(env, inbox) || inbox->deliver_depth > 0)
    return;
  forget_unread_sources(env, inbox);
  end_batch(inbox);
  update_resume_handle(env);
}

void dgram_delivery_update(dgram_env_t* env, dgram_socket_t* socket) {
  dgram_inbox_t* inbox = socket->inbox;

  if (inbox != NULL && socket->closing && inbox->deliver_depth == 0) {
    forget_unread_sources(env, inbox);
    end_batch(inbox);
  }
  if (inbox != NULL || env->held != NULL)
    update_resume_handle(env);
}

/* Sets the block to the datagrams that the listeners process in BLOCK_TIME:
 * they processed `n` in `time`. */
static void learn_block(dgram_socket_t* socket, uint32_t n, uint64_t time) {
  uint64_t block = time == 0 ? BLOCK_MAX : (uint64_t) n * BLOCK_TIME / time;

  if (block < BLOCK_MIN)
    block = BLOCK_MIN;
  if (block > BLOCK_MAX)
    block = BLOCK_MAX;
  socket->block = (uint16_t) block;
}

static dgram_delivery_t deliver(dgram_env_t* env,
                                dgram_inbox_t* inbox,
                                dgram_iteration_t* iteration) {
  dgram_socket_t* socket = inbox->socket;
  uint32_t left = inbox->datagrams_left;
  uint64_t start = left < MEASURE_MIN ? 0 : uv_hrtime();
  bool several = left > 1;
  dgram_delivery_t result;

  dgram_socket_use(socket);
  inbox->deliver_depth++;
  if (several) {
    inbox->resumable = true;
    update_resume_handle(env);
  }
  result = env->deliver(inbox, iteration);
  left -= left < inbox->held ? left : inbox->held;
  if (start != 0 && left > inbox->datagrams_left)
    learn_block(socket, left - inbox->datagrams_left, uv_hrtime() - start);
  DGRAM_ASSERT(inbox->socket == socket && inbox->deliver_depth > 0);
  inbox->deliver_depth--;
  if (result == DGRAM_PAUSED && socket->closing)
    result = DGRAM_DROPPED;
  if (result == DGRAM_DROPPED || socket->closing)
    forget_unread_sources(env, inbox);
  if (result == DGRAM_PAUSED)
    inbox->resumable = true;
  else
    end_batch(inbox);
  if (several || env->read_deferred || env->held != NULL ||
      result == DGRAM_PAUSED)
    update_resume_handle(env);
  dgram_socket_unuse(socket);
  return result;
}

dgram_delivery_t dgram_delivery_start(dgram_env_t* env,
                                      dgram_socket_t* socket,
                                      dgram_iteration_t* iteration) {
  dgram_inbox_t* inbox = env->inbox;
  dgram_delivery_t result;

  if (inbox->count == 0)
    return DGRAM_DELIVERED;
  inbox->socket = socket;
  socket->inbox = inbox;
  dgram_inbox_rewind(inbox);
  dgram_socket_use(socket);
  result = deliver(env, inbox, iteration);
  dgram_stats_check_drops(socket);
  dgram_socket_unuse(socket);
  return result;
}

bool dgram_delivery_read_next(dgram_inbox_t* inbox) {
  dgram_socket_t* socket = inbox->socket;
  dgram_env_t* env = socket->env;

  if (!socket->reading || socket->closing || socket->holds ||
      inbox->deliver_depth > 1 || socket->inbox != inbox ||
      !env->acquire(env, inbox))
    return false;
  dgram_inbox_reset(inbox);
  inbox->reader = socket;
  env->inbox = inbox;
  if (!env->transport->read_one(socket))
    return false;
  dgram_inbox_rewind(inbox);
  return true;
}

/* -- the end --------------------------------------------------------------- */

static void on_resume_handle_closed(uv_handle_t* handle) {
  dgram_env_t* env = handle->data;

  free(env->resume_handle);
  env->resume_handle = NULL;
  dgram_env_check_idle(env);
}

void dgram_delivery_close(dgram_env_t* env) {
  if (env->resume_handle != NULL)
    uv_close((uv_handle_t*) env->resume_handle, on_resume_handle_closed);
  else
    dgram_env_check_idle(env);
}
