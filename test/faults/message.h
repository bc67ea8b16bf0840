/* Message functions that both preloaded libraries use. */
#ifndef DGRAM_TEST_MESSAGE_H
#define DGRAM_TEST_MESSAGE_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

/* Missing from <netinet/udp.h> of older C libraries. */
#define OPTION_SEGMENT 103
#define OPTION_GRO 104

static inline size_t length_of(const struct msghdr* header) {
  size_t length = 0;
  size_t i;

  for (i = 0; i < header->msg_iovlen; i++)
    length += header->msg_iov[i].iov_len;
  return length;
}

/* The value of UDP_SEGMENT or UDP_GRO in the ancillary data, or 0. */
static inline unsigned segment_of(const struct msghdr* from, int option) {
  struct msghdr header = *from;
  struct cmsghdr* cmsg;
  uint16_t size = 0;

  for (cmsg = CMSG_FIRSTHDR(&header); cmsg != NULL;
       cmsg = CMSG_NXTHDR(&header, cmsg)) {
    /* The lower half of UDP_GRO's int is enough for a segment size. */
    if (cmsg->cmsg_level == IPPROTO_UDP && cmsg->cmsg_type == option)
      memcpy(&size, CMSG_DATA(cmsg), sizeof(size));
  }
  return size;
}

/* Truncates ancillary data as the kernel does: the control message is reduced
 * to its header and the part of its value that fits. */
static inline void cut_control(struct msghdr* header) {
  struct cmsghdr* cmsg = CMSG_FIRSTHDR(header);

  header->msg_flags |= MSG_CTRUNC;
  if (cmsg == NULL)
    return;
  cmsg->cmsg_len = CMSG_LEN(2);
  header->msg_controllen = CMSG_LEN(2);
}

#endif
