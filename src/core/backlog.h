/* The backlog of a socket: messages that another socket has read from its
 * descriptor (move.h). They are delivered before the transport starts to read.
 */
#ifndef DGRAM_BACKLOG_H
#define DGRAM_BACKLOG_H

#include "core/messages.h"
#include "core/types.h"

typedef struct dgram_backlog_s dgram_backlog_t;

/* Gives `socket` a backlog of `list`, and nothing if the list is empty. Returns
 * 0 or UV_ENOMEM; the list is then still the caller's. */
int dgram_backlog_open(dgram_socket_t* socket, dgram_message_t* list);

/* To be called when a socket with a backlog starts or stops reading, or changes
 * its reference to the loop. The backlog is delivered from the next event loop
 * iteration on; then the transport is started. */
void dgram_backlog_update(dgram_socket_t* socket);

/* Moves the messages to the end of `*list`. The backlog is empty. */
void dgram_backlog_take(dgram_socket_t* socket, dgram_message_t** list);

/* Drops what is left. Does nothing without a backlog. */
void dgram_backlog_close(dgram_socket_t* socket);

#endif
