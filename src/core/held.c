#include "core/held.h"

#include <stdlib.h>
#include <string.h>

#include "core/delivery.h"
#include "core/env.h"
#include "core/receive_info.h"
#include "core/socket.h"
#include "transport/transport.h"

/* Datagrams that are copied back into an inbox at a time. A listener that stops
 * the socket again has the rest of them copied once more. */
#define PORTION DGRAM_ITERATION_DATAGRAMS

/* A GRO buffer or its rest, a single datagram, or an error. */
typedef struct message_s message_t;

struct message_s {
  message_t* next;
  int32_t status; /* as in dgram_recv_t */
  uint32_t length;
  uint32_t segment;
  uint32_t position; /* bytes that were copied back */
  dgram_address_t source;
  dgram_receive_info_t info;
  uint8_t bytes[];
};

/* What one socket holds. env->held is one record of a circular list. */
struct dgram_held_s {
  dgram_held_t* next;
  dgram_held_t* previous;
  dgram_socket_t* socket;
  message_t* first;
};

static void free_messages(message_t* message) {
  while (message != NULL) {
    message_t* next = message->next;

    free(message);
    message = next;
  }
}

/* -- from the inbox -------------------------------------------------------- */

/* Copies GRO buffer `i` from `position` on. */
static message_t* copy_message(const dgram_inbox_t* inbox,
                               uint32_t i,
                               uint32_t position) {
  const dgram_recv_t* buffer = &inbox->gro_buffers[i];
  uint32_t slot = buffer->offset / DGRAM_RECV_SLOT_SIZE;
  uint32_t length = buffer->length - position;
  message_t* message = malloc(sizeof(*message) + length);

  if (message == NULL)
    return NULL;
  memset(message, 0, sizeof(*message));
  message->status = buffer->status;
  message->length = length;
  message->segment = buffer->segment < length ? buffer->segment : length;
  if (buffer->status < 0)
    return message;
  message->source = inbox->addresses->sources[slot];
  memcpy(
      message->bytes, inbox->recv_buffer + buffer->offset + position, length);
  if (inbox->socket->receive_info != 0)
    dgram_inbox_get_info(inbox, i, &message->info);
  return message;
}

/* JavaScript writes the cursor only, but nothing outside of the memory is
 * accessed even if it has written more. */
static bool is_valid(const dgram_inbox_t* inbox,
                     uint32_t i,
                     uint32_t position) {
  const dgram_recv_t* buffer = &inbox->gro_buffers[i];
  uint32_t size = inbox->slots * DGRAM_RECV_SLOT_SIZE;

  return buffer->offset < size && buffer->length <= size - buffer->offset &&
         position <= buffer->length;
}

/* Copies what the cursor has not reached. Returns false without memory. */
static bool copy_rest(const dgram_inbox_t* inbox,
                      message_t** first,
                      message_t*** end) {
  uint32_t position = inbox->cursor->position;
  uint32_t i;

  *first = NULL;
  *end = first;
  for (i = inbox->cursor->gro_buffer; i < inbox->count; i++) {
    if (is_valid(inbox, i, position)) {
      **end = copy_message(inbox, i, position);
      if (**end == NULL) {
        free_messages(*first);
        return false;
      }
      *end = &(**end)->next;
    }
    position = 0;
  }
  return true;
}

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
  free_messages(held->first);
  free(held);
}

bool dgram_held_take(dgram_env_t* env, dgram_inbox_t* inbox) {
  dgram_socket_t* socket = inbox->socket;
  dgram_held_t* held;
  message_t* first;
  message_t** end;

  if (!copy_rest(inbox, &first, &end))
    return false;
  held = socket->holds ? find(env, socket) : add(env, socket);
  if (held == NULL) {
    free_messages(first);
    return false;
  }
  *end = held->first;
  held->first = first;
  dgram_inbox_skip_rest(inbox);
  return true;
}

void dgram_held_drop(dgram_env_t* env, dgram_socket_t* socket) {
  if (socket->holds)
    discard(env, find(env, socket));
}

/* -- to the inbox ---------------------------------------------------------- */

/* Appends up to `datagrams` of a message to the acquired inbox, in slot `i`.
 * Returns how many. */
static uint32_t append_part(dgram_env_t* env,
                            message_t* message,
                            uint32_t i,
                            uint32_t datagrams) {
  dgram_inbox_t* inbox = env->inbox;
  uint32_t offset = i * DGRAM_RECV_SLOT_SIZE;
  uint32_t length = message->length - message->position;
  uint32_t segment = message->segment;
  uint32_t first = inbox->count;

  if (segment > 0 && length / segment > datagrams)
    length = segment * datagrams;
  if (length < segment)
    segment = length;
  memcpy(
      inbox->recv_buffer + offset, message->bytes + message->position, length);
  message->position += length;
  dgram_inbox_append_counted(env,
                             offset,
                             length,
                             segment,
                             message->status < 0 ? NULL : &message->source.any,
                             message->status);
  if (inbox->reader->receive_info != 0)
    dgram_inbox_set_info(env, first, &message->info);
  return segment == 0 ? 1 : (length + segment - 1) / segment;
}

/* Fills the acquired inbox with the first datagrams of the list. */
static void fill(dgram_env_t* env, dgram_held_t* held) {
  uint32_t left = PORTION;
  uint32_t i;

  for (i = 0; i < env->inbox->slots && left > 0 && held->first != NULL; i++) {
    message_t* message = held->first;

    left -= append_part(env, message, i, left);
    if (message->position < message->length)
      return;
    held->first = message->next;
    free(message);
  }
}

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
  fill(env, held);
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
