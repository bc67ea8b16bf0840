#include "control.h"

#include <netinet/in.h>
#include <string.h>

void dgram_control_put_segment(struct msghdr* header,
                               char* control,
                               uint16_t segment) {
  struct cmsghdr* cmsg;

  header->msg_control = control;
  header->msg_controllen = DGRAM_CONTROL_SEGMENT;
  cmsg = CMSG_FIRSTHDR(header);
  cmsg->cmsg_level = IPPROTO_UDP;
  cmsg->cmsg_type = UDP_SEGMENT;
  cmsg->cmsg_len = CMSG_LEN(sizeof(segment));
  memcpy(CMSG_DATA(cmsg), &segment, sizeof(segment));
}

uint32_t dgram_control_get_segment(struct msghdr* header, uint32_t length) {
  struct cmsghdr* cmsg;
  int size;

  for (cmsg = CMSG_FIRSTHDR(header); cmsg != NULL;
       cmsg = CMSG_NXTHDR(header, cmsg)) {
    if (cmsg->cmsg_level != IPPROTO_UDP || cmsg->cmsg_type != UDP_GRO)
      continue;
    memcpy(&size, CMSG_DATA(cmsg), sizeof(size));
    if (size > 0 && (uint32_t) size < length)
      return (uint32_t) size;
  }
  return length;
}
