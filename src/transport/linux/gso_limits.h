/* Limits learnt from failed GSO sends (S2 in linux.h): the largest segment that
 * works on the path to a destination. A limit expires, because paths change. */
#ifndef DGRAM_GSO_LIMITS_H
#define DGRAM_GSO_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/address.h"
#include "transport/linux/linux.h"
#include "transport/linux/segment_group.h"

/* The largest segment without a limit. The path MTU is not known beforehand; a
 * failed send reveals it. */
#define DGRAM_GSO_SEGMENT_MAX DGRAM_SEGMENT_GROUP_BYTES_IP4

typedef struct {
  dgram_address_t peer;
  uint32_t connection;     /* of a connected socket; 0: the limit is `peer`'s */
  uint32_t segment_max;    /* 0: no GSO */
  uint32_t datagrams_left; /* until it expires; 0: a free entry */
} dgram_gso_limit_t;

/* The change made by the last failed GSO send. Starts zeroed. */
typedef struct {
  uint32_t position;        /* of the first datagram of its segment group */
  int code;                 /* 0: none has failed */
  dgram_gso_limit_t* limit; /* NULL: no memory, GSO was switched off */
  dgram_gso_limit_t before;
} dgram_gso_change_t;

/* How many datagrams from `position` on form a segment group under the limit of
 * their destination. Requires self->gso_limits. */
uint32_t dgram_gso_limits_length(const linux_socket_t* self,
                                 const linux_batch_t* batch,
                                 uint32_t position);

/* Lowers the limit after the segment group at `position` failed with `code`.
 * Returns true if its datagrams have to be sent again one at a time, and false
 * if the error has another cause. */
bool dgram_gso_limits_learn(linux_socket_t* self,
                            const linux_batch_t* batch,
                            uint32_t position,
                            int code,
                            dgram_gso_change_t* change);

/* Called when the datagram at `position` failed alone. Undoes the change if it
 * is the first datagram of the failed group, with the same error: GSO was not
 * the cause. */
void dgram_gso_limits_undo(linux_socket_t* self,
                           uint32_t position,
                           int code,
                           const dgram_gso_change_t* change);

#endif
