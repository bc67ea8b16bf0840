/* A C core for a target: one environment, a few sockets. */
#ifndef DGRAM_FUZZ_CORE_H
#define DGRAM_FUZZ_CORE_H

#include "core/env.h"
#include "core/socket.h"
#include "kernel.h"
#include "transport/transport.h"

#define FUZZ_SOCKETS 4

typedef struct {
  dgram_env_t env;
  dgram_socket_t* sockets[FUZZ_SOCKETS]; /* NULL: closed, or not created yet */
} fuzz_core_t;

/* Starts an environment over one of the transports. */
void fuzz_core_open(fuzz_core_t* core, const dgram_transport_t* transport);

/* Puts a new socket into that place, bound to loopback if `bound`. */
void fuzz_core_socket(fuzz_core_t* core, uint32_t place, bool bound);

/* The same for a Unix socket. `fd`: the descriptor that it takes over, or -1.
 */
void fuzz_core_unix_socket(fuzz_core_t* core, uint32_t place, int fd);

/* Closes the socket in that place, if there is one. */
void fuzz_core_close_socket(fuzz_core_t* core, uint32_t place);

/* The place of an open socket, or FUZZ_SOCKETS. */
uint32_t fuzz_core_place(const fuzz_core_t* core, const dgram_socket_t* socket);

/* Whether the loop polls the descriptor of an open socket for that event, with
 * libuv's watcher of the uv_udp_t or with another handle. */
bool fuzz_is_polled(const dgram_socket_t* socket, int event);

/* Runs the loop so that libuv closes handles; nested within a callback. */
void fuzz_core_iterate(fuzz_core_t* core);

/* Closes everything, and checks that nothing is left. */
void fuzz_core_close(fuzz_core_t* core);

/* Implemented by the target: the socket is closed and freed afterwards. */
void fuzz_on_closed(dgram_socket_t* socket);

#endif
