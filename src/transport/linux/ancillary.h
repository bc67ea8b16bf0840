/* The control messages of UDP on Linux: the segment size of a run, on its way
 * out (UDP_SEGMENT) and in (UDP_GRO). Linux only, as transport_linux.c is. */
#ifndef DGRAM_ANCILLARY_H
#define DGRAM_ANCILLARY_H

#include <netinet/udp.h>
#include <stdint.h>
#include <sys/socket.h>

/* Since Linux 4.18 and 5.0; the C library may be older. */
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

/* What dgram_ancillary_put_segment() writes. */
#define DGRAM_ANCILLARY_SEGMENT_SIZE CMSG_SPACE(sizeof(uint16_t))

/* Room for the ancillary data of a received message, in bytes. */
#define DGRAM_ANCILLARY_RECV_SIZE 256

/* Tells the kernel to cut the message every `segment` bytes. `control` has
 * DGRAM_ANCILLARY_SEGMENT bytes, aligned for a struct cmsghdr. */
void dgram_ancillary_put_segment(struct msghdr* header,
                                 char* control,
                                 uint16_t segment);

/* The size of one datagram of the `length` bytes that came in with `header`;
 * `length` when they are no merged run. Ancillary data that ends early, or says
 * that it goes on beyond its end, is read as far as it is there. */
uint32_t dgram_ancillary_get_segment(const struct msghdr* header,
                                     uint32_t length);

#endif
