#include "transport/linux/segment_group.h"

uint32_t dgram_segment_group_length(const dgram_send_t* sends,
                                    uint32_t count,
                                    uint32_t segment_max,
                                    uint32_t bytes_max) {
  const uint32_t segment = sends[0].length;
  uint32_t bytes = segment;
  uint32_t n = 1;

  if (segment < DGRAM_SEGMENT_GROUP_SEGMENT_MIN || segment > segment_max)
    return 1;

  while (n < count && n < DGRAM_SEGMENT_GROUP_SEGMENTS) {
    const dgram_send_t* next = &sends[n];
    if (next->destination != sends[0].destination ||
        next->settings != sends[0].settings || next->length == 0 ||
        next->length > segment || bytes + next->length > bytes_max ||
        next->offset != sends[0].offset + bytes) {
      break;
    }
    bytes += next->length;
    n++;
    if (next->length < segment)
      break; /* a shorter one ends the group */
  }

  return n;
}
