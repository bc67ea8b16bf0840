/* Sends every datagram back. It is the C baseline of the echo scenarios.
 *
 *   echo-server [--rcvbuf BYTES] [--warm MS --measure MS]
 *
 * One recvmmsg() and one sendmmsg() per wake-up. Replies to a single peer leave
 * as one GSO send.
 */
#include <poll.h>

#include "baseline.h"

#define SLOTS BENCH_SEGMENTS
#define SLOT_SIZE 2048

static struct mmsghdr headers[SLOTS];
static struct iovec vectors[SLOTS];
static struct sockaddr_in sources[SLOTS];
static uint8_t buffers[SLOTS][SLOT_SIZE];

static int receive(int fd) {
  int i;

  for (i = 0; i < SLOTS; i++) {
    struct msghdr* header = &headers[i].msg_hdr;

    vectors[i].iov_base = buffers[i];
    vectors[i].iov_len = SLOT_SIZE;
    header->msg_iov = &vectors[i];
    header->msg_iovlen = 1;
    header->msg_name = &sources[i];
    header->msg_namelen = sizeof(sources[i]);
  }
  return recvmmsg(fd, headers, SLOTS, MSG_DONTWAIT, NULL);
}

/* One peer and one size, within the limits of a GSO send. */
static bool is_segment_group(int count) {
  size_t total = 0;
  int i;

  for (i = 0; i < count; i++) {
    if (sources[i].sin_port != sources[0].sin_port ||
        headers[i].msg_len != headers[0].msg_len)
      return false;
    total += headers[i].msg_len;
  }
  return count > 1 && headers[0].msg_len > 0 && total <= BENCH_GROUP_BYTES;
}

static void reply(int fd, int count) {
  _Alignas(struct cmsghdr) char ancillary[CMSG_SPACE(sizeof(uint16_t))];
  int done = 0;
  int i;

  for (i = 0; i < count; i++)
    vectors[i].iov_len = headers[i].msg_len;
  if (is_segment_group(count)) {
    struct msghdr header = headers[0].msg_hdr;

    header.msg_iovlen = (size_t) count;
    bench_segment(&header, ancillary, headers[0].msg_len);
    if (sendmsg(fd, &header, 0) >= 0)
      return;
  }
  while (done < count) {
    int n = sendmmsg(fd, headers + done, (unsigned) (count - done), 0);

    done += n > 0 ? n : 1;
  }
}

int main(int argc, char** argv) {
  struct pollfd readable = {.events = POLLIN};
  bench_window_t window;
  int fd;

  bench_init();
  bench_window_init(&window, argc, argv);
  fd = bench_socket((int) bench_number(argc, argv, "rcvbuf", 0));
  readable.fd = fd;
  bench_ready(&fd, 1);
  while (!bench_stopped && !bench_window_ended(&window)) {
    int n = poll(&readable, 1, 50) > 0 ? receive(fd) : 0;
    int i;

    if (n <= 0)
      continue;
    for (i = 0; i < n; i++)
      window.bytes += headers[i].msg_len;
    window.datagrams += (uint64_t) n;
    reply(fd, n);
  }
  bench_window_print(&window);
  printf("}\n");
  return 0;
}
