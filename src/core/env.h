/* What one environment (the main thread or a worker) owns: its sockets, the
 * table of destinations, the receive slab. Arenas and slabs belong here and
 * never to a socket, so that ten thousand idle sockets fit. Knows nothing of
 * JavaScript: addon.c fills in the functions that reach it.
 *
 * Rule P, which every file here keeps: no pointer into a table (sockets, send
 * batches, peers), to a socket or into memory of JavaScript's outlives a call
 * that may run JavaScript. That is every call of deliver(), complete() and
 * closed(), and most of Node-API's: it converts an argument with valueOf(), and
 * reads or sets a property through accessors and proxies. JavaScript may close
 * sockets, open others, turn the event loop, detach memory. So
 *  - a method converts its arguments first and looks its socket up last;
 *  - results are copied out of the socket first and put into objects last, and
 *    objects that are made here get properties of their own (no setter runs);
 *  - who calls deliver() or complete() for a socket keeps it in use meanwhile
 *    (dgram_socket_use()), and looks at `closing` afterwards. */
#ifndef DGRAM_ENV_H
#define DGRAM_ENV_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "core/address.h"
#include "core/batch.h"

typedef struct dgram_env_s dgram_env_t;
typedef struct dgram_socket_s dgram_socket_t;
typedef struct dgram_transport_s dgram_transport_t;

/* Receive memory, visible to lib/batch/inbox.js, and the batch in it. The
 * pointers are good from dgram_env_acquire_inbox() until JavaScript runs. */
typedef struct {
  dgram_cursor_t* cursor;
  dgram_recv_t* runs;       /* DGRAM_RECV_GRO_BUFFERS entries */
  dgram_peer_text_t* texts; /* DGRAM_RECV_SLOTS entries */
  uint8_t* recv_buffer;     /* `slots` of DGRAM_RECV_SLOT_SIZE bytes */
  uint32_t slots;
  uint32_t count;         /* runs filled in */
  uint32_t fresh;         /* texts filled in */
  uint32_t split;         /* runs of more datagrams are cut */
  uint32_t run;           /* the cursor, as it was looked at last */
  uint32_t position;      /* the same */
  uint32_t left;          /* datagrams from there on */
  bool waits;             /* the idler goes on with it */
  dgram_socket_t* socket; /* whose batch it is; NULL: it is free */
  uint32_t delivering;    /* calls of deliver() on the stack */
} dgram_inbox_t;

/* One wake-up of a socket: at most DGRAM_WAKE_UP_LEAST datagrams, or those of
 * DGRAM_WAKE_UP_TIME, whichever is more. Timers and other sockets wait no
 * longer then than with libuv, which reads thirty-two. */
typedef struct {
  uint64_t start;     /* uv_hrtime(), or 0: the clock was not looked at yet */
  uint32_t datagrams; /* so many were delivered */
  uint32_t stride;    /* so many until the clock is looked at again */
} dgram_wake_up_t;

#define DGRAM_WAKE_UP_LEAST 32u
#define DGRAM_WAKE_UP_TIME 1000000u /* nanoseconds */

/* What came of dgram_env_deliver(). */
typedef enum {
  DGRAM_DELIVERED,
  DGRAM_DROPPED, /* JavaScript did not see all of it */
  DGRAM_PAUSED,  /* the time is up; the rest comes in the next iteration */
} dgram_delivery_t;

/* What is to be used where it is there; the first three are at first. */
typedef struct {
  bool gso;       /* segmented sends */
  bool gro;       /* merged receives */
  bool busy_poll; /* busy_poll.h */
  bool keep_heap; /* dgram_platform_keep_heap() */
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

  uint64_t created;  /* sockets */
  uint64_t sent;     /* datagrams the kernel took */
  uint64_t received; /* datagrams, those of merged runs included */

  dgram_address_t* peers; /* DGRAM_PEERS_MAX entries, or NULL: not used yet */
  dgram_sources_t sources;
  dgram_inbox_t inboxes[DGRAM_INBOXES];
  dgram_inbox_t* inbox; /* the one that was lent last */
  bool read_deferred;   /* dgram_env_acquire_inbox() had none: sockets wait for
                           one */

  uint32_t inboxes_count;       /* so many were used, from the first on */
  dgram_socket_t* pending_free; /* closed, to be freed later */

  /* Active while a batch is not done: the next iteration, also that of a nested
   * loop, goes on with it. Made with the first such batch. */
  uv_idle_t* idler;

  /* Looks up the memory of an inbox, which belongs to JavaScript, or makes it
   * anew when JavaScript has detached it. Returns false when there is none.
   * Does not run JavaScript. For dgram_env_acquire_inbox(). */
  bool (*acquire)(dgram_env_t* env, dgram_inbox_t* inbox);

  /* Hands the runs of an inbox to JavaScript, from its cursor on; for
   * dgram_env_deliver(). Everything may have happened to the socket when it
   * returns, its closing included, but its memory is still there. */
  dgram_delivery_t (*deliver)(dgram_inbox_t* inbox, dgram_wake_up_t* wake_up);

  /* Completes a send that was DGRAM_QUEUED, also one with ticket 0, which
   * JavaScript does not hear of. `status`: 0 or a UV_ code. For
   * dgram_env_complete(). */
  void (*complete)(dgram_socket_t* socket,
                   uint32_t ticket,
                   int status,
                   size_t length);

  /* The socket's handles are closed. Called once; the socket is freed when it
   * is not in use any more. */
  void (*closed)(dgram_socket_t* socket);

  /* The last socket's handles are closed and `closing` is set. */
  void (*idle)(dgram_env_t* env);
  bool closing;

  void* data; /* addon.c's */
};

void dgram_env_init(dgram_env_t* env, uv_loop_t* loop);

/* Closes the sockets, and then calls idle(). */
void dgram_env_close(dgram_env_t* env);

/* Calls idle() when nothing of an environment that ends is open. */
void dgram_env_check_idle(dgram_env_t* env);

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

/* Sends a send batch: consecutive datagrams of one socket go to its transport
 * together. A descriptor that names no open socket, no filled slot or bytes
 * outside the arena is completed with UV_EBADF or UV_EINVAL: JavaScript wrote
 * it, so it is not trusted. Returns how many were DGRAM_QUEUED. */
uint32_t dgram_env_flush(dgram_env_t* env,
                         dgram_send_t* sends,
                         uint32_t count,
                         const uint8_t* arena,
                         size_t arena_size);

/* Asks for an inbox for `socket`, before each read from the kernel: it is
 * env->inbox then. Returns false when there is none. With env->read_deferred
 * set that is because JavaScript still has a batch of this socket, or batches
 * in all of them: the transport stops polling, and start() is called again when
 * that has changed. Else there is no memory. */
bool dgram_env_acquire_inbox(dgram_env_t* env, dgram_socket_t* socket);

/* Appends a run to the inbox that was lent, or several where it has more than
 * inbox->split datagrams. `source` is NULL only with an error status. The
 * caller has left room (inbox->slots). */
void dgram_env_received(dgram_env_t* env,
                        uint32_t offset,
                        uint32_t length,
                        uint32_t segment,
                        const struct sockaddr* source,
                        int status);

/* How many datagrams JavaScript was given since this was asked last. */
uint32_t dgram_inbox_passed(dgram_inbox_t* inbox);

/* Moves the cursor on by one datagram: the one that it names is lost. */
void dgram_inbox_skip(dgram_inbox_t* inbox);

/* Counts datagrams of a wake-up. Returns true when it has to end. */
bool dgram_wake_up_take(dgram_wake_up_t* wake_up, uint32_t datagrams);

/* How many datagrams may be delivered before the clock is looked at; `waiting`
 * are there. */
uint32_t dgram_wake_up_budget(dgram_wake_up_t* wake_up, uint32_t waiting);

/* True when it may read once more. After more datagrams than libuv reads the
 * next read comes with the next wake-up: more are there by then. */
bool dgram_wake_up_goes_on(const dgram_wake_up_t* wake_up);

/* Reads one more message into the inbox that is being delivered, which is used
 * up. Returns false when there is none. For deliver(), see
 * dgram_transport_t.read_on. */
bool dgram_env_read_on(dgram_inbox_t* inbox);

/* Completes a datagram of `socket`; see `complete`. As with deliver() the
 * socket's memory is still there when it returns. */
void dgram_env_complete(dgram_socket_t* socket,
                        uint32_t ticket,
                        int status,
                        size_t length);

/* Delivers what was received for `socket` since dgram_env_acquire_inbox(),
 * unless that is nothing. */
dgram_delivery_t dgram_env_deliver(dgram_env_t* env,
                                   dgram_socket_t* socket,
                                   dgram_wake_up_t* wake_up);

/* The socket starts or stops to read, or closes: what is put off of its batch
 * waits with it, or is dropped. */
void dgram_env_changed(dgram_env_t* env, dgram_socket_t* socket);

#endif
