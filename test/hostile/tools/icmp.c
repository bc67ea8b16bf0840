/* Sends forged ICMP errors about datagrams of a local socket.
 *
 *   icmp -l PORT -r PORT -n COUNT [-6] TYPE:CODE...
 *
 *   -l, -r  the socket's own port, and the port it sends to; on 127.0.0.1 (::1)
 *
 * Prints a line of JSON at the end: errors sent. */
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>

#include "tool.h"

/* The start of the datagram in question (RFC 792). */
typedef struct {
  struct icmphdr icmp;
  struct iphdr ip;
  struct udphdr udp;
} error4_t;

typedef struct {
  struct icmp6_hdr icmp;
  struct ip6_hdr ip;
  struct udphdr udp;
} error6_t;

typedef struct {
  uint16_t local;
  uint16_t remote;
  uint8_t type;
  uint8_t code;
} cause_t;

static uint16_t checksum(const void* data, size_t size) {
  const uint8_t* bytes = data;
  uint32_t sum = 0;
  size_t i;

  for (i = 0; i + 1 < size; i += 2)
    sum += (uint32_t) (bytes[i] << 8 | bytes[i + 1]);
  while (sum >> 16)
    sum = (sum & 0xffff) + (sum >> 16);
  return htons((uint16_t) ~sum);
}

static void fill_udp(struct udphdr* udp, const cause_t* cause) {
  udp->source = htons(cause->local);
  udp->dest = htons(cause->remote);
  udp->len = htons(sizeof(*udp) + 64);
}

static void emit(int fd,
                 const void* error,
                 size_t size,
                 const void* to,
                 socklen_t length) {
  if (sendto(fd, error, size, 0, to, length) < 0 && errno != ENOBUFS)
    tool_fail("sendto");
}

static void send4(int fd, const cause_t* cause) {
  struct sockaddr_in to = {.sin_family = AF_INET,
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  error4_t error;

  memset(&error, 0, sizeof(error));
  error.icmp.type = cause->type;
  error.icmp.code = cause->code;
  if (cause->type == ICMP_DEST_UNREACH && cause->code == ICMP_FRAG_NEEDED)
    error.icmp.un.frag.mtu = htons(1400);
  error.ip.version = 4;
  error.ip.ihl = sizeof(error.ip) / 4;
  error.ip.ttl = 64;
  error.ip.protocol = IPPROTO_UDP;
  error.ip.saddr = error.ip.daddr = htonl(INADDR_LOOPBACK);
  error.ip.tot_len = htons(sizeof(error.ip) + sizeof(error.udp) + 64);
  error.ip.check = checksum(&error.ip, sizeof(error.ip));
  fill_udp(&error.udp, cause);
  error.icmp.checksum = checksum(&error, sizeof(error));
  emit(fd, &error, sizeof(error), &to, sizeof(to));
}

/* The kernel computes the checksum of ICMPv6 (RFC 3542, 3.1). */
static void send6(int fd, const cause_t* cause) {
  struct sockaddr_in6 to = {.sin6_family = AF_INET6,
                            .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  error6_t error;

  memset(&error, 0, sizeof(error));
  error.icmp.icmp6_type = cause->type;
  error.icmp.icmp6_code = cause->code;
  if (cause->type == ICMP6_PACKET_TOO_BIG)
    error.icmp.icmp6_mtu = htonl(1400);
  error.ip.ip6_vfc = 6 << 4;
  error.ip.ip6_nxt = IPPROTO_UDP;
  error.ip.ip6_hlim = 64;
  error.ip.ip6_plen = htons(sizeof(error.udp) + 64);
  error.ip.ip6_src = error.ip.ip6_dst = in6addr_loopback;
  fill_udp(&error.udp, cause);
  emit(fd, &error, sizeof(error), &to, sizeof(to));
}

static void read_cause(const char* text, cause_t* cause) {
  unsigned type;
  unsigned code;

  /* NOLINTNEXTLINE(cert-err34-c): the tests pass numbers. */
  if (sscanf(text, "%u:%u", &type, &code) != 2)
    exit(2);
  cause->type = (uint8_t) type;
  cause->code = (uint8_t) code;
}

int main(int argc, char** argv) {
  cause_t cause = {0};
  unsigned long count = 0;
  unsigned long i;
  bool v6 = false;
  int option;
  int fd;

  tool_init();
  while ((option = getopt(argc, argv, "6l:r:n:")) != -1) {
    if (option == '6')
      v6 = true;
    else if (option == 'l')
      cause.local = (uint16_t) tool_number(optarg);
    else if (option == 'r')
      cause.remote = (uint16_t) tool_number(optarg);
    else if (option == 'n')
      count = tool_number(optarg);
    else
      return 2;
  }
  if (optind == argc)
    return 2;
  fd = v6 ? socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMPV6)
          : socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
  if (fd < 0)
    tool_fail("socket");
  for (i = 0; i < count; i++) {
    read_cause(argv[optind + (int) (i % (unsigned long) (argc - optind))],
               &cause);
    if (v6)
      send6(fd, &cause);
    else
      send4(fd, &cause);
  }
  printf("{\"sent\":%lu}\n", count);
  return 0;
}
