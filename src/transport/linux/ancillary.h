/* Ancillary data of UDP on Linux. Sent: the segment size of a segment group
 * (UDP_SEGMENT), and send settings (IP_PKTINFO, IP_TOS, IP_TTL, those of IPv6,
 * and SCM_TXTIME). Received: the segment size of a GRO buffer (UDP_GRO), and
 * what has come with it. */
#ifndef DGRAM_ANCILLARY_H
#define DGRAM_ANCILLARY_H

#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "core/receive_info.h"
#include "core/send_settings.h"

/* Since Linux 4.18 and 5.0; the C library may be older. */
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

/* The most bytes that the dgram_ancillary_put functions write. */
#define DGRAM_ANCILLARY_SEND_SIZE                                              \
  (CMSG_SPACE(sizeof(uint16_t)) + CMSG_SPACE(sizeof(struct in6_pktinfo)) +     \
   2 * CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(uint64_t)))

/* Room for the ancillary data of a received message, in bytes. What is read
 * here takes 144. Another owner of the descriptor may ask for more, and IPv6
 * extension headers have any length. The kernel appends in this order: options
 * of SOL_SOCKET (224 bytes if all are set, Linux 6.18), UDP_GRO, packet
 * info, TTL, TOS, the others. So the others are cut off first. */
#define DGRAM_ANCILLARY_RECV_SIZE 256

/* The two functions append to the ancillary data of `header`. The caller sets
 * msg_control to DGRAM_ANCILLARY_SEND_SIZE bytes, aligned for a struct cmsghdr,
 * and msg_controllen to 0; each is called at most once. */

/* Makes the kernel split the message every `segment` bytes. */
void dgram_ancillary_put_segment(struct msghdr* header, uint16_t segment);

/* Adds send settings. `is_ip4`: the datagram is of IPv4, also that of an IPv6
 * socket to an IPv4-mapped address, for which the kernel reads the control
 * messages of IPv4. */
void dgram_ancillary_put_settings(struct msghdr* header,
                                  const dgram_send_settings_t* settings,
                                  bool is_ip4);

/* The size of one datagram of the `length` bytes received with `header`, or
 * `length` if they are not a GRO buffer. Truncated or malformed ancillary data
 * is read as far as it is valid. */
uint32_t dgram_ancillary_get_segment(const struct msghdr* header,
                                     uint32_t length);

/* Reads what has come with a message. Missing, truncated or malformed control
 * messages leave their bits of `present` unset. */
void dgram_ancillary_get_info(const struct msghdr* header,
                              dgram_receive_info_t* out);

/* Closes the descriptors that have come with a message (SCM_RIGHTS). */
void dgram_ancillary_close_descriptors(const struct msghdr* header);

#endif
