/* Sends on what it receives. It is the C baseline of the relay scenarios.
 *
 *   relay --ports P [--warm MS --measure MS]
 *
 * One recvmmsg() and one sendmmsg() per wake-up. A GRO buffer leaves as one GSO
 * send.
 */
#include <poll.h>

#include "baseline.h"

#define SLOTS 32
#define SLOT_SIZE 65536

typedef struct {
  _Alignas(struct cmsghdr) char bytes[CMSG_SPACE(sizeof(int))];
} ancillary_t;

static struct mmsghdr headers[SLOTS];
static struct iovec vectors[SLOTS];
static ancillary_t ancillary[SLOTS];
static uint8_t buffers[SLOTS][SLOT_SIZE];

static int receive(int fd) {
  int i;

  for (i = 0; i < SLOTS; i++) {
    struct msghdr* header = &headers[i].msg_hdr;

    vectors[i].iov_base = buffers[i];
    vectors[i].iov_len = SLOT_SIZE;
    header->msg_iov = &vectors[i];
    header->msg_iovlen = 1;
    header->msg_control = ancillary[i].bytes;
    header->msg_controllen = sizeof(ancillary[i].bytes);
  }
  return recvmmsg(fd, headers, SLOTS, MSG_DONTWAIT, NULL);
}

/* The size of each datagram in a GRO buffer, otherwise 0. */
static size_t segment_size(struct msghdr* header) {
  struct cmsghdr* cmsg = CMSG_FIRSTHDR(header);
  int size;

  if (cmsg == NULL || cmsg->cmsg_level != IPPROTO_UDP ||
      cmsg->cmsg_type != UDP_GRO)
    return 0;
  memcpy(&size, CMSG_DATA(cmsg), sizeof(size));
  return (size_t) size;
}

/* Prepares a received message for sending. Returns its datagrams. */
static uint64_t turn_around(int i) {
  struct msghdr* header = &headers[i].msg_hdr;
  size_t length = headers[i].msg_len;
  size_t size = segment_size(header);

  vectors[i].iov_len = length;
  header->msg_control = NULL;
  header->msg_controllen = 0;
  if (size == 0 || size >= length)
    return 1;
  bench_segment(header, ancillary[i].bytes, size);
  return (length + size - 1) / size;
}

static void forward(int fd, bench_window_t* window, int count) {
  int done = 0;
  int i;

  for (i = 0; i < count; i++) {
    window->bytes += headers[i].msg_len;
    window->datagrams += turn_around(i);
  }
  while (done < count && !bench_stopped) {
    int n = sendmmsg(fd, headers + done, (unsigned) (count - done), 0);

    if (n > 0)
      done += n;
    else if (errno == ECONNREFUSED)
      break; /* The sink is closed and the runner is about to stop us. */
    else if (errno != EAGAIN && errno != EINTR && errno != ENOBUFS)
      bench_fail("sendmmsg");
  }
}

int main(int argc, char** argv) {
  struct sockaddr_in sink =
      bench_loopback((uint16_t) bench_number(argc, argv, "ports", 0));
  int on = 1;
  int input = bench_socket(1024 * 1024);
  int output = bench_socket(0);
  struct pollfd readable = {.fd = input, .events = POLLIN};
  bench_window_t window;

  bench_init();
  bench_window_init(&window, argc, argv);
  setsockopt(input, IPPROTO_UDP, UDP_GRO, &on, sizeof(on));
  if (connect(output, (struct sockaddr*) &sink, sizeof(sink)) != 0)
    bench_fail("connect");
  bench_ready(&input, 1);
  while (!bench_stopped && !bench_window_ended(&window)) {
    int n = poll(&readable, 1, 50) > 0 ? receive(input) : 0;

    if (n > 0)
      forward(output, &window, n);
  }
  bench_window_print(&window);
  printf("}\n");
  return 0;
}
