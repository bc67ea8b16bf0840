/* One socket over uv_udp_t: life cycle, descriptor, addresses, options. Every
 * function returns 0 (or the value named in its comment) or a negative UV_
 * code, and UV_EBADF if the socket is closing. */
#ifndef DGRAM_SOCKET_H
#define DGRAM_SOCKET_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "core/env.h"
#include "core/stats.h"
#include "platform/options.h"

/* Without gaps, and one bit per flag: there may be 10,000 idle sockets. What
 * only sockets with traffic need is allocated on first use: `counters`, and
 * `transport_data`. */
struct dgram_socket_s {
  uv_udp_t udp; /* first: a uv_udp_t* is a dgram_socket_t* */
  dgram_env_t* env;
  dgram_inbox_t* inbox; /* with a batch that may be unfinished, or NULL */
  union {
    void* transport_data;         /* the transport's, until its closed() */
    dgram_socket_t* next_pending; /* in env->pending_free, from then on */
  };
  dgram_counters_t* counters; /* NULL: all are 0, see dgram_socket_stats() */
  dgram_open_options_t* open_options; /* NULL: none were asked for */
  const char* failed_option;          /* see dgram_socket_set_open_options() */

  uint32_t id;           /* see dgram_env_add_socket() */
  uint32_t connections;  /* number of connects; distinguishes connected peers */
  uint32_t uses;         /* see dgram_socket_use() */
  uint32_t send_mark;    /* see dgram_socket_set_send_mark() */
  uint32_t receive_info; /* DGRAM_INFO_* that were asked for */
  uint16_t block;        /* datagrams that its listeners process in half a ms */

  bool closing : 1;       /* dgram_socket_close() was called */
  bool closed : 1;        /* all handles are closed */
  bool reading : 1;       /* the transport was started */
  bool unchecked : 1;     /* of the transport: linux/poll.c */
  bool connected : 1;     /* to a peer: datagrams carry no address */
  bool peer_is_ip4 : 1;   /* the connected peer is, or is an IPv4-mapped one */
  bool shared : 1;        /* other code may have the descriptor: no GRO */
  bool revealed : 1;      /* the program has seen the descriptor's number */
  bool icmp_errors : 1;   /* the option icmpErrors: they go to env->icmp() */
  bool dual_stack : 1;    /* see dgram_socket_set_dual_stack() */
  bool notify_closed : 1; /* for addon/: call hook.closed */
  bool finishing : 1;     /* see dgram_socket_finish() */
  bool is_unix : 1;       /* it is a dgram_unix_socket_t */
  bool holds : 1;         /* has datagrams in env->held */
  bool need_drain : 1;    /* see dgram_socket_set_send_mark() */
};

/* -- life cycle -- */

/* Allocates a socket in `env`. It has no descriptor yet: libuv creates one when
 * the family is known. */
int dgram_socket_new(dgram_env_t* env, dgram_socket_t** out);

/* The same for a larger struct that begins with a dgram_socket_t. */
int dgram_socket_allocate(dgram_env_t* env, size_t size, dgram_socket_t** out);

/* Keeps the memory of the socket valid. Code that calls JavaScript on behalf of
 * a socket holds it until its last access: a listener may close the socket and
 * run the event loop. */
void dgram_socket_use(dgram_socket_t* socket);
void dgram_socket_unuse(dgram_socket_t* socket);

/* Closes the socket. env->closed() is called in a later event loop iteration,
 * after the completions of the datagrams still queued. A second call does
 * nothing. */
void dgram_socket_close(dgram_socket_t* socket);

/* For names.c: after a failed bind libuv keeps the descriptor it created until
 * the handle is closed. So `socket` is closed and a new one takes its place:
 * JavaScript has only the id, and sees no difference. If there is no memory for
 * a new one, nothing changes. */
void dgram_socket_replace(dgram_socket_t* socket);

/* The counters, to be changed. The first call allocates them. Without memory
 * for them, and once the socket is closed, they are those of all closed sockets
 * of the environment. */
static inline dgram_stats_t* dgram_socket_stats(dgram_socket_t* socket) {
  if (socket->counters == NULL && !dgram_stats_create(socket))
    return &socket->env->closed_stats;
  return &socket->counters->stats;
}

/* Frees the sockets that were closed while they were in use. */
void dgram_socket_free_pending(dgram_env_t* env);

/* -- descriptor: descriptor.c -- */

/* Stores a copy of `options`, which are set when the descriptor is created or
 * taken over; at once if there is one. If that fails, the function that did it
 * returns the error, and `failed_option` is the name of the option. */
int dgram_socket_set_open_options(dgram_socket_t* socket,
                                  const dgram_open_options_t* options);

/* The same for what the socket reports of received datagrams. `info`:
 * DGRAM_INFO_*. */
int dgram_socket_set_receive_info(dgram_socket_t* socket, uint32_t info);

/* Sets both on a descriptor that is not in use yet. */
int dgram_socket_apply_options(dgram_socket_t* socket, int fd);

/* Makes an IPv6 socket that also exchanges datagrams with IPv4 hosts, through
 * IPv4-mapped addresses. The functions below take and return these; what is
 * reported to JavaScript is converted by dgram_address_unmap(). Returns 1, or 0
 * if the socket already has a descriptor of IPv4, for which it stays off. */
int dgram_socket_set_dual_stack(dgram_socket_t* socket, int on);

/* True if a descriptor that is created for `family` is one of IPv6. */
static inline bool dgram_socket_is_ip6(const dgram_socket_t* socket,
                                       int family) {
  return socket->dual_stack || family == AF_INET6;
}

/* True if a new descriptor needs options that libuv does not set. */
static inline bool dgram_socket_has_open_options(const dgram_socket_t* socket) {
  return socket->open_options != NULL || socket->receive_info != 0;
}

/* Takes over descriptor `fd`; for 0, 1 and 2 a duplicate. UV_EEXIST: this loop
 * already watches it. UV_EINVAL: it is not a UDP socket. */
int dgram_socket_open(dgram_socket_t* socket, int fd);

/* Uses a duplicate of `fd`, which remains with its owner. */
int dgram_socket_adopt(dgram_socket_t* socket, int fd);

/* A descriptor that was passed in may be connected already. */
void dgram_socket_detect_connected(dgram_socket_t* socket);

/* True if the socket has a descriptor (on Windows a SOCKET). */
bool dgram_socket_is_open(const dgram_socket_t* socket);

/* The descriptor, or UV_EBADF. For callers that do not pass it on. */
int dgram_socket_fd(const dgram_socket_t* socket);

/* The same for a program, which may read from it or pass it to other code: GRO
 * is switched off for good. */
int dgram_socket_reveal(dgram_socket_t* socket);

/* Duplicates the descriptor for another owner; the socket counts as shared from
 * then on. Returns the duplicate or a UV_ code. */
int dgram_socket_share(dgram_socket_t* socket);

/* -- addresses: names.c -- */

/* Bits of `flags` for dgram_socket_bind(), with the values of libuv. */
#define DGRAM_BIND_IPV6ONLY 1u
#define DGRAM_BIND_REUSEADDR 4u
#define DGRAM_BIND_REUSEPORT 64u

/* If this fails and had to create a descriptor, that descriptor is closed and
 * `socket` with it. Another dgram_socket_t takes its id and its place in the
 * table, and the caller must not use `socket` any more. The same holds for
 * dgram_socket_connect(), which also binds. */
int dgram_socket_bind(dgram_socket_t* socket,
                      const dgram_address_t* address,
                      unsigned flags);
/* Binds to the wildcard address of AF_INET or AF_INET6 and a free port; a
 * dual-stack socket always to the latter. A Unix socket only gets its
 * descriptor: it needs no name. */
int dgram_socket_bind_any(dgram_socket_t* socket, int family);
int dgram_socket_connect(dgram_socket_t* socket, const dgram_address_t* peer);
int dgram_socket_disconnect(dgram_socket_t* socket);
int dgram_socket_name(const dgram_socket_t* socket, dgram_address_t* out);
int dgram_socket_peer(const dgram_socket_t* socket, dgram_address_t* out);

/* -- reading, send queue, reference to the loop -- */

int dgram_socket_start(dgram_socket_t* socket);

/* No datagram is read or delivered until dgram_socket_start(). The rest of a
 * batch that is being delivered is held, see held.h; without memory for that it
 * is still delivered. */
int dgram_socket_stop(dgram_socket_t* socket);

/* `bytes`: if this many are in the send queue, `need_drain` is set until the
 * queue is empty; then env->drained() is called. */
int dgram_socket_set_send_mark(dgram_socket_t* socket, uint32_t bytes);
#define DGRAM_SEND_MARK 65536u
size_t dgram_socket_queue_size(const dgram_socket_t* socket);
size_t dgram_socket_queue_count(const dgram_socket_t* socket);

void dgram_socket_ref(dgram_socket_t* socket);
void dgram_socket_unref(dgram_socket_t* socket);
bool dgram_socket_has_ref(const dgram_socket_t* socket);

/* -- options: socket_options.c -- */

int dgram_socket_set_broadcast(dgram_socket_t* socket, int on);
int dgram_socket_set_ttl(dgram_socket_t* socket, int ttl);
int dgram_socket_set_multicast_ttl(dgram_socket_t* socket, int ttl);
int dgram_socket_set_multicast_loop(dgram_socket_t* socket, int on);
int dgram_socket_set_multicast_interface(dgram_socket_t* socket,
                                         const char* interface_address);
/* `interface_address` NULL: the system selects the interface. */
int dgram_socket_set_membership(dgram_socket_t* socket,
                                const char* group,
                                const char* interface_address,
                                uv_membership membership);
int dgram_socket_set_source_membership(dgram_socket_t* socket,
                                       const char* group,
                                       const char* interface_address,
                                       const char* source,
                                       uv_membership membership);
/* `name`: of an interface; "" for all interfaces that are up and multicast (to
 * leave: all), and NULL for `interface_index`. Binds an unbound socket, as
 * dgram_socket_set_membership() does, but to its own family (`ip6`): a socket
 * of IPv6 can join groups of both. */
typedef struct {
  const dgram_address_t* group;
  const dgram_address_t* source; /* NULL: any source */
  const char* name;
  uint32_t interface_index;
  bool join;
  bool ip6;
} dgram_membership_t;
int dgram_socket_set_group(dgram_socket_t* socket,
                           const dgram_membership_t* membership);

int dgram_socket_set_tos(dgram_socket_t* socket, int tos);
int dgram_socket_get_tos(dgram_socket_t* socket);
int dgram_socket_set_fragment(dgram_socket_t* socket, int mode);
int dgram_socket_set_pacing_rate(dgram_socket_t* socket, uint64_t rate);
/* Returns bytes; UV_ENOTCONN if the socket is not connected. */
int dgram_socket_get_mtu(dgram_socket_t* socket);

/* The name of an interface; see dgram_platform_interface_name(). */
int dgram_socket_interface_name(const dgram_socket_t* socket,
                                uint32_t index,
                                char* out,
                                size_t size);

/* Reads the buffer size if `*size` is 0, and otherwise sets it. Out: the size
 * that the kernel reports. */
int dgram_socket_recv_buffer(dgram_socket_t* socket, int* size);
int dgram_socket_send_buffer(dgram_socket_t* socket, int* size);

/* -- for transports -- */

/* How many datagrams may be read before they are delivered. One for a shared
 * descriptor: if a listener closes the socket, undelivered datagrams must stay
 * in the kernel for the other readers. (Datagrams that were read before it was
 * shared are lost with the socket.) */
uint32_t dgram_socket_read_max(const dgram_socket_t* socket);

/* Closes the uv_udp_t; see close() of dgram_transport_t. */
void dgram_socket_release(dgram_socket_t* socket);

#endif
