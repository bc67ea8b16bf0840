/* Segment groups: consecutive datagrams that one GSO send (UDP_SEGMENT) can
 * carry. On the wire they are still separate datagrams. */
#ifndef DGRAM_SEGMENT_GROUP_H
#define DGRAM_SEGMENT_GROUP_H

#include <stdint.h>

#include "core/batch.h"

/* UDP_MAX_SEGMENTS of older kernels. Newer ones accept 128. */
#define DGRAM_SEGMENT_GROUP_SEGMENTS 64u

/* Segments of 1 or 2 bytes fail beyond 16 segments on some kernels. */
#define DGRAM_SEGMENT_GROUP_SEGMENT_MIN 3u

/* Maximum size of a group in bytes: the kernel builds it as one datagram of
 * that family. */
#define DGRAM_SEGMENT_GROUP_BYTES_IP4 65507u
#define DGRAM_SEGMENT_GROUP_BYTES_IP6 65527u

/* How many of the `count` (at least 1) datagrams form a group, from the first
 * on. Returns 1 for a datagram that is sent alone. The datagrams of a group
 *  - have the same destination and the same settings;
 *  - have the same size, except for the last, which may be shorter but not
 *    empty;
 *  - have contiguous payloads;
 *  - have at most `segment_max` bytes each and `bytes_max` in total. */
uint32_t dgram_segment_group_length(const dgram_send_t* sends,
                                    uint32_t count,
                                    uint32_t segment_max,
                                    uint32_t bytes_max);

#endif
