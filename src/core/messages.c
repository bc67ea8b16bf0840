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

dgram_message_t* dgram_messages_append(dgram_socket_t* socket,
                                       dgram_message_t* list) {
  dgram_env_t* env = socket->env;
  uint32_t offset;
  uint32_t first;
  uint32_t i;

  for (i = 0; i < env->inbox->slots && list != NULL; i++) {
    dgram_message_t* message = list;

    list = message->next;
    offset = i * DGRAM_RECV_SLOT_SIZE;
    first = env->inbox->count;
    memcpy(env->inbox->recv_buffer + offset, message->bytes, message->length);
    dgram_inbox_append(env,
                       offset,
                       message->length,
                       message->segment,
                       message->status == 0 ? &message->source.any : NULL,
                       message->status);
    message->info.present &= socket->receive_info;
    dgram_inbox_set_info(env, first, &message->info);
    free(message);
  }
  return list;
}
