/* The environment: the state of one thread (the main thread or a worker). It
 * owns the tables of sockets, destinations and send settings, and the receive
 * memory.
 * None of these belongs to a socket, so that 10,000 idle sockets fit. It does
 * not use Node-API: addon/ provides the functions that call JavaScript.
 *
 * Rule P, on pointers, kept in every file of src/: a pointer into a table
 * (sockets, send batches, destinations), to a socket, or into memory that
 * JavaScript owns is valid only until JavaScript may run. JavaScript runs in
 * deliver(), complete(), drained(), icmp(), congestion() and closed(), and in
 * most calls of Node-API: converting an argument calls valueOf(), and reading
 * or setting a property may call accessors and proxies. It may close sockets,
 * open others, run the event loop, and detach memory. Therefore:
 *  - a method converts its arguments first and looks up its socket last;
 *  - results are copied out of the socket first and stored in objects last.
 *    Objects created in C get own properties, so that no setter runs;
 *  - a caller of deliver(), complete() or icmp() holds the socket with
 *    dgram_socket_use() during the call, and checks `closing` afterwards. */
#ifndef DGRAM_ENV_H
#define DGRAM_ENV_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "core/batch.h"
#include "core/congestion.h"
#include "core/delivery.h"
#include "core/destinations.h"
#include "core/icmp_error.h"
#include "core/inbox.h"
#include "core/iteration.h"
#include "core/send_settings.h"
#include "core/sources.h"
#include "core/stats.h"
#include "core/types.h"
#include "core/unix_path.h"

/* Features to use where the platform has them. The first three are on by
 * default. */
typedef struct {
  bool gso;       /* GSO sends */
  bool gro;       /* GRO receives */
  bool busy_poll; /* busy_poll.h */
  bool keep_heap; /* dgram_platform_keep_heap() */
} dgram_settings_t;

/* Sockets that may wait for dgram_env_before_poll() at a time. */
#define DGRAM_STARTING_MAX 32u

struct dgram_env_s {
  uv_loop_t* loop;
  const dgram_transport_t* transport;
  dgram_settings_t settings; /* final when the first socket is created */
  bool queue_always;         /* node --test-udp-no-try-send */
  bool closing;              /* dgram_env_close() was called */

  /* Sockets by index. Indexes are reused; the table does not shrink. */
  dgram_socket_t** sockets;
  uint32_t sockets_size;
  uint32_t sockets_open;        /* includes those whose handles are closing */
  uint32_t handles_open;        /* uv_udp_t handles, also of replaced sockets */
  uint32_t free_index;          /* no lower index is free */
  dgram_socket_t* pending_free; /* closed, to be freed later */
  uint32_t starting[DGRAM_STARTING_MAX]; /* ids for dgram_env_before_poll() */
  uint32_t starting_count;

  /* Counters since the environment was created. */
  uint64_t created;           /* sockets */
  uint64_t sent;              /* datagrams that the kernel accepted */
  uint64_t received;          /* datagrams, also those in GRO buffers */
  dgram_stats_t closed_stats; /* the sum of closed sockets */

  dgram_destinations_t destinations;
  dgram_send_settings_table_t send_settings;
  dgram_sources_t sources; /* remote addresses that JavaScript has as text */
  dgram_sources_t local_addresses;   /* the same for those of receive_info.h */
  dgram_path_sources_t path_sources; /* the same for those of Unix sockets */

  dgram_inbox_t inboxes[DGRAM_INBOXES];
  uint32_t inboxes_count; /* used so far, from the first on */
  dgram_inbox_t* inbox;   /* the one acquired last */
  bool read_deferred;     /* sockets wait for a free inbox */
  dgram_held_t* held;     /* of sockets that stopped, or NULL: held.h */

  /* Active while a batch is paused, a read is deferred, or held datagrams can
   * be delivered; see delivery.h.
   * Created when it is first needed. */
  uv_idle_t* resume_handle;

  /* -- functions of addon/ -- */

  /* Sets the pointers of an inbox, whose memory JavaScript owns. Allocates new
   * memory if JavaScript has detached it. Returns false if there is none. Does
   * not run JavaScript. */
  bool (*acquire)(dgram_env_t* env, dgram_inbox_t* inbox);

  /* Passes the datagrams of an inbox to JavaScript, starting at its cursor.
   * When it returns, the socket may have changed or be closed, but its memory
   * is still valid. */
  dgram_delivery_t (*deliver)(dgram_inbox_t* inbox,
                              dgram_iteration_t* iteration);

  /* Completes a datagram that was DGRAM_QUEUED. With ticket 0 it is counted,
   * and JavaScript is not called. `status`: 0 or a UV_ code. */
  void (*complete)(dgram_socket_t* socket,
                   uint32_t ticket,
                   int status,
                   size_t length);

  /* The handles of the socket are closed. Called once; the socket is freed when
   * it is no longer in use. */
  void (*closed)(dgram_socket_t* socket);

  /* The send queue of a socket with need_drain has become empty. May be NULL.
   * When it returns, the memory of the socket is still valid. */
  void (*drained)(dgram_socket_t* socket);

  /* The kernel has dropped `count` datagrams since the last call. May be NULL.
   */
  void (*dropped)(dgram_socket_t* socket, uint64_t count);

  /* A datagram of a socket with `icmp_errors` has caused an ICMP error. May be
   * NULL. When it returns, the memory of the socket is still valid. */
  void (*icmp)(dgram_socket_t* socket, const dgram_icmp_error_t* error);

  /* A Unix socket can send no more, or again; see dgram_congestion_t. May be
   * NULL. When it returns, the memory of the socket is still valid. */
  void (*congestion)(dgram_socket_t* socket, dgram_congestion_t event);

  /* `closing` is set and the last handle is closed. */
  void (*idle)(dgram_env_t* env);

  void* data; /* owned by addon/ */
};

void dgram_env_init(dgram_env_t* env, uv_loop_t* loop);

/* Closes all sockets and, when they are closed, calls idle(). */
void dgram_env_close(dgram_env_t* env);

/* Calls idle() if the environment is closing and no handle is open. */
void dgram_env_check_idle(dgram_env_t* env);

/* Frees the tables. No socket may be open. */
void dgram_env_free(dgram_env_t* env);

/* The open or closing socket with this id, or NULL. */
dgram_socket_t* dgram_env_socket(const dgram_env_t* env, uint32_t id);

/* Has the transport's before_poll() called for a socket before the event loop
 * polls next. Returns false if too many sockets wait for that already. */
bool dgram_env_add_starting(dgram_env_t* env, const dgram_socket_t* socket);
void dgram_env_remove_starting(dgram_env_t* env, const dgram_socket_t* socket);

/* Called between the callbacks of the event loop and its poll. Runs JavaScript
 * if a socket fails. */
void dgram_env_before_poll(dgram_env_t* env);

/* -- for socket.c -- */

/* Adds `socket` to the table and gives it an id: its index in the low bits and
 * a serial number above. A descriptor left over from a closed socket therefore
 * does not reach the next one with the same index, until the number repeats
 * after 2,047 sockets. An id is below 2^31, a small integer for V8. Returns 0
 * or UV_ENOMEM. */
int dgram_env_add_socket(dgram_env_t* env, dgram_socket_t* socket);
void dgram_env_remove_socket(dgram_env_t* env, dgram_socket_t* socket);

/* Gives the id of `socket`, and its place in the table, to `successor`. */
void dgram_env_replace_socket(dgram_env_t* env,
                              const dgram_socket_t* socket,
                              dgram_socket_t* successor);

/* A uv_udp_t is closed. Calls idle() after the last one. */
void dgram_env_handle_closed(dgram_env_t* env);

#endif
