/* Datagrams that a socket delivers before its transport reads again:
 *
 *  - the rest of a batch, of a socket that has stopped reading. They are moved
 *    out of the inbox, which other sockets need, into memory of their own;
 *  - those that another socket has read from its descriptor (move.h).
 *
 * Other sockets need no memory for it. */
#ifndef DGRAM_HELD_H
#define DGRAM_HELD_H

#include <stdbool.h>

#include "core/inbox.h"
#include "core/iteration.h"
#include "core/messages.h"
#include "core/types.h"

/* Moves the rest of a batch, which must be in acquired memory and have one,
 * ahead of what its socket already holds. The inbox is then at its end, also
 * for JavaScript. Returns false, and changes nothing, if there is no memory. */
bool dgram_held_take(dgram_env_t* env, dgram_inbox_t* inbox);

/* Appends `list` to what a socket holds. It takes the list over, unless it
 * returns UV_ENOMEM. */
int dgram_held_put(dgram_socket_t* socket, dgram_message_t* list);

/* Returns what a socket holds. It then holds nothing. */
dgram_message_t* dgram_held_release(dgram_socket_t* socket);

/* True if a socket that holds datagrams is reading. `referenced`: counts only
 * sockets that keep the event loop alive. */
bool dgram_held_is_ready(const dgram_env_t* env, bool referenced);

/* Delivers a part of what each reading socket holds. The transport of a socket
 * that then holds nothing continues to read. Returns false if nothing could be
 * delivered. */
bool dgram_held_deliver(dgram_env_t* env);

/* Frees what a socket holds. */
void dgram_held_drop(dgram_env_t* env, dgram_socket_t* socket);

#endif
