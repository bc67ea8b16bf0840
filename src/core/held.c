#include "core/held.h"

#include <stdlib.h>

#include "core/delivery.h"
#include "core/env.h"
#include "core/socket.h"
#include "transport/transport.h"

/* Datagrams that are copied back into an inbox at a time. A listener that stops
 * the socket again has the rest of them copied once more. */
#define PORTION DGRAM_ITERATION_DATAGRAMS

/* What one socket holds. env->held is one record of a circular list. */
struct dgram_held_s {
  dgram_held_t* next;
  dgram_held_t* previous;
  dgram_socket_t* socket;
  dgram_message_t* first;
};

/* The record of a socket that holds datagrams. */
static dgram_held_t* find(const dgram_env_t* env,
                          const dgram_socket_t* socket) {
  dgram_held_t* held = env->held;

  while (held->socket != socket)
    held = held->next;
  return held;
}

/* Adds a record. Returns NULL if there is no memory. */
static dgram_held_t* add(dgram_env_t* env, dgram_socket_t* socket) {
  dgram_held_t* held = calloc(1, sizeof(*held));

  if (held == NULL)
    return NULL;
  held->socket = socket;
  if (env->held == NULL)
    env->held = held->next = held->previous = held;
  held->next = env->held;
  held->previous = env->held->previous;
  held->previous->next = held;
  held->next->previous = held;
  socket->holds = true;
  return held;
}

static void discard(dgram_env_t* env, dgram_held_t* held) {
  held->previous->next = held->next;
  held->next->previous = held->previous;
  if (env->held == held)
    env->held = held->next == held ? NULL : held->next;
  held->socket->holds = false;
  dgram_messages_free(held->first);
  free(held);
}

/* The record of a socket, which may be new. Returns NULL if there is no
 * memory. */
static dgram_held_t* find_or_add(dgram_env_t* env, dgram_socket_t* socket) {
  return socket->holds ? find(env, socket) : add(env, socket);
}

bool dgram_held_take(dgram_env_t* env, dgram_inbox_t* inbox) {
  dgram_message_t* list;
  dgram_held_t* held;

  if (dgram_messages_copy(inbox, &list) != 0)
    return false;
  held = find_or_add(env, inbox->socket);
  if (held == NULL) {
    dgram_messages_free(list);
    return false;
  }
  *dgram_messages_end(&list) = held->first;
  held->first = list;
  dgram_inbox_skip_rest(inbox);
  return true;
}

int dgram_held_put(dgram_socket_t* socket, dgram_message_t* list) {
  dgram_held_t* held;

  if (list == NULL)
    return 0;
  held = find_or_add(socket->env, socket);
  if (held == NULL)
    return UV_ENOMEM;
  *dgram_messages_end(&held->first) = list;
  return 0;
}

dgram_message_t* dgram_held_release(dgram_socket_t* socket) {
  dgram_message_t* list;
  dgram_held_t* held;

  if (!socket->holds)
    return NULL;
  held = find(socket->env, socket);
  list = held->first;
  held->first = NULL;
  discard(socket->env, held);
  return list;
}

void dgram_held_drop(dgram_env_t* env, dgram_socket_t* socket) {
  if (socket->holds)
    discard(env, find(env, socket));
}

/* -- delivery -------------------------------------------------------------- */

static bool is_ready(const dgram_held_t* held) {
  return held->socket->reading && !held->socket->closing;
}

bool dgram_held_is_ready(const dgram_env_t* env, bool referenced) {
  const dgram_held_t* held = env->held;

  if (held == NULL)
    return false;
  do {
    if (is_ready(held) && (!referenced || dgram_socket_has_ref(held->socket)))
      return true;
    held = held->next;
  } while (held != env->held);
  return false;
}

/* JavaScript runs, and may stop, start or close the socket. Returns false if no
 * inbox is free: the next iteration tries again. */
static bool deliver(dgram_env_t* env, dgram_held_t* held) {
  dgram_socket_t* socket = held->socket;
  dgram_iteration_t iteration = {0};

  socket->holds = false; /* else no inbox is acquired */
  if (!dgram_inbox_acquire(env, socket)) {
    socket->holds = true;
    return false;
  }
  held->first = dgram_messages_append(env, held->first, PORTION);
  socket->holds = true;
  if (held->first == NULL)
    discard(env, held);
  dgram_socket_use(socket);
  (void) dgram_delivery_start(env, socket, &iteration);
  if (!socket->holds && socket->reading && !socket->closing &&
      env->transport->start(socket) != 0)
    env->read_deferred = true; /* try again */
  dgram_socket_unuse(socket);
  return true;
}

static uint32_t count_records(const dgram_env_t* env) {
  const dgram_held_t* held = env->held;
  uint32_t n = 0;

  if (held == NULL)
    return 0;
  do {
    n++;
    held = held->next;
  } while (held != env->held);
  return n;
}

/* The list is turned by one record before each delivery, so that JavaScript may
 * add and remove records. */
bool dgram_held_deliver(dgram_env_t* env) {
  bool delivered = false;
  uint32_t n;

  for (n = count_records(env); n > 0 && env->held != NULL; n--) {
    dgram_held_t* held = env->held;

    env->held = held->next;
    if (is_ready(held) && deliver(env, held))
      delivered = true;
  }
  return delivered;
}
