/* Inboxes: the memory that datagrams are received into, and the batch in it.
 * JavaScript owns the memory and reads the batch (lib/batch/inbox.js).
 *
 * A transport acquires an inbox before each read, appends the datagrams, and
 * calls dgram_delivery_start() (delivery.h). */
#ifndef DGRAM_INBOX_H
#define DGRAM_INBOX_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "core/address.h"
#include "core/batch.h"
#include "core/types.h"
#include "core/unix_path.h"

/* The addresses of the messages of a batch, by slot of the receive buffer. The
 * tables of the environment may reuse the slots of theirs before the batch is
 * delivered. */
typedef struct {
  dgram_address_t sources[DGRAM_RECV_SLOTS];
  dgram_address_t locals[DGRAM_RECV_SLOTS]; /* for DGRAM_INFO_LOCAL_ADDRESS */
  dgram_path_t paths[DGRAM_RECV_SLOTS];     /* sources that are Unix sockets */
} dgram_inbox_addresses_t;

typedef struct {
  /* Pointers into the memory. Valid from dgram_inbox_acquire() until
   * JavaScript runs. */
  dgram_cursor_t* cursor;
  dgram_recv_t* gro_buffers;        /* DGRAM_RECV_GRO_BUFFERS entries */
  dgram_source_text_t* texts;       /* DGRAM_RECV_SLOTS entries */
  dgram_recv_info_t* infos;         /* DGRAM_RECV_GRO_BUFFERS entries */
  dgram_source_text_t* local_texts; /* DGRAM_RECV_SLOTS entries */
  uint8_t* recv_buffer;             /* `slots` of DGRAM_RECV_SLOT_SIZE bytes */
  uint32_t slots;
  dgram_inbox_addresses_t* addresses; /* allocated with the first batch */

  uint32_t count;       /* entries of `gro_buffers` in use */
  uint32_t texts_count; /* entries of `texts` in use */
  /* Their slots; those of dgram_path_sources_t plus DGRAM_SOURCES_MAX. */
  uint16_t new_sources[DGRAM_RECV_SLOTS];
  uint32_t local_texts_count; /* the same for `local_texts` */
  uint16_t new_locals[DGRAM_RECV_SLOTS];
  dgram_socket_t* reader;  /* dgram_inbox_append() counts for it */
  uint32_t split_size;     /* GRO buffers with more datagrams are split */
  uint32_t gro_buffer;     /* copy of the cursor, when it was last read */
  uint32_t position;       /* the same */
  uint32_t datagrams_left; /* datagrams from that position on */
  uint32_t uncounted;      /* delivered before dgram_inbox_skip_rest() */
  uint32_t held;           /* skipped by dgram_inbox_skip_rest() */

  dgram_socket_t* socket; /* owner of the batch; NULL: the inbox is free */
  bool resumable;         /* the next iteration continues the batch */
  uint32_t deliver_depth; /* calls of deliver() on the stack */
} dgram_inbox_t;

/* Acquires an inbox for `socket`, as env->inbox. Called before each read from
 * the kernel. Returns false if there is none. If env->read_deferred is then
 * set, JavaScript still has a batch of this socket, or batches in all inboxes:
 * the transport stops polling, and its start() is called when an inbox is
 * available. Otherwise there is no memory. */
bool dgram_inbox_acquire(dgram_env_t* env, dgram_socket_t* socket);

/* Appends a GRO buffer (or a single datagram) to the acquired inbox. It is
 * split if it has more than inbox->split_size datagrams. `source` is NULL only
 * with an error status. The caller appends at most inbox->slots of them, and
 * each is in a slot of its own. */
void dgram_inbox_append(dgram_env_t* env,
                        uint32_t offset,
                        uint32_t length,
                        uint32_t segment,
                        const struct sockaddr* source,
                        int status);

/* The same for one that is counted separately. `status`: also DGRAM_EMITTED. */
void dgram_inbox_append_counted(dgram_env_t* env,
                                uint32_t offset,
                                uint32_t length,
                                uint32_t segment,
                                const struct sockaddr* source,
                                int status);

/* The same two for a single datagram of a Unix socket. */
void dgram_inbox_append_from_path(dgram_env_t* env,
                                  uint32_t offset,
                                  uint32_t length,
                                  const dgram_path_t* source);
void dgram_inbox_append_from_path_counted(dgram_env_t* env,
                                          uint32_t offset,
                                          uint32_t length,
                                          const dgram_path_t* source,
                                          int status);

/* Counts `length` bytes, in datagrams of `segment`, as received by the reader
 * of the acquired inbox. `is_run`: they are a whole GRO buffer, as the kernel
 * has merged it. */
void dgram_inbox_count_received(dgram_env_t* env,
                                uint32_t length,
                                uint32_t segment,
                                bool is_run);

/* How many datagrams JavaScript has taken since the last call. */
uint32_t dgram_inbox_count_delivered(dgram_inbox_t* inbox);

/* JavaScript may not have read the texts: the sources and local addresses are
 * new again. */
void dgram_inbox_forget_sources(dgram_env_t* env, const dgram_inbox_t* inbox);

/* Advances the cursor by one datagram, which is lost. */
void dgram_inbox_skip(dgram_inbox_t* inbox);

/* Advances the cursor to the end: held.c has the rest. It does not count as
 * delivered. */
void dgram_inbox_skip_rest(dgram_inbox_t* inbox);

/* Frees the memory of all inboxes that JavaScript does not own. */
void dgram_inbox_free_addresses(dgram_env_t* env);

/* -- for delivery.c -- */

/* Empties the inbox. */
void dgram_inbox_reset(dgram_inbox_t* inbox);

/* Sets the cursor to the first datagram of the batch. */
void dgram_inbox_rewind(dgram_inbox_t* inbox);

/* True if the cursor has not reached the end of the batch. */
bool dgram_inbox_has_more(dgram_env_t* env, dgram_inbox_t* inbox);

#endif
