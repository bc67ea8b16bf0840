#include <errno.h>
#include <ifaddrs.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include "platform/options.h"

/* For older headers of libc, and for musl without those of the kernel. */
#ifndef IP_MULTICAST_ALL
#define IP_MULTICAST_ALL 49
#endif
#ifndef IPV6_MULTICAST_ALL /* Linux 4.20 */
#define IPV6_MULTICAST_ALL 29
#endif
#ifndef SO_MEMINFO /* Linux 4.12 */
#define SO_MEMINFO 55
#endif

#ifndef SO_MAX_PACING_RATE /* Linux 3.13 */
#define SO_MAX_PACING_RATE 47
#endif
#ifndef SO_TXTIME /* Linux 4.19 */
#define SO_TXTIME 61
#endif

/* struct sock_txtime of <linux/net_tstamp.h> */
typedef struct {
  int32_t clock;
  uint32_t flags;
} txtime_t;

/* <linux/sock_diag.h> */
#define MEMINFO_DROPS 8
#define MEMINFO_VARS 9

const bool dgram_platform_has_options = true;

static int set(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof(value)) == 0
             ? 0
             : uv_translate_sys_error(errno);
}

/* Returns the value, which is not negative, or a UV_ code. */
static int get(int fd, int level, int name) {
  int value = 0;
  socklen_t size = sizeof(value);

  return getsockopt(fd, level, name, &value, &size) == 0
             ? value
             : uv_translate_sys_error(errno);
}

static int family_of(int fd) {
  return get(fd, SOL_SOCKET, SO_DOMAIN);
}

/* Sets an option of IPv4 and its counterpart. An IPv6 socket has both, because
 * it sends IPv4 to mapped addresses. */
static int set_both(int fd, int name4, int value4, int name6, int value6) {
  int family = family_of(fd);
  int rc = 0;

  if (family < 0)
    return family;
  if (family == AF_INET6)
    rc = set(fd, IPPROTO_IPV6, name6, value6);
  return rc == 0 ? set(fd, IPPROTO_IP, name4, value4) : rc;
}

static int set_device(int fd, const char* name) {
  size_t length = strlen(name);

  if (length >= IFNAMSIZ)
    return UV_ENODEV; /* the kernel would cut it */
  return setsockopt(
             fd, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t) length) == 0
             ? 0
             : uv_translate_sys_error(errno);
}

static int set_multicast_all(int fd, int on) {
  return set_both(fd, IP_MULTICAST_ALL, on, IPV6_MULTICAST_ALL, on);
}

/* An IPv6 socket receives the errors of IPv4 only if both are on. */
static int set_icmp_errors(int fd, int on) {
  return set_both(fd, IP_RECVERR, on, IPV6_RECVERR, on);
}

static int set_txtime(int fd, clockid_t clock) {
  txtime_t value = {.clock = clock};

  return setsockopt(fd, SOL_SOCKET, SO_TXTIME, &value, sizeof(value)) == 0
             ? 0
             : uv_translate_sys_error(errno);
}

/* For IPv4-mapped destinations the kernel reports IPV6_PKTINFO, but IP_TOS and
 * IP_TTL instead of their counterparts. */
static int set_packet_info(int fd) {
  int family = family_of(fd);

  if (family < 0)
    return family;
  return family == AF_INET6 ? set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
                            : set(fd, IPPROTO_IP, IP_PKTINFO, 1);
}

int dgram_platform_set_receive_info(int fd, uint32_t info) {
  int rc = 0;

  if (info & (DGRAM_INFO_LOCAL_ADDRESS | DGRAM_INFO_INTERFACE))
    rc = set_packet_info(fd);
  if (rc == 0 && (info & DGRAM_INFO_TOS))
    rc = set_both(fd, IP_RECVTOS, 1, IPV6_RECVTCLASS, 1);
  if (rc == 0 && (info & DGRAM_INFO_TTL))
    rc = set_both(fd, IP_RECVTTL, 1, IPV6_RECVHOPLIMIT, 1);
  if (rc == 0 && (info & DGRAM_INFO_TIMESTAMP))
    rc = set(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
  if (rc == 0 && (info & DGRAM_INFO_CREDENTIALS))
    rc = set(fd, SOL_SOCKET, SO_PASSCRED, 1);
  return rc;
}

int dgram_platform_set_open_options(int fd,
                                    const dgram_open_options_t* options,
                                    const char** failed) {
  int rc = 0;

  /* Options of IPv6 with the same effect are newer (IPV6_FREEBIND: 4.15); an
   * IPv6 socket accepts those of IPv4. The cast keeps the bits of a uint32. */
  if (options->device[0] != '\0') {
    *failed = "device";
    rc = set_device(fd, options->device);
  }
  if (rc == 0 && options->multicast_all != DGRAM_UNSET) {
    *failed = "multicastAll";
    rc = set_multicast_all(fd, (int) options->multicast_all);
  }
  if (rc == 0 && options->freebind != DGRAM_UNSET) {
    *failed = "freebind";
    rc = set(fd, IPPROTO_IP, IP_FREEBIND, (int) options->freebind);
  }
  if (rc == 0 && options->transparent != DGRAM_UNSET) {
    *failed = "transparent";
    rc = set(fd, IPPROTO_IP, IP_TRANSPARENT, (int) options->transparent);
  }
  if (rc == 0 && options->priority != DGRAM_UNSET) {
    *failed = "priority";
    rc = set(fd, SOL_SOCKET, SO_PRIORITY, (int) (uint32_t) options->priority);
  }
  if (rc == 0 && options->mark != DGRAM_UNSET) {
    *failed = "mark";
    rc = set(fd, SOL_SOCKET, SO_MARK, (int) (uint32_t) options->mark);
  }
  if (rc == 0 && options->icmp_errors != DGRAM_UNSET) {
    *failed = "icmpErrors";
    rc = set_icmp_errors(fd, (int) options->icmp_errors);
  }
  if (rc == 0 && options->txtime != DGRAM_UNSET) {
    *failed = "txtime";
    rc = set_txtime(fd, (clockid_t) options->txtime);
  }
  return rc;
}

int dgram_platform_set_tos(int fd, int tos) {
  return set_both(fd, IP_TOS, tos, IPV6_TCLASS, tos);
}

int dgram_platform_get_tos(int fd) {
  int family = family_of(fd);

  if (family < 0)
    return family;
  return family == AF_INET6 ? get(fd, IPPROTO_IPV6, IPV6_TCLASS)
                            : get(fd, IPPROTO_IP, IP_TOS);
}

int dgram_platform_set_fragment(int fd, dgram_fragment_t mode) {
  static const int modes4[] = {
      IP_PMTUDISC_DONT, IP_PMTUDISC_DO, IP_PMTUDISC_PROBE};
  static const int modes6[] = {
      IPV6_PMTUDISC_DONT, IPV6_PMTUDISC_DO, IPV6_PMTUDISC_PROBE};

  return set_both(
      fd, IP_MTU_DISCOVER, modes4[mode], IPV6_MTU_DISCOVER, modes6[mode]);
}

int dgram_platform_get_mtu(int fd, const dgram_address_t* peer) {
  if (peer->any.sa_family == AF_INET6 &&
      !IN6_IS_ADDR_V4MAPPED(&peer->in6.sin6_addr))
    return get(fd, IPPROTO_IPV6, IPV6_MTU);
  return get(fd, IPPROTO_IP, IP_MTU);
}

/* The kernel has an unsigned long, and before Linux 4.20 32 bits. It takes all
 * ones of either for no limit. */
int dgram_platform_set_pacing_rate(int fd, uint64_t rate) {
  unsigned long value = rate > ULONG_MAX ? ULONG_MAX : (unsigned long) rate;
  uint32_t half = (uint32_t) rate;
  bool fits = rate < UINT32_MAX || rate == UINT64_MAX;
  int rc = setsockopt(fd,
                      SOL_SOCKET,
                      SO_MAX_PACING_RATE,
                      fits ? (const void*) &half : &value,
                      fits ? sizeof(half) : sizeof(value));

  return rc == 0 ? 0 : uv_translate_sys_error(errno);
}

int dgram_platform_interface(const char* name) {
  unsigned index = if_nametoindex(name);

  return index == 0 ? uv_translate_sys_error(errno) : (int) index;
}

/* if_indextoname() would open a socket, in the namespace of the thread. */
int dgram_platform_interface_name(int fd,
                                  uint32_t index,
                                  char* out,
                                  size_t size) {
  struct ifreq request = {.ifr_ifindex = (int) index};

  if (size < IFNAMSIZ)
    return UV_ENODEV;
  if (ioctl(fd, SIOCGIFNAME, &request) != 0)
    return uv_translate_sys_error(errno);
  memcpy(out, request.ifr_name, IFNAMSIZ);
  out[IFNAMSIZ - 1] = '\0';
  return 0;
}

static bool contains(const uint32_t* list, size_t count, uint32_t value) {
  size_t i;

  for (i = 0; i < count; i++)
    if (list[i] == value)
      return true;
  return false;
}

/* The list has an entry (AF_PACKET) for each interface, and one for each of its
 * addresses. */
int dgram_platform_multicast_interfaces(bool up, uint32_t* out, size_t max) {
  unsigned flags = IFF_MULTICAST | (up ? IFF_UP : 0u);
  struct ifaddrs* list;
  const struct ifaddrs* entry;
  size_t count = 0;
  uint32_t index;

  if (getifaddrs(&list) != 0)
    return uv_translate_sys_error(errno);
  for (entry = list; entry != NULL && count < max; entry = entry->ifa_next) {
    if ((entry->ifa_flags & flags) != flags)
      continue;
    index = if_nametoindex(entry->ifa_name);
    if (index != 0 && !contains(out, count, index))
      out[count++] = index;
  }
  freeifaddrs(list);
  return (int) count;
}

static void copy_address(struct sockaddr_storage* out,
                         const dgram_address_t* address) {
  memset(out, 0, sizeof(*out));
  memcpy(out, address, sizeof(*address));
}

int dgram_platform_set_group(int fd,
                             const dgram_address_t* group,
                             const dgram_address_t* source,
                             uint32_t interface_index,
                             bool join) {
  int level =
      group->any.sa_family == AF_INET6 ? (int) IPPROTO_IPV6 : (int) IPPROTO_IP;
  struct group_source_req request = {.gsr_interface = interface_index};
  struct group_req any_source = {.gr_interface = interface_index};
  int rc;

  copy_address(&any_source.gr_group, group);
  copy_address(&request.gsr_group, group);
  if (source == NULL) {
    rc = setsockopt(fd,
                    level,
                    join ? MCAST_JOIN_GROUP : MCAST_LEAVE_GROUP,
                    &any_source,
                    sizeof(any_source));
  } else {
    copy_address(&request.gsr_source, source);
    rc = setsockopt(fd,
                    level,
                    join ? MCAST_JOIN_SOURCE_GROUP : MCAST_LEAVE_SOURCE_GROUP,
                    &request,
                    sizeof(request));
  }
  return rc == 0 ? 0 : uv_translate_sys_error(errno);
}

int dgram_platform_get_drops(int fd, uint32_t* out) {
  uint32_t values[MEMINFO_VARS] = {0};
  socklen_t size = sizeof(values);

  if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, values, &size) != 0)
    return uv_translate_sys_error(errno);
  if (size < sizeof(values))
    return UV_ENOTSUP;
  *out = values[MEMINFO_DROPS];
  return 0;
}
