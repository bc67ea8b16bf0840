/* What comes with a datagram besides its source: the destination address, the
 * interface, TOS, TTL and the time. Only for sockets that ask for it
 * (socket->receive_info); the transport reads it from the ancillary data. */
#ifndef DGRAM_RECEIVE_INFO_H
#define DGRAM_RECEIVE_INFO_H

#include <stdint.h>

#include "core/address.h"
#include "core/batch.h"
#include "core/inbox.h"
#include "core/types.h"

/* Fields whose bit is not set in `present` are zero. */
typedef struct {
  uint32_t present;              /* DGRAM_INFO_* */
  dgram_address_t local_address; /* with port 0 */
  uint32_t interface_index;
  uint8_t tos;
  uint8_t ttl;
  int64_t timestamp; /* in nanoseconds since 1970 */
  uint32_t pid;      /* DGRAM_INFO_CREDENTIALS */
  uint32_t uid;
  uint32_t gid;
} dgram_receive_info_t;

/* Stores `info` for the GRO buffers from index `first` on, those that the last
 * dgram_inbox_append() has added to the acquired inbox. */
void dgram_inbox_set_info(dgram_env_t* env,
                          uint32_t first,
                          const dgram_receive_info_t* info);

/* Reads what was stored for GRO buffer `i`. */
void dgram_inbox_get_info(const dgram_inbox_t* inbox,
                          uint32_t i,
                          dgram_receive_info_t* out);

#endif
