/* Sends datagrams from arbitrary sources, as only a raw socket can, including
 * those that the kernel itself would never use.
 *
 *   spoof -p PORT -n COUNT ADDRESS:PORT...
 *
 * IPv4, to 127.0.0.1, from the sources in rotation. The payload is a number.
 * Prints a line of JSON at the end: datagrams sent. */
#include <netinet/ip.h>
#include <netinet/udp.h>

#include "tool.h"

typedef struct {
  struct iphdr ip;
  struct udphdr udp;
  uint32_t number;
} packet_t;

static void read_source(char* text, packet_t* packet) {
  char* colon = strchr(text, ':');
  struct in_addr address;

  if (colon == NULL)
    exit(2);
  *colon = '\0';
  if (inet_pton(AF_INET, text, &address) != 1)
    exit(2);
  packet->ip.saddr = address.s_addr;
  packet->udp.source = htons((uint16_t) tool_number(colon + 1));
  *colon = ':';
}

/* The kernel fills in the checksum and the length of the IP header. A zero UDP
 * checksum is not verified (RFC 768). */
static void fill(packet_t* packet, char* source, uint16_t port, uint32_t i) {
  memset(packet, 0, sizeof(*packet));
  packet->ip.version = 4;
  packet->ip.ihl = sizeof(packet->ip) / 4;
  packet->ip.ttl = 64;
  packet->ip.protocol = IPPROTO_UDP;
  packet->ip.daddr = htonl(INADDR_LOOPBACK);
  packet->udp.dest = htons(port);
  packet->udp.len = htons(sizeof(packet->udp) + sizeof(packet->number));
  packet->number = htonl(i);
  read_source(source, packet);
}

int main(int argc, char** argv) {
  struct sockaddr_in to = {.sin_family = AF_INET,
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  unsigned long count = 0;
  uint16_t port = 0;
  packet_t packet;
  uint32_t i;
  int option;
  int fd;

  tool_init();
  while ((option = getopt(argc, argv, "p:n:")) != -1) {
    if (option == 'p')
      port = (uint16_t) tool_number(optarg);
    else if (option == 'n')
      count = tool_number(optarg);
    else
      return 2;
  }
  if (port == 0 || optind == argc)
    return 2;
  fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
  if (fd < 0)
    tool_fail("socket");
  for (i = 0; i < count; i++) {
    fill(&packet,
         argv[optind + (int) (i % (uint32_t) (argc - optind))],
         port,
         i);
    while (sendto(fd,
                  &packet,
                  sizeof(packet),
                  0,
                  (const struct sockaddr*) &to,
                  sizeof(to)) < 0) {
      if (errno != ENOBUFS && errno != EINTR)
        tool_fail("sendto");
    }
  }
  printf("{\"sent\":%lu}\n", count);
  return 0;
}
