/* Counters of a socket and of a thread. Transports count calls and datagrams
 * as they go: one addition per call or batch, nothing is read from the kernel.
 * Datagrams that the kernel dropped are read when they are asked for. */
#ifndef DGRAM_STATS_H
#define DGRAM_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/types.h"

/* Since the socket was created. */
typedef struct {
  uint64_t received;       /* datagrams, also those in GRO buffers */
  uint64_t received_bytes; /* their payload */
  uint64_t sent;           /* datagrams that the kernel accepted */
  uint64_t sent_bytes;     /* their payload */
  uint64_t send_errors;    /* datagrams that failed or were cancelled */
  uint64_t receive_calls;  /* system calls, also those that find nothing */
  uint64_t send_calls;     /* system calls */
  uint64_t merged_runs;    /* GRO buffers with more than one datagram */
  uint64_t segmented_runs; /* GSO sends */
  uint64_t kernel_drops;   /* as of the last dgram_stats_read_drops() */
} dgram_stats_t;

/* The counters of one socket, and what they were computed from. */
typedef struct {
  dgram_stats_t stats;
  uint64_t drops_reported; /* part of stats.kernel_drops */
  uint64_t drops_checked;  /* uv_now() of dgram_stats_check_drops() */
  uint32_t drops_seen;     /* the kernel's counter when it was last read */
} dgram_counters_t;

/* Milliseconds between two checks of one socket that receives. */
#define DGRAM_DROPS_INTERVAL 250u

/* For dgram_socket_stats(): allocates the counters if there are none. Returns
 * false if there is no memory, or the socket is closed. */
bool dgram_stats_create(dgram_socket_t* socket);

/* Adds the counters of a socket that is closed to env->closed_stats and frees
 * them. */
void dgram_stats_close(dgram_socket_t* socket);

/* Updates stats.kernel_drops. Returns false if the kernel does not tell, or if
 * there is no memory for counters. */
bool dgram_stats_read_drops(dgram_socket_t* socket);

/* The counters of an open socket. Returns false as dgram_stats_read_drops(),
 * which it calls. */
bool dgram_stats_get(dgram_socket_t* socket, dgram_stats_t* out);

/* What the kernel's counter of drops was when it was last read. */
uint32_t dgram_stats_drops_seen(const dgram_socket_t* socket);
void dgram_stats_set_drops_seen(dgram_socket_t* socket, uint32_t drops);

/* The drops of a descriptor that was passed in happened before. */
void dgram_stats_ignore_drops(dgram_socket_t* socket);

/* Returns how much stats.kernel_drops has grown since the last call. */
uint64_t dgram_stats_take_drops(dgram_socket_t* socket);

/* Called after a batch was delivered: calls env->dropped() if the kernel has
 * dropped datagrams. Runs JavaScript then. */
void dgram_stats_check_drops(dgram_socket_t* socket);

/* The sum of all sockets of the environment, open or closed. Returns false if
 * the kernel does not tell what it drops. */
bool dgram_stats_sum(dgram_env_t* env, dgram_stats_t* out);

#endif
