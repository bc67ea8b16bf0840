/* Moving a descriptor from one socket to another, also of another thread. */
#ifndef DGRAM_MOVE_H
#define DGRAM_MOVE_H

#include <stddef.h>
#include <stdint.h>

#include "core/tickets.h"
#include "core/types.h"

/* Leaves a duplicate of the descriptor as a ticket, with everything that was
 * read and not delivered. The caller then calls dgram_socket_finish(), before
 * the event loop runs. Returns 0 or a UV_ code; nothing has changed then.
 * UV_EBADF: the socket has no descriptor. */
int dgram_socket_leave(dgram_socket_t* socket,
                       const char* note,
                       size_t note_length,
                       uint64_t lifetime,
                       dgram_token_t* out);

/* Closes the socket when its queued datagrams are sent. Until then it does not
 * read. */
int dgram_socket_finish(dgram_socket_t* socket);

/* Takes the descriptor of a ticket. Returns 0 or a UV_ code; the ticket is then
 * still valid. UV_ENOENT: there is no such ticket. UV_ENOTSUP: it is of another
 * transport. */
int dgram_socket_take(dgram_socket_t* socket, const dgram_token_t* token);

#endif
