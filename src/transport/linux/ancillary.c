#include "transport/linux/ancillary.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Nanoseconds of a second, and the last second that fits into 63 bits of them
 * (the year 2262). */
#define NANOSECONDS 1000000000L
#define SECONDS_MAX (INT64_MAX / NANOSECONDS - 1)

#ifndef SCM_TXTIME /* Linux 4.19 */
#define SCM_TXTIME 61
#endif

#ifndef SCM_TIMESTAMPNS
#define SCM_TIMESTAMPNS SO_TIMESTAMPNS
#endif

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
  if (settings->send_time != 0)
    put(header,
        SOL_SOCKET,
        SCM_TXTIME,
        &settings->send_time,
        sizeof(settings->send_time));
}

/* -- received control messages --------------------------------------------- */

/* A control message, and the position behind it. */
typedef struct {
  const char* next;
  size_t left;
  int level;
  int type;
  const char* data; /* not aligned */
  size_t size;      /* of `data` */
} message_t;

static message_t first_of(const struct msghdr* header) {
  message_t message = {.next = header->msg_control,
                       .left = header->msg_controllen};

  return message;
}

/* Advances to the next control message. Returns false at the end, or if its
 * length is invalid. CMSG_FIRSTHDR() and CMSG_NXTHDR() are not used: they trust
 * a length before it is known to lie within the buffer. */
static bool next_message(message_t* message) {
  struct cmsghdr cmsg;
  size_t step;

  if (message->left < sizeof(cmsg))
    return false;
  memcpy(&cmsg, message->next, sizeof(cmsg));
  if (cmsg.cmsg_len < CMSG_LEN(0) || cmsg.cmsg_len > message->left)
    return false;
  message->level = cmsg.cmsg_level;
  message->type = cmsg.cmsg_type;
  message->data = message->next + CMSG_LEN(0);
  message->size = cmsg.cmsg_len - CMSG_LEN(0);
  step = CMSG_ALIGN(cmsg.cmsg_len);
  if (step > message->left)
    step = message->left;
  message->next += step;
  message->left -= step;
  return true;
}

uint32_t dgram_ancillary_get_segment(const struct msghdr* header,
                                     uint32_t length) {
  message_t message = first_of(header);
  int size;

  while (next_message(&message)) {
    if (message.level != IPPROTO_UDP || message.type != UDP_GRO ||
        message.size < sizeof(size))
      continue;
    memcpy(&size, message.data, sizeof(size));
    if (size > 0 && (uint32_t) size < length)
      return (uint32_t) size;
  }
  return length;
}

static void read_packet_info4(const message_t* message,
                              dgram_receive_info_t* out) {
  struct in_pktinfo info;
  struct sockaddr_in* address = &out->local_address.in4;

  /* Another owner of an IPv6 socket can have set IP_PKTINFO as well. */
  if (out->present & DGRAM_INFO_LOCAL_ADDRESS)
    return;
  memcpy(&info, message->data, sizeof(info));
  address->sin_family = AF_INET;
  address->sin_addr = info.ipi_addr;
  out->interface_index = (uint32_t) info.ipi_ifindex;
  out->present |= DGRAM_INFO_LOCAL_ADDRESS | DGRAM_INFO_INTERFACE;
}

static void read_packet_info6(const message_t* message,
                              dgram_receive_info_t* out) {
  struct in6_pktinfo info;
  struct sockaddr_in6* address = &out->local_address.in6;

  memcpy(&info, message->data, sizeof(info));
  address->sin6_family = AF_INET6;
  address->sin6_addr = info.ipi6_addr;
  if (IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
    address->sin6_scope_id = info.ipi6_ifindex;
  out->interface_index = info.ipi6_ifindex;
  out->present |= DGRAM_INFO_LOCAL_ADDRESS | DGRAM_INFO_INTERFACE;
}

/* A value of 0 to 255. IP_TOS has one byte, the others are an int. */
static bool read_byte(const message_t* message, uint8_t* out) {
  int value = (uint8_t) message->data[0];

  if (message->size >= sizeof(value))
    memcpy(&value, message->data, sizeof(value));
  if (value < 0 || value > UINT8_MAX)
    return false;
  *out = (uint8_t) value;
  return true;
}

static void read_tos(const message_t* message, dgram_receive_info_t* out) {
  if (read_byte(message, &out->tos))
    out->present |= DGRAM_INFO_TOS;
}

static void read_ttl(const message_t* message, dgram_receive_info_t* out) {
  if (read_byte(message, &out->ttl))
    out->present |= DGRAM_INFO_TTL;
}

static void read_timestamp(const message_t* message,
                           dgram_receive_info_t* out) {
  struct timespec time;
  int64_t seconds; /* time_t can have 32 bits */

  memcpy(&time, message->data, sizeof(time));
  seconds = time.tv_sec;
  if (seconds < 0 || seconds > SECONDS_MAX || time.tv_nsec < 0 ||
      time.tv_nsec >= NANOSECONDS)
    return;
  out->timestamp = seconds * NANOSECONDS + time.tv_nsec;
  out->present |= DGRAM_INFO_TIMESTAMP;
}

static void read_credentials(const message_t* message,
                             dgram_receive_info_t* out) {
  struct ucred credentials;

  memcpy(&credentials, message->data, sizeof(credentials));
  out->pid = (uint32_t) credentials.pid;
  out->uid = credentials.uid;
  out->gid = credentials.gid;
  out->present |= DGRAM_INFO_CREDENTIALS;
}

/* The control messages of which something is read. */
static const struct {
  int level;
  int type;
  size_t size; /* shorter ones are ignored */
  void (*read)(const message_t* message, dgram_receive_info_t* out);
} readers[] = {
    {IPPROTO_IP, IP_PKTINFO, sizeof(struct in_pktinfo), read_packet_info4},
    {IPPROTO_IP, IP_TOS, 1, read_tos},
    {IPPROTO_IP, IP_TTL, 1, read_ttl},
    {IPPROTO_IPV6, IPV6_PKTINFO, sizeof(struct in6_pktinfo), read_packet_info6},
    {IPPROTO_IPV6, IPV6_TCLASS, 1, read_tos},
    {IPPROTO_IPV6, IPV6_HOPLIMIT, 1, read_ttl},
    {SOL_SOCKET, SCM_TIMESTAMPNS, sizeof(struct timespec), read_timestamp},
    {SOL_SOCKET, SCM_CREDENTIALS, sizeof(struct ucred), read_credentials},
};

static void read_message(const message_t* message, dgram_receive_info_t* out) {
  size_t i;

  for (i = 0; i < sizeof(readers) / sizeof(readers[0]); i++)
    if (readers[i].level == message->level &&
        readers[i].type == message->type) {
      if (message->size >= readers[i].size)
        readers[i].read(message, out);
      return;
    }
}

void dgram_ancillary_get_info(const struct msghdr* header,
                              dgram_receive_info_t* out) {
  message_t message = first_of(header);

  memset(out, 0, sizeof(*out));
  while (next_message(&message))
    read_message(&message, out);
}

void dgram_ancillary_close_descriptors(const struct msghdr* header) {
  message_t message = first_of(header);
  size_t i;
  int fd;

  while (next_message(&message)) {
    if (message.level != SOL_SOCKET || message.type != SCM_RIGHTS)
      continue;
    for (i = 0; i + sizeof(fd) <= message.size; i += sizeof(fd)) {
      memcpy(&fd, message.data + i, sizeof(fd));
      (void) close(fd);
    }
  }
}
