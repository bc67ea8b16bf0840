/* Messages that were read from a descriptor before they can be delivered: each
 * is a datagram, a GRO buffer or an error, in memory of its own. */
#ifndef DGRAM_MESSAGES_H
#define DGRAM_MESSAGES_H

#include <stdint.h>

#include "core/address.h"
#include "core/receive_info.h"
#include "core/types.h"

typedef struct dgram_message_s dgram_message_t;

struct dgram_message_s {
  dgram_message_t* next;
  int status;       /* 0, or a UV_ code and no bytes */
  uint32_t length;  /* in bytes */
  uint32_t segment; /* size of one datagram of a GRO buffer, in bytes */
  dgram_address_t source;
  dgram_receive_info_t info;
  uint8_t bytes[];
};

/* Allocates a message of `length` bytes; all other fields are 0. Returns NULL
 * if there is no memory. */
dgram_message_t* dgram_message_new(uint32_t length);

/* Frees a list. */
void dgram_messages_free(dgram_message_t* list);

/* Returns the end of a list: the link to write the next message to. */
dgram_message_t** dgram_messages_end(dgram_message_t** list);

/* Copies messages into the acquired inbox, as many as it has slots, and frees
 * them. Returns the rest of the list. */
dgram_message_t* dgram_messages_append(dgram_socket_t* socket,
                                       dgram_message_t* list);

#endif
