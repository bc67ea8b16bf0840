/* Sending: checks the descriptors of a send batch, passes them to transports,
 * and completes the datagrams that a transport queued. */
#ifndef DGRAM_SENDS_H
#define DGRAM_SENDS_H

#include <stddef.h>
#include <stdint.h>

#include "core/batch.h"
#include "core/types.h"

/* Sends `count` datagrams. Consecutive datagrams of one socket are passed to
 * its transport together. JavaScript wrote the descriptors, so they are not
 * trusted: one without an open socket gets status UV_EBADF; one without a valid
 * destination or settings, or with bytes outside the arena, UV_EINVAL; one with
 * a destination on a connected socket UV_EISCONN. Returns how many datagrams
 * are DGRAM_QUEUED. */
uint32_t dgram_sends_flush(dgram_env_t* env,
                           dgram_send_t* sends,
                           uint32_t count,
                           const uint8_t* arena,
                           size_t arena_size);

/* For transports: completes a datagram of `socket` that was DGRAM_QUEUED; see
 * `complete` of dgram_env_t. The memory of the socket is still valid when this
 * returns, even if JavaScript closed the socket. */
void dgram_sends_complete(dgram_socket_t* socket,
                          uint32_t ticket,
                          int status,
                          size_t length);

#endif
