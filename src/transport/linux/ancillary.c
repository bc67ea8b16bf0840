#include "transport/linux/ancillary.h"

#include <netinet/in.h>
#include <string.h>

#include "core/assert.h"

/* Appends a control message. */
static void put(struct msghdr* header,
                int level,
                int type,
                const void* value,
                size_t size) {
  size_t used = header->msg_controllen;
  struct cmsghdr* cmsg =
      (struct cmsghdr*) (void*) ((char*) header->msg_control + used);

  DGRAM_ASSERT(used + CMSG_SPACE(size) <= DGRAM_ANCILLARY_SEND_SIZE);
  memset(cmsg, 0, CMSG_SPACE(size));
  cmsg->cmsg_level = level;
  cmsg->cmsg_type = type;
  cmsg->cmsg_len = (socklen_t) CMSG_LEN(size);
  memcpy(CMSG_DATA(cmsg), value, size);
  header->msg_controllen = (socklen_t) (used + CMSG_SPACE(size));
}

void dgram_ancillary_put_segment(struct msghdr* header, uint16_t segment) {
  put(header, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment));
}

/* An IPv6 source address of an IPv4 datagram, and the reverse, goes to the
 * kernel as it is: EINVAL. */
static void put_source(struct msghdr* header,
                       const dgram_send_settings_t* settings,
                       bool is_ip4) {
  struct in_pktinfo info4 = {.ipi_ifindex = (int) settings->interface_index};
  struct in6_pktinfo info6 = {.ipi6_addr = settings->local,
                              .ipi6_ifindex = settings->interface_index};

  if (is_ip4 && (IN6_IS_ADDR_V4MAPPED(&settings->local) ||
                 IN6_IS_ADDR_UNSPECIFIED(&settings->local))) {
    memcpy(&info4.ipi_spec_dst, &settings->local.s6_addr[12], 4);
    put(header, IPPROTO_IP, IP_PKTINFO, &info4, sizeof(info4));
  } else {
    put(header, IPPROTO_IPV6, IPV6_PKTINFO, &info6, sizeof(info6));
  }
}

static void put_int(struct msghdr* header,
                    bool is_ip4,
                    int type4,
                    int type6,
                    int value) {
  if (is_ip4)
    put(header, IPPROTO_IP, type4, &value, sizeof(value));
  else
    put(header, IPPROTO_IPV6, type6, &value, sizeof(value));
}

void dgram_ancillary_put_settings(struct msghdr* header,
                                  const dgram_send_settings_t* settings,
                                  bool is_ip4) {
  if (settings->interface_index != 0 ||
      !IN6_IS_ADDR_UNSPECIFIED(&settings->local))
    put_source(header, settings, is_ip4);
  if (settings->tos != DGRAM_SETTING_UNSET)
    put_int(header, is_ip4, IP_TOS, IPV6_TCLASS, settings->tos);
  if (settings->ttl != DGRAM_SETTING_UNSET)
    put_int(header, is_ip4, IP_TTL, IPV6_HOPLIMIT, settings->ttl);
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
