/* Unix datagram sockets: a dgram_socket_t whose descriptor is of AF_UNIX. libuv
 * accepts such a descriptor in a uv_udp_t (uv_udp_open()), but its functions
 * for addresses do not; those are here. The rest is that of a UDP socket: life
 * cycle, send queue, inbox, counters.
 *
 * The transport must support them (dgram_features_t.unix_dgram): it sends and
 * receives names that are not a dgram_address_t.
 *
 * Functions return 0 or a UV_ code, and UV_EBADF if the socket is closing.
 * UV_EINVAL: it is not a Unix socket. */
#ifndef DGRAM_UNIX_SOCKET_H
#define DGRAM_UNIX_SOCKET_H

#include <stdbool.h>

#include "core/socket.h"
#include "core/unix_path.h"
#include "platform/unix_domain.h"

typedef struct {
  dgram_socket_t base;    /* first: a dgram_socket_t* with is_unix is one */
  dgram_path_t peer;      /* connected to; length 0: none, or without a name */
  dgram_unix_file_t file; /* to remove on close */
} dgram_unix_socket_t;

/* Allocates a Unix socket in `env`. The descriptor is created when it is first
 * needed. UV_ENOTSUP: the transport has none. */
int dgram_unix_socket_new(dgram_env_t* env, dgram_socket_t** out);

/* Creates the descriptor if there is none. The socket needs no name to send. */
int dgram_unix_socket_ensure(dgram_socket_t* socket);

/* Takes over descriptor `fd` of a Unix datagram socket. UV_EINVAL: it is
 * something else. UV_EEXIST: this loop already watches it. */
int dgram_unix_socket_open(dgram_socket_t* socket, int fd);

/* Binds the socket to a name. An empty path: the kernel chooses an abstract
 * name (unix(7), autobind). `unlink`: the file is removed on close, unless it
 * was replaced by then. */
int dgram_unix_socket_bind(dgram_socket_t* socket,
                           const dgram_path_t* path,
                           bool unlink);

/* A connected socket may be connected to another peer. */
int dgram_unix_socket_connect(dgram_socket_t* socket, const dgram_path_t* peer);

/* Connects to the same name again, after the kernel has disconnected the socket
 * because its peer is closed. UV_ENOTCONN: the peer has no name. */
int dgram_unix_socket_reconnect(dgram_socket_t* socket);

int dgram_unix_socket_disconnect(dgram_socket_t* socket);

/* The name of the socket or of its peer. UV_ENOTCONN: it is not connected. */
int dgram_unix_socket_name(const dgram_socket_t* socket, dgram_path_t* out);
int dgram_unix_socket_peer(const dgram_socket_t* socket, dgram_path_t* out);

/* -- for socket.c -- */

/* Removes the file of the socket, if it has made one. */
void dgram_unix_socket_remove_file(dgram_socket_t* socket);

#endif
