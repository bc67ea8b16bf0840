/* What one environment (the main thread or a worker) owns: its sockets, the
 * table of destinations, the receive slab. Arenas and slabs belong here and
 * never to a socket, so that ten thousand idle sockets fit. Knows nothing of
 * JavaScript: addon.c fills in the functions that reach it.
 *
 * Rule P, which every file here keeps: no pointer into a table (sockets, lanes,
 * peers), to a socket or into memory of JavaScript's outlives a call that may
 * run JavaScript. That is every call of deliver(), complete() and closed(), and
 * most of Node-API's: it converts an argument with valueOf(), and reads or sets
 * a property through accessors and proxies. JavaScript may close sockets, open
 * others, turn the event loop, detach memory. So
 *  - a method converts its arguments first and looks its socket up last;
 *  - results are copied out of the socket first and put into objects last, and
 *    objects that are made here get properties of their own (no setter runs);
 *  - who calls deliver() or complete() for a socket keeps it in use meanwhile
 *    (dgram_env_in_use()), and looks at `closing` afterwards. */
#ifndef DGRAM_ENV_H
#define DGRAM_ENV_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "address.h"
#include "batch.h"

typedef struct dgram_env_s dgram_env_t;
typedef struct dgram_socket_s dgram_socket_t;
typedef struct dgram_transport_s dgram_transport_t;

/* The receive memory, visible to lib/inbox.js. The pointers are good from
 * dgram_env_lend() until JavaScript runs. */
typedef struct {
  uint8_t* slab;            /* DGRAM_RECV_SLAB bytes */
  dgram_recv_t* runs;       /* DGRAM_RECV_SLOTS entries */
  dgram_peer_text_t* texts; /* DGRAM_RECV_SLOTS entries */
  uint32_t count;           /* runs filled in */
  uint32_t fresh;           /* texts filled in */
  bool busy;                /* JavaScript is still reading the batch */
  bool starved;             /* dgram_env_lend() said no because of `busy` */
} dgram_inbox_t;

/* What is not to be used although it is there; all true at first. */
typedef struct {
  bool gso;    /* segmented sends */
  bool gro;    /* merged receives */
  bool linger; /* linger.h */
} dgram_settings_t;

struct dgram_env_s {
  uv_loop_t* loop;
  const dgram_transport_t* transport;
  dgram_settings_t settings; /* final when the first socket is made */
  bool queue_always;         /* node --test-udp-no-try-send */

  /* Sockets by index. Indexes are reused, so a table of 10,000 stays that
   * long. */
  dgram_socket_t** sockets;
  uint32_t sockets_size;
  uint32_t sockets_open; /* also counts those whose handles still close */
  uint32_t handles_open; /* uv_udp_t's, those of replaced sockets included */
  uint32_t free_index;   /* none below is free */

  uint32_t completing; /* calls of complete() that have not returned */

  uint64_t created;  /* sockets */
  uint64_t sent;     /* datagrams the kernel took */
  uint64_t received; /* datagrams, those of merged runs included */

  dgram_address_t* peers; /* DGRAM_PEERS_MAX entries, or NULL: not used yet */
  dgram_sources_t sources;
  dgram_inbox_t inbox;

  /* Looks up the inbox's memory, which belongs to JavaScript. Returns false
   * when it is gone: JavaScript has detached it. For dgram_env_lend(). */
  bool (*lend)(dgram_env_t* env);

  /* Hands inbox.count runs of `socket` to JavaScript; for
   * dgram_env_deliver(). Everything may have happened to the socket when it
   * returns, its closing included, but its memory is still there: whoever sees
   * to closed() waits with that while dgram_env_in_use(). Returns false when
   * JavaScript did not see the whole batch. */
  bool (*deliver)(dgram_socket_t* socket);

  /* Completes a send that was DGRAM_QUEUED, also one with ticket 0, which
   * JavaScript does not hear of. `status`: 0 or a UV_ code. For
   * dgram_env_complete(). */
  void (*complete)(dgram_socket_t* socket,
                   uint32_t ticket,
                   int status,
                   size_t length);

  /* The socket's handles are closed: it may be freed. Called once. */
  void (*closed)(dgram_socket_t* socket);

  /* The last socket's handles are closed and `closing` is set. */
  void (*idle)(dgram_env_t* env);
  bool closing;

  void* data; /* addon.c's */
};

void dgram_env_init(dgram_env_t* env, uv_loop_t* loop);

/* Frees the tables. No socket may be open. */
void dgram_env_free(dgram_env_t* env);

/* Gives `socket` an id: its index, and above it a number that changes with
 * every socket, so that a descriptor left over from a closed one does not
 * reach its successor (the number repeats after 2,047 sockets). Less than
 * 2^31, a small integer for V8. Returns 0 or UV_ENOMEM. */
int dgram_env_add(dgram_env_t* env, dgram_socket_t* socket);
void dgram_env_remove(dgram_env_t* env, dgram_socket_t* socket);

/* `fresh` takes the id of `socket`, and its place in the table. */
void dgram_env_replace(dgram_env_t* env,
                       const dgram_socket_t* socket,
                       dgram_socket_t* fresh);

/* A uv_udp_t is closed. Calls `idle` after the last one. */
void dgram_env_leave(dgram_env_t* env);

/* The socket of that id, or NULL. It may be closing. */
dgram_socket_t* dgram_env_socket(const dgram_env_t* env, uint32_t id);

/* Fills a slot of the table of destinations. Returns 0, UV_EINVAL for a bad
 * slot, family or text, or UV_ENOMEM. */
int dgram_env_set_peer(dgram_env_t* env,
                       uint32_t slot,
                       int family,
                       const char* text,
                       uint16_t port);

/* Sends a lane: consecutive datagrams of one socket go to its transport
 * together. A descriptor that names no open socket, no filled slot or bytes
 * outside the arena is completed with UV_EBADF or UV_EINVAL: JavaScript wrote
 * it, so it is not trusted. Returns how many were DGRAM_QUEUED. */
uint32_t dgram_env_flush(dgram_env_t* env,
                         dgram_send_t* sends,
                         uint32_t count,
                         const uint8_t* arena,
                         size_t arena_size);

/* Asks for the inbox, before each read from the kernel. Returns false when it
 * cannot be written to: JavaScript still reads the last batch (the transport
 * stops polling, and is started again when the batch is done) or has thrown
 * the memory away. */
bool dgram_env_lend(dgram_env_t* env);

/* Appends a run to the inbox. `source` is NULL only with an error status.
 * The caller has left room (DGRAM_RECV_SLOTS). */
void dgram_env_received(dgram_env_t* env,
                        uint32_t offset,
                        uint32_t length,
                        uint32_t segment,
                        const struct sockaddr* source,
                        int status);

/* Completes a datagram of `socket`; see `complete`. As with deliver() the
 * socket's memory is still there when it returns. */
void dgram_env_complete(dgram_socket_t* socket,
                        uint32_t ticket,
                        int status,
                        size_t length);

/* JavaScript runs on behalf of some socket, which must not be freed: a
 * listener that turns the event loop itself may have closed it. */
bool dgram_env_in_use(const dgram_env_t* env);

/* Delivers the inbox, unless it is empty, and empties it. */
void dgram_env_deliver(dgram_env_t* env, dgram_socket_t* socket);

#endif
