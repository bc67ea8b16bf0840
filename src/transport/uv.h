/* The portable transport, on libuv alone. Its files share only the names below;
 * see dgram_transport_t for what each function does. */
#ifndef DGRAM_TRANSPORT_UV_H
#define DGRAM_TRANSPORT_UV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/batch.h"
#include "core/types.h"

/* -- uv_receive.c -- */

int dgram_uv_start(dgram_socket_t* socket);
int dgram_uv_stop(dgram_socket_t* socket);
bool dgram_uv_read_one(dgram_socket_t* socket);

/* -- uv_send.c -- */

uint32_t dgram_uv_flush(dgram_socket_t* socket,
                        dgram_send_t* sends,
                        uint32_t count,
                        const uint8_t* arena);
size_t dgram_uv_queue_size(const dgram_socket_t* socket);
size_t dgram_uv_queue_count(const dgram_socket_t* socket);

/* The socket is closing: closes the timer of its queue. */
void dgram_uv_close_timer(dgram_socket_t* socket);

/* The socket is closed: cancels what is still queued, and frees the queue. */
void dgram_uv_free_queue(dgram_socket_t* socket);

#endif
