/* Messages that were read from a descriptor before they can be delivered: each
 * is a datagram, a GRO buffer or an error, in memory of its own. */
#ifndef DGRAM_MESSAGES_H
#define DGRAM_MESSAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "core/address.h"
#include "core/inbox.h"
#include "core/receive_info.h"
#include "core/types.h"
#include "core/unix_path.h"

typedef struct dgram_message_s dgram_message_t;

struct dgram_message_s {
  dgram_message_t* next;
  int status;        /* as in dgram_recv_t; a UV_ code has no bytes */
  uint32_t length;   /* in bytes */
  uint32_t segment;  /* size of one datagram of a GRO buffer, in bytes */
  uint32_t position; /* bytes that were appended to an inbox before */
  bool counted;      /* as received, in the statistics of its socket */
  bool run_counted;  /* as a GRO buffer, by the socket that has read it */
  dgram_address_t source;
  dgram_path_t path; /* the source, if it is a Unix socket */
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

/* Copies the rest of a batch, in acquired memory, that its cursor has not
 * reached. Returns 0 and the list, which may be empty, or UV_ENOMEM. */
int dgram_messages_copy(const dgram_inbox_t* inbox, dgram_message_t** list);

/* Appends up to `datagrams` of the list to the acquired inbox, if it has room
 * for them. Frees the messages, and returns the rest of the list. */
dgram_message_t* dgram_messages_append(dgram_env_t* env,
                                       dgram_message_t* list,
                                       uint32_t datagrams);

/* Subtracts the messages from the statistics of their socket: another one will
 * count them. */
void dgram_messages_uncount(dgram_socket_t* socket, dgram_message_t* list);

#endif
