/* Receives datagrams. It is the peer of the send scenarios and the C baseline
 * of the receive scenarios.
 *
 *   recv [--sockets N] [--gro 1] [--rcvbuf BYTES] [--spin 1] [--discard 1]
 *        [--warm MS --measure MS]
 *
 * The baseline is an event loop: epoll, then one recvmmsg() for each readable
 * socket. A peer must be faster than the measured sender and must not cost it a
 * wake-up: --spin polls without sleeping, --discard reads without copying.
 */
#include <linux/sock_diag.h>
#include <sys/epoll.h>

#include "baseline.h"

#define SLOTS 32
#define SLOT_SIZE 65536
#define ANCILLARY 128

static struct mmsghdr headers[SLOTS];
static struct iovec vectors[SLOTS];
static struct sockaddr_in sources[SLOTS];
static _Alignas(struct cmsghdr) char ancillary[SLOTS][ANCILLARY];

static void prepare(size_t slot_size) {
  static uint8_t buffers[SLOTS][SLOT_SIZE];
  int i;

  for (i = 0; i < SLOTS; i++) {
    vectors[i].iov_base = buffers[i];
    vectors[i].iov_len = slot_size;
    headers[i].msg_hdr.msg_iov = &vectors[i];
    headers[i].msg_hdr.msg_iovlen = 1;
    headers[i].msg_hdr.msg_name = &sources[i];
    headers[i].msg_hdr.msg_control = ancillary[i];
  }
}

static uint64_t datagrams_in(struct msghdr* header, unsigned length) {
  struct cmsghdr* cmsg;
  int size;

  for (cmsg = CMSG_FIRSTHDR(header); cmsg != NULL;
       cmsg = CMSG_NXTHDR(header, cmsg)) {
    if (cmsg->cmsg_level != IPPROTO_UDP || cmsg->cmsg_type != UDP_GRO)
      continue;
    memcpy(&size, CMSG_DATA(cmsg), sizeof(size));
    return (length + (unsigned) size - 1) / (unsigned) size;
  }
  return 1;
}

/* Reads one batch from one socket. */
static int drain(int fd, bench_window_t* window) {
  int n;
  int i;

  for (i = 0; i < SLOTS; i++) {
    headers[i].msg_hdr.msg_namelen = sizeof(sources[i]);
    headers[i].msg_hdr.msg_controllen = ANCILLARY;
    headers[i].msg_hdr.msg_flags = 0;
  }
  n = recvmmsg(fd, headers, SLOTS, MSG_DONTWAIT | MSG_TRUNC, NULL);
  for (i = 0; i < n; i++) {
    window->datagrams += datagrams_in(&headers[i].msg_hdr, headers[i].msg_len);
    window->bytes += headers[i].msg_len;
  }
  return n;
}

static void spin(const int* fds, int count, bench_window_t* window) {
  while (!bench_stopped && !bench_window_ended(window)) {
    int i;
    int got = 0;

    for (i = 0; i < count; i++)
      got += drain(fds[i], window) > 0;
    /* Pauses, because polling an empty queue takes the sender's lock. */
    for (i = 0; got == 0 && i < 100; i++)
      bench_pause();
  }
}

static void wait_and_drain(const int* fds, int count, bench_window_t* window) {
  struct epoll_event events[64];
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  int i;

  for (i = 0; i < count; i++) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fds[i]};

    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &event) != 0)
      bench_fail("epoll_ctl");
  }
  while (!bench_stopped && !bench_window_ended(window)) {
    int n = epoll_wait(epoll, events, 64, 50);

    for (i = 0; i < n; i++)
      drain(events[i].data.fd, window);
  }
}

static uint64_t drops_of(const int* fds, int count) {
  uint64_t drops = 0;
  int i;

  for (i = 0; i < count; i++) {
    uint32_t values[SK_MEMINFO_VARS] = {0};
    socklen_t size = sizeof(values);

    getsockopt(fds[i], SOL_SOCKET, SO_MEMINFO, values, &size);
    drops += values[SK_MEMINFO_DROPS];
  }
  return drops;
}

int main(int argc, char** argv) {
  static int fds[BENCH_PORTS];
  int count = (int) bench_number(argc, argv, "sockets", 1);
  int gro = (int) bench_number(argc, argv, "gro", 0);
  bool discard = bench_number(argc, argv, "discard", 0) != 0;
  bench_window_t window;
  int i;

  bench_init();
  bench_window_init(&window, argc, argv);
  for (i = 0; i < count && i < BENCH_PORTS; i++) {
    fds[i] = bench_socket((int) bench_number(argc, argv, "rcvbuf", 0));
    setsockopt(fds[i], IPPROTO_UDP, UDP_GRO, &gro, sizeof(gro));
  }
  prepare(discard ? 0 : SLOT_SIZE);
  bench_ready(fds, count);
  if (bench_number(argc, argv, "spin", 0) != 0)
    spin(fds, count, &window);
  else
    wait_and_drain(fds, count, &window);
  bench_window_print(&window);
  printf(",\"drops\":%llu}\n", (unsigned long long) drops_of(fds, count));
  return 0;
}
