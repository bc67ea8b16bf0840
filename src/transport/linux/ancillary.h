/* Ancillary data of UDP on Linux: the control message with the segment size of
 * a segment group that is sent (UDP_SEGMENT); those with the segment size of a
 * GRO buffer that is received (UDP_GRO) and with what has come with it. */
#ifndef DGRAM_ANCILLARY_H
#define DGRAM_ANCILLARY_H

#include <netinet/udp.h>
#include <stdint.h>
#include <sys/socket.h>

#include "core/receive_info.h"

/* Since Linux 4.18 and 5.0; the C library may be older. */
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

/* Bytes that dgram_ancillary_put_segment() writes. */
#define DGRAM_ANCILLARY_SEGMENT_SIZE CMSG_SPACE(sizeof(uint16_t))

/* Room for the ancillary data of a received message, in bytes. What is read
 * here takes 144. Another owner of the descriptor may ask for more, and IPv6
 * extension headers have any length. The kernel appends in this order: options
 * of SOL_SOCKET (224 bytes if all are set, Linux 6.18), UDP_GRO, packet
 * info, TTL, TOS, the others. So the others are cut off first. */
#define DGRAM_ANCILLARY_RECV_SIZE 256

/* Makes the kernel split the message every `segment` bytes. `control` has
 * DGRAM_ANCILLARY_SEGMENT_SIZE bytes, aligned for a struct cmsghdr. */
void dgram_ancillary_put_segment(struct msghdr* header,
                                 char* control,
                                 uint16_t segment);

/* The size of one datagram of the `length` bytes received with `header`, or
 * `length` if they are not a GRO buffer. Truncated or malformed ancillary data
 * is read as far as it is valid. */
uint32_t dgram_ancillary_get_segment(const struct msghdr* header,
                                     uint32_t length);

/* Reads what has come with a message. Missing, truncated or malformed control
 * messages leave their bits of `present` unset. */
void dgram_ancillary_get_info(const struct msghdr* header,
                              dgram_receive_info_t* out);

#endif
