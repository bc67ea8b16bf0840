/* Both sides of a relay: the source and the sink of its datagrams.
 *
 *   relay-load [--size BYTES] [--window BYTES]
 *
 * It prints the port of the sink, then reads the port of the relay from its
 * standard input. The source uses GSO and keeps so many bytes of kernel memory
 * in the relay's queue. The sink uses GRO and reads without copying. One
 * process does both, so that neither takes the CPU from the other. It never
 * sleeps, so that it costs the relay no wake-up.
 */
#include <linux/sock_diag.h>

#include "baseline.h"
#include "queue.h"

#define SLOTS 32

typedef struct {
  int fd;
  struct msghdr header;
  struct iovec vector;
  _Alignas(struct cmsghdr) char ancillary[CMSG_SPACE(sizeof(uint16_t))];
} source_t;

static uint8_t payload[BENCH_GROUP_BYTES];

static void source_open(source_t* source, size_t size, uint16_t port) {
  struct sockaddr_in relay = bench_loopback(port);
  size_t fit = BENCH_GROUP_BYTES / size;

  memset(source, 0, sizeof(*source));
  source->fd = bench_socket(0);
  if (connect(source->fd, (struct sockaddr*) &relay, sizeof(relay)) != 0)
    bench_fail("connect");
  source->vector.iov_base = payload;
  source->vector.iov_len = size * (fit < BENCH_SEGMENTS ? fit : BENCH_SEGMENTS);
  source->header.msg_iov = &source->vector;
  source->header.msg_iovlen = 1;
  bench_segment(&source->header, source->ancillary, size);
}

/* Discards a batch of the sink. Returns its bytes. */
static uint64_t drain(int fd) {
  static struct mmsghdr headers[SLOTS];
  uint64_t bytes = 0;
  int n;
  int i;

  n = recvmmsg(fd, headers, SLOTS, MSG_DONTWAIT | MSG_TRUNC, NULL);
  for (i = 0; i < n; i++)
    bytes += headers[i].msg_len;
  return bytes;
}

static uint16_t read_port(void) {
  char line[16] = "";

  if (fgets(line, sizeof(line), stdin) == NULL)
    exit(0);
  return (uint16_t) strtoul(line, NULL, 10);
}

static uint32_t drops_of(int fd) {
  uint32_t values[SK_MEMINFO_VARS] = {0};
  socklen_t size = sizeof(values);

  getsockopt(fd, SOL_SOCKET, SO_MEMINFO, values, &size);
  return values[SK_MEMINFO_DROPS];
}

int main(int argc, char** argv) {
  size_t size = (size_t) bench_number(argc, argv, "size", 64);
  long most = bench_number(argc, argv, "window", 512 * 1024);
  int on = 1;
  int sink = bench_socket(4 * 1024 * 1024);
  uint64_t bytes = 0;
  queue_state_t state = {0};
  queue_t queue;
  source_t source;
  uint16_t port;
  int i;

  bench_init();
  setsockopt(sink, IPPROTO_UDP, UDP_GRO, &on, sizeof(on));
  bench_ready(&sink, 1);
  port = read_port();
  source_open(&source, size, port);
  queue_open(&queue, port);
  if (!queue_read(&queue, &state)) {
    fprintf(stderr,
            "cannot read the relay's queue: the kernel needs udp_diag\n");
    return 1;
  }
  /* Leaves room for the messages of one refill. */
  if (most > state.limit / 2)
    most = state.limit / 2;
  while (!bench_stopped && queue_read(&queue, &state)) {
    for (i = 0; i < 8 && state.used < (uint32_t) most; i++) {
      if (sendmsg(source.fd, &source.header, 0) < 0 && errno == ECONNREFUSED)
        break;
      if (size > 512)
        break; /* One message is as much memory as many small ones. */
    }
    bytes += drain(sink);
  }
  printf("{\"total\":%llu,\"drops\":%u}\n",
         (unsigned long long) (bytes / size),
         state.drops + drops_of(sink));
  return 0;
}
