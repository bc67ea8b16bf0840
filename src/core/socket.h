/* Life cycle and options of one socket over uv_udp_t. Every function returns
 * 0 (or what its comment says) or a negative UV_ code, and UV_EBADF once the
 * socket is closing. */
#ifndef DGRAM_SOCKET_H
#define DGRAM_SOCKET_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "core/env.h"

struct dgram_socket_s {
  uv_udp_t udp; /* first: a uv_udp_t* is a dgram_socket_t* */
  dgram_env_t* env;
  uint32_t id;       /* see dgram_env_add() */
  bool closing;      /* dgram_socket_close() was called */
  bool closed;       /* every handle of it is closed */
  bool reading;      /* the transport was started */
  bool connected;    /* to a peer: datagrams carry no address */
  bool shared;       /* the descriptor is known to others: no merged receives */
  bool wants_closed; /* addon.c's: call hook.closed */
  uint32_t connections; /* made so far: tells peers of a connection apart */
  uint16_t block; /* datagrams that its listeners deal with in half a ms */
  uint32_t uses;  /* who counts on its memory, see dgram_socket_use() */
  dgram_inbox_t* inbox; /* with a batch that may not be done, or NULL */
  union {
    void* transport_data;      /* the transport's, until its closed() */
    dgram_socket_t* next_dead; /* env.c's, from then on */
  };
};

/* Bits of `flags` for dgram_socket_bind(); libuv's numbers. */
#define DGRAM_BIND_IPV6ONLY 1u
#define DGRAM_BIND_REUSEADDR 4u
#define DGRAM_BIND_REUSEPORT 64u

/* Allocates and opens a socket in `env`. No descriptor exists yet: libuv
 * makes one when the family is known. */
int dgram_socket_new(dgram_env_t* env, dgram_socket_t** out);

/* Who calls JavaScript on behalf of a socket keeps its memory until he has
 * looked at it for the last time: a listener that turns the event loop itself
 * may have it closed. */
void dgram_socket_use(dgram_socket_t* socket);
void dgram_socket_unuse(dgram_socket_t* socket);

/* Frees the sockets that were closed while they were in use. */
void dgram_socket_free_pending(dgram_env_t* env);

/* Takes over descriptor `fd`; a duplicate of 0, 1 or 2. UV_EEXIST: this loop
 * watches it already. UV_EINVAL: it is no UDP socket. */
int dgram_socket_open(dgram_socket_t* socket, int fd);

/* Takes a duplicate of `fd`, which stays its owner's. */
int dgram_socket_adopt(dgram_socket_t* socket, int fd);

/* True when it has a descriptor, on Windows a SOCKET. */
bool dgram_socket_is_open(const dgram_socket_t* socket);

/* The socket's own descriptor, or UV_EBADF; for who keeps it to himself. */
int dgram_socket_fd(const dgram_socket_t* socket);

/* The same, for a program that may read it, or hand it to somebody who will:
 * nothing is merged from then on. */
int dgram_socket_reveal(dgram_socket_t* socket);

/* A duplicate of the socket's own descriptor, for another owner; the socket
 * counts as shared from then on. Returns the descriptor or a UV_ code. */
int dgram_socket_share(dgram_socket_t* socket);

/* A bind that fails takes the descriptor with it that was made for it. With it
 * goes `socket`: another one has its id and its place, and the caller must not
 * use this one any more. So with dgram_socket_connect(), which binds too. */
int dgram_socket_bind(dgram_socket_t* socket,
                      const dgram_address_t* address,
                      unsigned flags);
/* The wildcard address of AF_INET or AF_INET6, and a free port. */
int dgram_socket_bind_any(dgram_socket_t* socket, int family);
int dgram_socket_connect(dgram_socket_t* socket, const dgram_address_t* peer);
int dgram_socket_disconnect(dgram_socket_t* socket);
int dgram_socket_name(const dgram_socket_t* socket, dgram_address_t* out);
int dgram_socket_peer(const dgram_socket_t* socket, dgram_address_t* out);

int dgram_socket_set_broadcast(dgram_socket_t* socket, int on);
int dgram_socket_set_ttl(dgram_socket_t* socket, int ttl);
int dgram_socket_set_multicast_ttl(dgram_socket_t* socket, int ttl);
int dgram_socket_set_multicast_loop(dgram_socket_t* socket, int on);
int dgram_socket_set_multicast_interface(dgram_socket_t* socket,
                                         const char* interface_address);
/* `interface_address` may be NULL: the system's choice. */
int dgram_socket_set_membership(dgram_socket_t* socket,
                                const char* group,
                                const char* interface_address,
                                uv_membership membership);
int dgram_socket_set_source_membership(dgram_socket_t* socket,
                                       const char* group,
                                       const char* interface_address,
                                       const char* source,
                                       uv_membership membership);
/* `*size` 0 reads; else sets. Out: the kernel's figure. */
int dgram_socket_recv_buffer(dgram_socket_t* socket, int* size);
int dgram_socket_send_buffer(dgram_socket_t* socket, int* size);

int dgram_socket_start(dgram_socket_t* socket);
int dgram_socket_stop(dgram_socket_t* socket);
size_t dgram_socket_queue_size(const dgram_socket_t* socket);
size_t dgram_socket_queue_count(const dgram_socket_t* socket);

void dgram_socket_ref(dgram_socket_t* socket);
void dgram_socket_unref(dgram_socket_t* socket);
bool dgram_socket_has_ref(const dgram_socket_t* socket);

/* Closes. env->closed() runs on a later turn of the loop, after the completions
 * of what was still queued. A second call does nothing. */
void dgram_socket_close(dgram_socket_t* socket);

/* For transports: how many datagrams may be read before they are delivered.
 * Of a shared descriptor one at a time: when a listener closes the socket,
 * what it has not seen must stay in the kernel, for the others. (What was read
 * when it became shared is lost with the socket.) */
uint32_t dgram_socket_batch(const dgram_socket_t* socket);

/* For transports: see dgram_transport_t.close. */
void dgram_socket_release(dgram_socket_t* socket);

#endif
