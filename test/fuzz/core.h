/* The C core as a target uses it: one environment, a few sockets. */
#ifndef DGRAM_FUZZ_CORE_H
#define DGRAM_FUZZ_CORE_H

#include "core/env.h"
#include "core/socket.h"
#include "kernel.h"
#include "transport/transport.h"

#define FUZZ_SOCKETS 4

typedef struct {
  dgram_env_t env;
  dgram_socket_t* sockets[FUZZ_SOCKETS]; /* NULL: closed, or not there yet */
} fuzz_core_t;

/* Starts an environment over one of the transports. */
void fuzz_core_open(fuzz_core_t* core, const dgram_transport_t* transport);

/* Puts a new socket into that place, bound to loopback if so wished. */
void fuzz_core_socket(fuzz_core_t* core, uint32_t place, bool bound);

/* Closes the socket in that place, if there is one. */
void fuzz_core_close_socket(fuzz_core_t* core, uint32_t place);

/* The place of a socket that was not closed; FUZZ_SOCKETS: none. */
uint32_t fuzz_core_place(const fuzz_core_t* core, const dgram_socket_t* socket);

/* Lets libuv close handles; also from within a callback, as a nested loop. */
void fuzz_core_turn(fuzz_core_t* core);

/* Closes everything, and checks that nothing is left. */
void fuzz_core_close(fuzz_core_t* core);

/* The target's: the socket's handles are closed; it is freed afterwards. */
void fuzz_on_closed(dgram_socket_t* socket);

#endif
