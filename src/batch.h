/* Layout of the memory shared with lib/outbox.js and lib/inbox.js.
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
  uint32_t offset; /* of the payload in the lane's arena, in bytes */
  uint32_t length; /* of the payload, in bytes */
  uint32_t ticket; /* names the send in a late completion; 0: not wanted */
  int32_t status;  /* out: bytes sent, a negative UV_ code, DGRAM_QUEUED */
} dgram_send_t;

/* The kernel would have blocked: the transport copied the datagram, keeps it,
 * and completes its ticket later. Neither a length nor a UV_ code. */
#define DGRAM_QUEUED INT32_MIN

/* How far a lane has come; behind its descriptors. */
typedef struct {
  /* Descriptors that have not left. JavaScript counts them as the last step of
   * an append. Once C has sent them it is DGRAM_LANE_SENT | their number, until
   * JavaScript has taken their statuses and writes 0. */
  uint32_t waiting;
  uint32_t owed; /* JavaScript has callbacks to call; else 0 */
} dgram_lane_state_t;

/* Above any number of descriptors. */
#define DGRAM_LANE_SENT 0x10000u

/* Datagrams that came in together from one peer: `length` bytes that are cut
 * every `segment` bytes (the last one may be shorter). A plain datagram has
 * segment == length; an empty one has both 0. C writes all fields. */
typedef struct {
  uint32_t offset;  /* in the slab, in bytes */
  uint32_t length;  /* of all segments, in bytes */
  uint32_t segment; /* of one datagram, in bytes */
  uint32_t peer;    /* slot in lib/inbox.js's table of peers */
  uint32_t fresh;   /* 0: that slot is as it was; n: texts[n - 1] fills it */
  int32_t status;   /* 0, or a negative UV_ code and nothing was received */
} dgram_recv_t;

/* What lib/inbox.js needs to know of a peer that is new in its slot. */
typedef struct {
  uint32_t family; /* 4 or 6 */
  uint32_t port;   /* host byte order */
  uint32_t length; /* of text, in bytes; 0: `error` tells why */
  int32_t error;   /* 0, or the UV_ code of uv_if_indextoiid() */
  char text[64];   /* numeric address, zone included, not terminated */
} dgram_peer_text_t;

/* A lane holds the sends of one tick. Half a thousand datagrams and 256 KiB
 * keep a flush within the second-level cache. */
#define DGRAM_LANE_SENDS 512
#define DGRAM_LANE_ARENA (256u * 1024u)

/* Of its descriptors and state, in bytes. */
#define DGRAM_LANE_SIZE                                                        \
  (DGRAM_LANE_SENDS * sizeof(dgram_send_t) + sizeof(dgram_lane_state_t))

/* No datagram is longer than this, whatever the family (RFC 768; the field
 * is 16 bits). lib/outbox.js copies at most one byte more, so that the kernel
 * still answers EMSGSIZE. */
#define DGRAM_DATAGRAM_MAX 65535u

/* One receive slab per environment. 64 KiB a slot: merged runs (UDP_GRO) are
 * truncated by anything smaller. */
#define DGRAM_RECV_SLOTS 32
#define DGRAM_RECV_SLOT_SIZE 65536u
#define DGRAM_RECV_SLAB (DGRAM_RECV_SLOTS * DGRAM_RECV_SLOT_SIZE)

/* Destinations that JavaScript may have parsed at one time. Slot 0 stays
 * free: it means the connected peer. */
#define DGRAM_PEERS_MAX 4096

/* Sockets of one environment; a power of two. The lower bits of a socket's id,
 * so many as count to this, are its index. */
#define DGRAM_SOCKETS_MAX (1u << 20)

/* Sources whose text JavaScript remembers; a power of two. */
#define DGRAM_SOURCES_MAX 1024

#endif
