#include "transport/linux/ancillary.h"

#include <netinet/in.h>
#include <string.h>

void dgram_ancillary_put_segment(struct msghdr* header,
                                 char* control,
                                 uint16_t segment) {
  struct cmsghdr* cmsg;

  header->msg_control = control;
  header->msg_controllen = DGRAM_ANCILLARY_SEGMENT_SIZE;
  cmsg = CMSG_FIRSTHDR(header);
  cmsg->cmsg_level = IPPROTO_UDP;
  cmsg->cmsg_type = UDP_SEGMENT;
  cmsg->cmsg_len = CMSG_LEN(sizeof(segment));
  memcpy(CMSG_DATA(cmsg), &segment, sizeof(segment));
}

/* CMSG_FIRSTHDR() and CMSG_NXTHDR() are not used: they trust a length before it
 * is known to lie within the buffer. */
uint32_t dgram_ancillary_get_segment(const struct msghdr* header,
                                     uint32_t length) {
  const char* next = header->msg_control;
  size_t left = header->msg_controllen;
  struct cmsghdr cmsg;
  size_t step;
  int size;

  while (left >= sizeof(cmsg)) {
    memcpy(&cmsg, next, sizeof(cmsg));
    if (cmsg.cmsg_len < CMSG_LEN(0) || cmsg.cmsg_len > left)
      break;
    if (cmsg.cmsg_level == IPPROTO_UDP && cmsg.cmsg_type == UDP_GRO &&
        cmsg.cmsg_len >= CMSG_LEN(sizeof(size))) {
      memcpy(&size, next + CMSG_LEN(0), sizeof(size));
      if (size > 0 && (uint32_t) size < length)
        return (uint32_t) size;
    }
    step = CMSG_ALIGN(cmsg.cmsg_len);
    if (step >= left)
      break;
    next += step;
    left -= step;
  }
  return length;
}
