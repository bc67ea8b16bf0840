/* Layout of the memory shared with lib/batch/outbox.js and lib/batch/inbox.js.
 *
 * This is the one definition: addon.c exports the numbers below as
 * `binding.layout`, the JavaScript side reads them from there, and
 * test/native/layout.test.js holds them against the structs. Every field is
 * a 32-bit word, so that one Uint32Array (or Int32Array) sees them all.
 */
#ifndef DGRAM_BATCH_H
#define DGRAM_BATCH_H

#include <stdint.h>

/* A datagram going out. JavaScript writes all but `status`. */
typedef struct {
  uint32_t socket; /* id of the sending socket */
  uint32_t peer;   /* slot in the table of peers; 0: the connected peer */
  uint32_t offset; /* of the payload in the send batch's arena, in bytes */
  uint32_t length; /* of the payload, in bytes */
  uint32_t ticket; /* names the send in a late completion; 0: not wanted */
  int32_t status;  /* out: bytes sent, a negative UV_ code, DGRAM_QUEUED */
} dgram_send_t;

/* The kernel would have blocked: the transport copied the datagram, keeps it,
 * and completes its ticket later. Neither a length nor a UV_ code. */
#define DGRAM_QUEUED INT32_MIN

/* How far a send batch has come; behind its descriptors. */
typedef struct {
  /* Descriptors that have not left. JavaScript counts them as the last step of
   * an append. Once C has sent them it is DGRAM_BATCH_SENT | their number,
   * until JavaScript has taken their statuses and writes 0. */
  uint32_t waiting;
  uint32_t owed; /* JavaScript has callbacks to call; else 0 */
} dgram_batch_state_t;

/* Above any number of descriptors. */
#define DGRAM_BATCH_SENT 0x10000u

/* Datagrams that came in together from one peer: `length` bytes that are cut
 * every `segment` bytes (the last one may be shorter). A plain datagram has
 * segment == length; an empty one has both 0. C writes all fields. */
typedef struct {
  uint32_t offset;  /* in the slab, in bytes */
  uint32_t length;  /* of all segments, in bytes */
  uint32_t segment; /* of one datagram, in bytes */
  uint32_t peer;    /* slot in lib/batch/inbox.js's table of peers */
  uint32_t fresh;   /* 0: that slot is as it was; n: texts[n - 1] fills it */
  int32_t status;   /* 0, or a negative UV_ code and nothing was received */
} dgram_recv_t;

/* What lib/batch/inbox.js needs to know of a peer that is new in its slot. */
typedef struct {
  uint32_t family; /* 4 or 6 */
  uint32_t port;   /* host byte order */
  uint32_t length; /* of text, in bytes; 0: `error` tells why */
  int32_t error;   /* 0, or the UV_ code of uv_if_indextoiid() */
  char text[64];   /* numeric address, zone included, not terminated */
} dgram_peer_text_t;

/* A send batch holds the sends of one tick. Half a thousand datagrams and 256
 * KiB keep a flush within the second-level cache. */
#define DGRAM_BATCH_SENDS 512
#define DGRAM_BATCH_ARENA (256u * 1024u)

/* Of its descriptors and state, in bytes. */
#define DGRAM_BATCH_SIZE                                                       \
  (DGRAM_BATCH_SENDS * sizeof(dgram_send_t) + sizeof(dgram_batch_state_t))

/* No datagram is longer than this, whatever the family (RFC 768; the field
 * is 16 bits). lib/batch/outbox.js copies at most one byte more, so that the
 * kernel still answers EMSGSIZE. */
#define DGRAM_DATAGRAM_MAX 65535u

/* How far JavaScript is with a batch. It moves `run` and `position` on before
 * it hands out a datagram, so that whatever happens then (a throw, the end of
 * all JavaScript, a nested event loop) both sides know where to go on. */
typedef struct {
  uint32_t run;      /* of the next datagram */
  uint32_t position; /* of the next datagram in that run, in bytes */
  uint32_t count;    /* C: runs of the batch */
  uint32_t budget;   /* C: datagrams to deliver before the clock is looked at */
  uint32_t block;    /* C: datagrams of one 'batch', about */
  uint32_t steps;    /* JavaScript: 0 until it has read the texts; counts that
                        and each block */
} dgram_cursor_t;

/* Messages of one read. 64 KiB a slot: merged runs (UDP_GRO) are truncated by
 * anything smaller. */
#define DGRAM_RECV_SLOTS 32
#define DGRAM_RECV_SLOT_SIZE 65536u
#define DGRAM_RECV_BUFFER_SIZE (DGRAM_RECV_SLOTS * DGRAM_RECV_SLOT_SIZE)

/* A long run may be cut into several, see dgram_env_received(). */
#define DGRAM_RECV_GRO_BUFFERS 128

/* Receive memory starts with this; the slab is DGRAM_INBOX_RECV_BUFFER bytes
 * behind its start. */
typedef struct {
  dgram_cursor_t cursor;
  dgram_recv_t runs[DGRAM_RECV_GRO_BUFFERS];
  dgram_peer_text_t texts[DGRAM_RECV_SLOTS];
} dgram_inbox_head_t;

#define DGRAM_INBOX_RECV_BUFFER 8192u

/* An environment has so many of them at most. The first is the one of all
 * batches, as a rule. Another is made where a batch is put off, and where
 * JavaScript turns the event loop in the middle of one; it has fewer slots. */
#define DGRAM_INBOXES 64
#define DGRAM_SPARE_SLOTS 8u

/* Destinations that JavaScript may have parsed at one time. Slot 0 stays
 * free: it means the connected peer. */
#define DGRAM_PEERS_MAX 4096

/* Sockets of one environment; a power of two. The lower bits of a socket's id,
 * so many as count to this, are its index. */
#define DGRAM_SOCKETS_MAX (1u << 20)

/* Sources whose text JavaScript remembers; a power of two. */
#define DGRAM_SOURCES_MAX 1024

#endif
