/* Layout of the memory shared with lib/batch/.
 *
 * This is the only definition. addon/ exports the numbers below as
 * `binding.layout`, JavaScript reads them from there, and
 * test/native/layout.test.js compares them with the structs. Every field is a
 * 32-bit word, so that one Uint32Array (or Int32Array) covers all of them.
 */
#ifndef DGRAM_BATCH_H
#define DGRAM_BATCH_H

#include <stdint.h>

/* -- sending -- */

/* No datagram is longer than this in either family (RFC 768: a 16-bit field).
 * lib/batch/message-writer.js copies at most one byte more, so that the kernel
 * still fails with EMSGSIZE. */
#define DGRAM_DATAGRAM_MAX 65535u

/* Maximum size of an environment's table of destinations, which grows on
 * demand. Slot 0 is not used: it means the connected peer. */
#define DGRAM_DESTINATIONS_MAX 32768u

/* Maximum size of an environment's table of send settings, which grows on
 * demand. Slot 0 is not used: it means none. */
#define DGRAM_SEND_SETTINGS_MAX 4096u

/* Sockets of one environment; a power of two. The low bits of the id of a
 * socket, as many as this number needs, are its index. */
#define DGRAM_SOCKETS_MAX (1u << 20)

/* An outgoing datagram. JavaScript writes all fields except `status`. */
typedef struct {
  uint32_t socket;      /* id of the sending socket */
  uint32_t destination; /* slot in the table of destinations; 0: the connected
                           peer */
  uint32_t settings;    /* slot in the table of send settings; 0: none */
  uint32_t offset; /* of the payload in the arena of the send batch, in bytes */
  uint32_t length; /* of the payload, in bytes */
  uint32_t ticket; /* identifies the completion; 0: not needed */
  int32_t status;  /* out: bytes sent, a negative UV_ code, or DGRAM_QUEUED */
} dgram_send_t;

/* Status of a datagram that would have blocked: the transport has a copy and
 * completes its ticket later. Neither a length nor a UV_ code. */
#define DGRAM_QUEUED INT32_MIN

/* A send batch holds the sends of one tick. With 512 datagrams and 256 KiB a
 * flush stays within the second-level cache. */
#define DGRAM_BATCH_SENDS 512
#define DGRAM_BATCH_ARENA (256u * 1024u)

/* The state of a send batch. It follows the descriptors. */
typedef struct {
  /* Descriptors that are not sent yet. JavaScript counts them as the last step
   * of an append. After sending them, C writes DGRAM_BATCH_SENT | their number.
   * JavaScript writes 0 when it has read their statuses. */
  uint32_t pending;
  uint32_t callbacks_due; /* not 0: JavaScript has callbacks to call */
  /* The first of the pending descriptors: their tick is over, and they wait for
   * the end of a received batch (lib/batch/answers.js). None has a ticket.
   * JavaScript sets it, C resets it after sending them. */
  uint32_t deferred;
} dgram_batch_state_t;

/* Above any number of descriptors. */
#define DGRAM_BATCH_SENT 0x10000u

/* Size of the descriptors and the state, in bytes. */
#define DGRAM_BATCH_SIZE                                                       \
  (DGRAM_BATCH_SENDS * sizeof(dgram_send_t) + sizeof(dgram_batch_state_t))

/* The family of a Unix socket, besides 4 and 6. */
#define DGRAM_FAMILY_UNIX 1u

/* Longest name of a Unix socket in bytes: the size of `sun_path` on Linux. */
#define DGRAM_PATH_MAX 108u

/* -- receiving -- */

/* Messages of one read. A slot has 64 KiB, because a smaller one would truncate
 * a GRO buffer. */
#define DGRAM_RECV_SLOTS 32
#define DGRAM_RECV_SLOT_SIZE 65536u
#define DGRAM_RECV_BUFFER_SIZE (DGRAM_RECV_SLOTS * DGRAM_RECV_SLOT_SIZE)

/* More than the slots: long GRO buffers are split, see dgram_inbox_append(). */
#define DGRAM_RECV_GRO_BUFFERS 128

/* Maximum number of sources whose text JavaScript has cached; a power of two.
 */
#define DGRAM_SOURCES_MAX 32768u

/* The same for the names of Unix sockets; a power of two. */
#define DGRAM_PATH_SOURCES 256u

/* A GRO buffer: datagrams of one source that were received together, `length`
 * bytes in segments of `segment` bytes (the last one may be shorter). A single
 * datagram has segment == length; an empty one has 0 in both. Written by C. */
typedef struct {
  uint32_t offset;   /* in the receive buffer, in bytes */
  uint32_t length;   /* of all segments, in bytes */
  uint32_t segment;  /* of one datagram, in bytes */
  uint32_t source;   /* slot in the table of lib/batch/sources.js */
  uint32_t new_text; /* 0: JavaScript has the source; n: read texts[n - 1] */
  int32_t status;    /* 0, a negative UV_ code and no datagram, or
                        DGRAM_EMITTED */
} dgram_recv_t;

/* Written by JavaScript: listeners of 'batch' have the datagrams, those of
 * 'message' get them next. */
#define DGRAM_EMITTED 1

/* A source that JavaScript has to store in its table. */
typedef struct {
  uint32_t family; /* 4, 6, or DGRAM_FAMILY_UNIX */
  uint32_t port;   /* host byte order */
  uint32_t length; /* of text, in bytes; 0: see `error` */
  int32_t error;   /* 0, or the UV_ code of uv_if_indextoiid() */
  char text[112];  /* numeric address with its zone, or the name of a Unix
                      socket; not terminated */
} dgram_source_text_t;

/* Bits of what a socket asks for, of what has come with a datagram, and of the
 * option `receiveInfo` in lib/socket/receive-info.js. */
#define DGRAM_INFO_LOCAL_ADDRESS 1u
#define DGRAM_INFO_INTERFACE 2u
#define DGRAM_INFO_TOS 4u
#define DGRAM_INFO_TTL 8u
#define DGRAM_INFO_TIMESTAMP 16u
#define DGRAM_INFO_CREDENTIALS 32u /* Unix sockets only */

/* What has come with a GRO buffer, for sockets that ask for it. The kernel
 * merges only datagrams with the same TOS and TTL to the same address. */
typedef struct {
  uint32_t present;       /* DGRAM_INFO_* */
  uint32_t local_address; /* slot in the table of
                             lib/batch/receive-info.js */
  uint32_t new_text;      /* as in dgram_recv_t, in `local_texts` */
  union {
    uint32_t interface_index; /* of the interface that received it */
    uint32_t pid;             /* of the sender, on a Unix socket */
  };
  union {
    uint32_t tos; /* 0 to 255 */
    uint32_t uid;
  };
  union {
    uint32_t ttl; /* 0 to 255 */
    uint32_t gid;
  };
  uint32_t timestamp[2]; /* an int64_t: nanoseconds since 1970, of the first
                            datagram */
} dgram_recv_info_t;

/* The progress of JavaScript within a batch. JavaScript advances `gro_buffer`
 * and `position` before it passes a datagram to a listener. Both sides can
 * therefore continue after a throw, the termination of JavaScript or a nested
 * event loop. */
typedef struct {
  uint32_t gro_buffer; /* GRO buffer of the next datagram */
  uint32_t position;   /* of the next datagram in that GRO buffer, in bytes */
  uint32_t count;      /* written by C: GRO buffers in the batch */
  uint32_t budget;     /* written by C: datagrams until the clock is read */
  uint32_t block;      /* written by C: approximate size of a 'batch' event, in
                          datagrams */
  uint32_t steps;      /* 0 until JavaScript has read the texts; that and each
                          block add 1 */
} dgram_cursor_t;

/* The head of an inbox. */
typedef struct {
  dgram_cursor_t cursor;
  dgram_recv_t gro_buffers[DGRAM_RECV_GRO_BUFFERS];
  dgram_source_text_t texts[DGRAM_RECV_SLOTS];
  /* Written only for sockets that ask for DGRAM_INFO_*. */
  dgram_recv_info_t infos[DGRAM_RECV_GRO_BUFFERS]; /* one per GRO buffer */
  dgram_source_text_t local_texts[DGRAM_RECV_SLOTS];
} dgram_inbox_head_t;

/* Offset of the receive buffer in an inbox, in bytes. */
#define DGRAM_INBOX_RECV_BUFFER 16384u

/* Inboxes of an environment. Usually all batches use the first one. Spare ones
 * are created when a batch is paused, or when JavaScript runs a nested event
 * loop in the middle of a batch. They have fewer slots. */
#define DGRAM_INBOXES 64
#define DGRAM_SPARE_SLOTS 8u

#endif
