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

/* Milliseconds between two checks of one socket that receives. */
#define DGRAM_DROPS_INTERVAL 250u

/* Adds `more` to `sum`. The counters of closed sockets are in
 * env->closed_stats. */
void dgram_stats_add(dgram_stats_t* sum, const dgram_stats_t* more);

/* Updates stats.kernel_drops. Returns false if the kernel does not tell. */
bool dgram_stats_read_drops(dgram_socket_t* socket);

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
