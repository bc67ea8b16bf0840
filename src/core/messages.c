#include "core/messages.h"

#include <stdlib.h>
#include <string.h>

#include "core/env.h"
#include "core/socket.h"

dgram_message_t* dgram_message_new(uint32_t length) {
  dgram_message_t* message = malloc(sizeof(*message) + length);

  if (message == NULL)
    return NULL;
  memset(message, 0, sizeof(*message));
  message->length = length;
  return message;
}

void dgram_messages_free(dgram_message_t* list) {
  while (list != NULL) {
    dgram_message_t* message = list;

    list = message->next;
    free(message);
  }
}

dgram_message_t** dgram_messages_end(dgram_message_t** list) {
  while (*list != NULL)
    list = &(*list)->next;
  return list;
}

/* -- from an inbox --------------------------------------------------------- */

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

/* Copies GRO buffer `i` from `position` on. */
static dgram_message_t* copy_message(const dgram_inbox_t* inbox,
                                     uint32_t i,
                                     uint32_t position) {
  const dgram_recv_t* buffer = &inbox->gro_buffers[i];
  uint32_t slot = buffer->offset / DGRAM_RECV_SLOT_SIZE;
  uint32_t length = buffer->length - position;
  dgram_message_t* message = dgram_message_new(length);

  if (message == NULL)
    return NULL;
  message->status = buffer->status;
  message->segment = buffer->segment < length ? buffer->segment : length;
  message->counted = true;
  message->run_counted = true;
  if (buffer->status < 0)
    return message;
  if (inbox->socket->is_unix)
    message->path = inbox->addresses->paths[slot];
  else
    message->source = inbox->addresses->sources[slot];
  memcpy(
      message->bytes, inbox->recv_buffer + buffer->offset + position, length);
  if (inbox->socket->receive_info != 0)
    dgram_inbox_get_info(inbox, i, &message->info);
  return message;
}

int dgram_messages_copy(const dgram_inbox_t* inbox, dgram_message_t** list) {
  dgram_message_t** end = list;
  uint32_t position = inbox->cursor->position;
  uint32_t i;

  *list = NULL;
  for (i = inbox->cursor->gro_buffer; i < inbox->count; i++) {
    if (is_valid(inbox, i, position)) {
      *end = copy_message(inbox, i, position);
      if (*end == NULL) {
        dgram_messages_free(*list);
        *list = NULL;
        return UV_ENOMEM;
      }
      end = &(*end)->next;
    }
    position = 0;
  }
  return 0;
}

/* -- to an inbox ----------------------------------------------------------- */

/* The slots that the rest of a message needs. A datagram of a Unix socket may
 * be longer than one. */
static uint32_t count_slots(const dgram_message_t* message) {
  uint32_t length = message->length - message->position;

  return length <= DGRAM_RECV_SLOT_SIZE
             ? 1
             : (length + DGRAM_RECV_SLOT_SIZE - 1) / DGRAM_RECV_SLOT_SIZE;
}

/* The whole message, though only a part of it may be appended now. */
static void count_once(dgram_env_t* env, dgram_message_t* message) {
  if (message->counted || message->status < 0)
    return;
  dgram_inbox_count_received(env,
                             message->length - message->position,
                             message->segment,
                             !message->run_counted);
  message->counted = true;
  message->run_counted = true;
}

static void append_bytes(dgram_env_t* env,
                         const dgram_message_t* message,
                         uint32_t offset,
                         uint32_t length,
                         uint32_t segment) {
  const struct sockaddr* source =
      message->status < 0 ? NULL : &message->source.any;

  if (message->status >= 0 && env->inbox->reader->is_unix)
    dgram_inbox_append_from_path_counted(
        env, offset, length, &message->path, message->status);
  else
    dgram_inbox_append_counted(
        env, offset, length, segment, source, message->status);
}

/* Appends up to `datagrams` of a message to the acquired inbox, at `offset`.
 * Returns how many. */
static uint32_t append_part(dgram_env_t* env,
                            dgram_message_t* message,
                            uint32_t offset,
                            uint32_t datagrams) {
  dgram_inbox_t* inbox = env->inbox;
  uint32_t length = message->length - message->position;
  uint32_t segment = message->segment;
  uint32_t first = inbox->count;

  count_once(env, message);
  if (segment > 0 && (length + segment - 1) / segment > datagrams)
    length = segment * datagrams;
  if (length < segment)
    segment = length;
  memcpy(
      inbox->recv_buffer + offset, message->bytes + message->position, length);
  message->position += length;
  append_bytes(env, message, offset, length, segment);
  if (inbox->reader->receive_info != 0) {
    message->info.present &= inbox->reader->receive_info;
    dgram_inbox_set_info(env, first, &message->info);
  }
  return segment == 0 ? 1 : (length + segment - 1) / segment;
}

dgram_message_t* dgram_messages_append(dgram_env_t* env,
                                       dgram_message_t* list,
                                       uint32_t datagrams) {
  uint32_t slot = 0;

  while (datagrams > 0 && list != NULL) {
    dgram_message_t* message = list;
    uint32_t slots = count_slots(message);

    if (slots > env->inbox->slots - slot)
      return list;
    datagrams -=
        append_part(env, message, slot * DGRAM_RECV_SLOT_SIZE, datagrams);
    slot += slots;
    if (message->position < message->length)
      return list;
    list = message->next;
    free(message);
  }
  return list;
}

/* -- statistics ------------------------------------------------------------ */

static uint32_t count_datagrams(const dgram_message_t* message) {
  uint32_t length = message->length - message->position;

  if (message->status < 0)
    return 0;
  return message->segment == 0
             ? 1
             : (length + message->segment - 1) / message->segment;
}

void dgram_messages_uncount(dgram_socket_t* socket, dgram_message_t* list) {
  dgram_stats_t* stats = dgram_socket_stats(socket);

  for (; list != NULL; list = list->next) {
    if (!list->counted)
      continue;
    list->counted = false;
    socket->env->received -= count_datagrams(list);
    stats->received -= count_datagrams(list);
    if (list->status >= 0)
      stats->received_bytes -= list->length - list->position;
  }
}
