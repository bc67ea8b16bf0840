/* Sends many datagrams, optionally from many sources: the namespace routes all
 * of 10.0.0.0/8 and 2001:db8::/32 to itself.
 *
 *   flood -p PORT -n COUNT -s SIZE [-b BURST -u PAUSE] [-k SOURCES] [-w WINDOW]
 *         [-6]
 *
 *   -b  datagrams (at most 64) between pauses of -u microseconds
 *   -k  source i is 10.0.0.0 + i (2001:db8:: + i), for i from 1 to SOURCES
 *   -w  waits for an answer to each datagram, with at most this many
 *       outstanding, and gives up an answer after a second
 *
 * The datagram starts with its number, if it fits. Prints a line of JSON at
 * the end: datagrams sent; answers received and dropped. */
#include <poll.h>

#include "tool.h"

#define MESSAGES 64
#define DATAGRAM_MAX 65507
#define PATIENCE_MS 1000

typedef struct {
  struct mmsghdr headers[MESSAGES];
  struct iovec vectors[MESSAGES][2];
  uint32_t numbers[MESSAGES];
  _Alignas(struct cmsghdr) char controls[MESSAGES][CMSG_SPACE(
      sizeof(struct in6_pktinfo))];
} messages_t;

typedef struct {
  int fd;
  int family;
  union {
    struct sockaddr any;
    struct sockaddr_in in4;
    struct sockaddr_in6 in6;
  } to;
  socklen_t to_size;
  unsigned long count;
  size_t size;
  unsigned long burst;
  unsigned long pause; /* in microseconds */
  unsigned long sources;
  unsigned long window;
  unsigned long answers;
} flood_t;

static uint8_t payload[DATAGRAM_MAX];

static void set_source4(struct cmsghdr* cmsg, uint32_t source) {
  struct in_pktinfo info = {.ipi_spec_dst.s_addr = htonl(0x0a000000u + source)};

  cmsg->cmsg_level = IPPROTO_IP;
  cmsg->cmsg_type = IP_PKTINFO;
  cmsg->cmsg_len = CMSG_LEN(sizeof(info));
  memcpy(CMSG_DATA(cmsg), &info, sizeof(info));
}

static void set_source6(struct cmsghdr* cmsg, uint32_t source) {
  struct in6_pktinfo info = {.ipi6_addr = {{{0x20, 0x01, 0x0d, 0xb8}}}};
  uint32_t low = htonl(source);

  memcpy(&info.ipi6_addr.s6_addr[12], &low, sizeof(low));
  cmsg->cmsg_level = IPPROTO_IPV6;
  cmsg->cmsg_type = IPV6_PKTINFO;
  cmsg->cmsg_len = CMSG_LEN(sizeof(info));
  memcpy(CMSG_DATA(cmsg), &info, sizeof(info));
}

static void set_source(const flood_t* flood,
                       struct msghdr* header,
                       char* control,
                       unsigned long number) {
  uint32_t source = (uint32_t) (number % flood->sources) + 1;

  header->msg_control = control;
  if (flood->family == AF_INET) {
    header->msg_controllen = CMSG_SPACE(sizeof(struct in_pktinfo));
    set_source4(CMSG_FIRSTHDR(header), source);
  } else {
    header->msg_controllen = CMSG_SPACE(sizeof(struct in6_pktinfo));
    set_source6(CMSG_FIRSTHDR(header), source);
  }
}

static void prepare(flood_t* flood,
                    messages_t* messages,
                    unsigned long from,
                    unsigned n) {
  unsigned i;

  memset(messages->controls, 0, sizeof(messages->controls));
  for (i = 0; i < n; i++) {
    struct msghdr* header = &messages->headers[i].msg_hdr;
    size_t numbered = flood->size < 4 ? 0 : 4;

    memset(header, 0, sizeof(*header));
    messages->numbers[i] = htonl((uint32_t) (from + i));
    messages->vectors[i][0] = (struct iovec){&messages->numbers[i], numbered};
    messages->vectors[i][1] = (struct iovec){payload, flood->size - numbered};
    header->msg_iov = messages->vectors[i];
    header->msg_iovlen = 2;
    if (flood->sources == 0)
      continue;
    header->msg_name = &flood->to;
    header->msg_namelen = flood->to_size;
    set_source(flood, header, messages->controls[i], from + i);
  }
}

static void transmit(const flood_t* flood, messages_t* messages, unsigned n) {
  unsigned done = 0;

  while (done < n) {
    int sent = sendmmsg(flood->fd, messages->headers + done, n - done, 0);

    if (sent > 0)
      done += (unsigned) sent;
    else if (errno != EINTR && errno != ENOBUFS && errno != ECONNREFUSED)
      tool_fail("sendmmsg");
  }
}

/* Receives the available answers; waits for one at most. Returns false if there
 * were none. */
static bool take_answers(flood_t* flood) {
  struct pollfd ready = {.fd = flood->fd, .events = POLLIN};
  unsigned long before = flood->answers;
  char answer[16];

  if (poll(&ready, 1, PATIENCE_MS) <= 0)
    return false;
  while (recv(flood->fd, answer, sizeof(answer), MSG_DONTWAIT) >= 0)
    flood->answers++;
  return flood->answers > before;
}

static void run(flood_t* flood) {
  static messages_t messages;
  unsigned long lost = 0;
  unsigned long sent = 0;

  while (sent < flood->count) {
    unsigned long n = flood->count - sent;

    if (n > flood->burst)
      n = flood->burst;
    while (flood->window > 0 &&
           sent + n - flood->answers - lost > flood->window) {
      if (!take_answers(flood))
        lost = sent - flood->answers;
    }
    prepare(flood, &messages, sent, (unsigned) n);
    transmit(flood, &messages, (unsigned) n);
    sent += n;
    if (flood->pause > 0)
      usleep((useconds_t) flood->pause);
  }
  while (flood->window > 0 && sent > flood->answers && take_answers(flood))
    ;
}

static void set_destination(flood_t* flood, uint16_t port) {
  if (flood->family == AF_INET) {
    flood->to.in4 =
        (struct sockaddr_in){.sin_family = AF_INET,
                             .sin_port = htons(port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    flood->to_size = sizeof(flood->to.in4);
  } else {
    flood->to.in6 = (struct sockaddr_in6){.sin6_family = AF_INET6,
                                          .sin6_port = htons(port),
                                          .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    flood->to_size = sizeof(flood->to.in6);
  }
}

static void open_socket(flood_t* flood) {
  int one = 1;
  int space = 4 << 20;

  flood->fd = socket(flood->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (flood->fd < 0)
    tool_fail("socket");
  /* For sources that belong to no interface. */
  if (flood->family == AF_INET6 &&
      setsockopt(flood->fd, IPPROTO_IPV6, IPV6_FREEBIND, &one, sizeof(one)))
    tool_fail("IPV6_FREEBIND");
  setsockopt(flood->fd, SOL_SOCKET, SO_RCVBUFFORCE, &space, sizeof(space));
  /* Not if the answers have many destinations. */
  if (flood->sources == 0 &&
      connect(flood->fd, &flood->to.any, flood->to_size) != 0)
    tool_fail("connect");
}

int main(int argc, char** argv) {
  flood_t flood = {.family = AF_INET, .burst = MESSAGES};
  uint16_t port = 0;
  int option;

  tool_init();
  while ((option = getopt(argc, argv, "6p:n:s:b:u:k:w:")) != -1) {
    switch (option) {
      case '6':
        flood.family = AF_INET6;
        break;
      case 'p':
        port = (uint16_t) tool_number(optarg);
        break;
      case 'n':
        flood.count = tool_number(optarg);
        break;
      case 's':
        flood.size = tool_number(optarg);
        break;
      case 'b':
        flood.burst = tool_number(optarg);
        break;
      case 'u':
        flood.pause = tool_number(optarg);
        break;
      case 'k':
        flood.sources = tool_number(optarg);
        break;
      case 'w':
        flood.window = tool_number(optarg);
        break;
      default:
        return 2;
    }
  }
  if (port == 0 || flood.size > DATAGRAM_MAX || flood.burst < 1 ||
      flood.burst > MESSAGES)
    return 2;
  set_destination(&flood, port);
  open_socket(&flood);
  run(&flood);
  printf("{\"sent\":%lu,\"answers\":%lu,\"drops\":%u}\n",
         flood.count,
         flood.answers,
         tool_drops(flood.fd));
  return 0;
}
