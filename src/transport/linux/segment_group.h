/* Runs: consecutive datagrams that one segmented send (UDP_SEGMENT) can carry.
 * On the wire nothing changes, they are separate datagrams. */
#ifndef DGRAM_SEGMENT_GROUP_H
#define DGRAM_SEGMENT_GROUP_H

#include <stdint.h>

#include "core/batch.h"

/* UDP_MAX_SEGMENTS of older kernels; newer ones take 128. */
#define DGRAM_SEGMENT_GROUP_SEGMENTS 64u

/* Segments of 1 or 2 bytes fail beyond 16 segments on some kernels. */
#define DGRAM_SEGMENT_GROUP_SEGMENT_MIN 3u

/* What a run may hold in bytes: it is built as one datagram of that family. */
#define DGRAM_SEGMENT_GROUP_BYTES_IP4 65507u
#define DGRAM_SEGMENT_GROUP_BYTES_IP6 65527u

/* How many of the `count` (at least 1) datagrams form a run from the first on:
 * one peer, one size (the last may be shorter, not empty), payloads side by
 * side, at most `segment_max` bytes each and `bytes_max` together. Returns 1
 * for a datagram that goes alone. */
uint32_t dgram_segment_group_length(const dgram_send_t* sends,
                                    uint32_t count,
                                    uint32_t segment_max,
                                    uint32_t bytes_max);

#endif
