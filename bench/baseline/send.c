/* Sends datagrams. It is the peer of the receive scenarios and the C baseline
 * of the send scenarios.
 *
 *   send --ports P[,P...] [--size BYTES | --text TEXT] [--segment 1]
 *        [--connected 1]
 *        [--window BYTES [--share 1] | --rate PER_SECOND [--burst N] |
 *         --burst N]
 *        [--warm MS --measure MS]
 *
 * --text     payload of every datagram; otherwise zeros
 * --segment  GSO: up to 64 datagrams in one message; otherwise each datagram is
 *            a separate message of sendmmsg()
 * --window   closed loop: keeps so many bytes in the receiver's queue
 * --share    with --window: sleeps while the queue is full, for a sender on the
 *            receiver's CPU. Without GSO a sender takes longer per datagram
 *            than a fast receiver, and never fills the queue from another CPU.
 *            On one CPU they alternate, and the receiver finds a full queue
 * --rate     open loop: so many datagrams per second, each to a random port.
 *            After a delay it sends at most --burst at once and skips the rest
 * otherwise  as fast as possible to the ports in turn, --burst datagrams a call
 */
#include <netinet/in.h>

#include "baseline.h"
#include "queue.h"

#define MESSAGES 128

typedef struct {
  int fd;
  size_t size;
  bool segment;
  bool connected;
  bool share;
  int port_count;
  uint16_t ports[BENCH_PORTS];
  unsigned burst;             /* datagrams per call, 0: any number */
  unsigned messages;          /* per call */
  unsigned lengths[MESSAGES]; /* datagrams in each message */
  struct mmsghdr headers[MESSAGES];
  struct iovec vectors[MESSAGES];
  struct sockaddr_in peers[BENCH_PORTS];
  _Alignas(
      struct cmsghdr) char ancillary[MESSAGES][CMSG_SPACE(sizeof(uint16_t))];
} sender_t;

static uint8_t payload[BENCH_GROUP_BYTES];

/* Every datagram of a segment group gets the text. Returns its length. */
static size_t fill_payload(const char* text) {
  size_t length = strlen(text);
  size_t at;

  if (length == 0 || length > 1400) {
    fprintf(stderr, "--text: expected 1 to 1400 bytes\n");
    exit(1);
  }
  for (at = 0; at < sizeof(payload); at++)
    payload[at] = (uint8_t) text[at % length];
  return length;
}

static unsigned group_length(const sender_t* sender) {
  unsigned fit = (unsigned) (BENCH_GROUP_BYTES / sender->size);

  if (!sender->segment)
    return 1;
  return fit < BENCH_SEGMENTS ? fit : BENCH_SEGMENTS;
}

static void prepare(sender_t* sender) {
  unsigned group = group_length(sender);
  unsigned left = sender->burst > 0 ? sender->burst : MESSAGES * group;
  unsigned i;

  for (i = 0; i < MESSAGES && left > 0; i++) {
    struct msghdr* header = &sender->headers[i].msg_hdr;
    unsigned length = group < left ? group : left;

    left -= length;
    sender->messages++;
    sender->lengths[i] = length;
    sender->vectors[i].iov_base = payload;
    sender->vectors[i].iov_len = sender->size * length;
    header->msg_iov = &sender->vectors[i];
    header->msg_iovlen = 1;
    if (length > 1)
      bench_segment(header, sender->ancillary[i], sender->size);
    if (sender->connected)
      continue;
    header->msg_name = &sender->peers[i % (unsigned) sender->port_count];
    header->msg_namelen = sizeof(sender->peers[0]);
  }
}

/* Returns the number of datagrams sent. */
static uint64_t transmit(sender_t* sender, unsigned count) {
  uint64_t datagrams = 0;
  unsigned done = 0;
  unsigned i;

  while (done < count && !bench_stopped) {
    int n = sendmmsg(sender->fd, sender->headers + done, count - done, 0);

    if (n > 0)
      done += (unsigned) n;
    else if (errno == ECONNREFUSED)
      break; /* The receiver is closed and the runner is about to stop us. */
    else if (errno != EAGAIN && errno != EINTR && errno != ENOBUFS)
      bench_fail("sendmmsg");
  }
  for (i = 0; i < done; i++)
    datagrams += sender->lengths[i];
  return datagrams;
}

static void count_sent(const sender_t* sender,
                       bench_window_t* window,
                       uint64_t sent) {
  window->datagrams += sent;
  window->bytes += sent * sender->size;
}

static void spin(int iterations) {
  while (iterations-- > 0)
    bench_pause();
}

/* Gives the receiver time to read. */
static void give_way(const sender_t* sender) {
  struct timespec nap = {.tv_nsec = 50000};

  if (sender->share)
    nanosleep(&nap, NULL);
  else
    spin(20);
}

/* Stops when the receiver has closed its socket. */
static void read_queue(const queue_t* queue, queue_state_t* state) {
  if (!queue_read(queue, state))
    bench_stopped = 1;
}

/* Bytes of kernel memory that one message takes in the receiver's queue. A
 * segment group is one packet to a receiver with GRO, and 64 to others. */
static uint32_t learn_footprint(sender_t* sender, const queue_t* queue) {
  uint32_t most = 256;
  queue_state_t state = {0};
  int i;

  for (i = 0; i < 20 && !bench_stopped; i++) {
    for (;;) {
      read_queue(queue, &state);
      if (state.used == 0 || bench_stopped)
        break;
      give_way(sender);
    }
    spin(2000); /* until the receiver sleeps, so that we read before it does */
    transmit(sender, 1);
    read_queue(queue, &state);
    if (state.used > most)
      most = state.used;
  }
  return most;
}

/* Keeps the receiver's queue filled without overflow. It is refilled when half
 * is used, not after every message. Otherwise a receiver that is faster than
 * the sender would be woken up for each message, and wake-ups would dominate
 * its CPU time. */
static uint32_t send_closed_loop(sender_t* sender,
                                 uint32_t most,
                                 bench_window_t* window) {
  uint32_t message;
  queue_state_t state = {0};
  queue_t queue;

  queue_open(&queue, sender->ports[0]);
  if (!queue_read(&queue, &state)) {
    fprintf(stderr,
            "cannot read the receiver's queue: the kernel needs udp_diag\n");
    exit(1);
  }
  message = learn_footprint(sender, &queue);
  while (!bench_stopped && !bench_window_ended(window)) {
    uint32_t limit;
    uint32_t fit;

    read_queue(&queue, &state);
    limit = state.limit / 4 * 3;
    if (limit > most)
      limit = most;
    if (state.used > limit / 2) {
      give_way(sender);
      continue;
    }
    fit = (limit - state.used) / message;
    if (fit > MESSAGES)
      fit = MESSAGES;
    count_sent(sender, window, transmit(sender, fit > 0 ? fit : 1));
  }
  return state.drops;
}

static uint32_t next_random(uint32_t* state) {
  *state ^= *state << 13;
  *state ^= *state >> 17;
  *state ^= *state << 5;
  return *state;
}

static void send_at_rate(sender_t* sender, long rate, bench_window_t* window) {
  uint64_t start = bench_now();
  uint64_t skipped = 0;
  uint32_t random = 2463534242;

  while (!bench_stopped && !bench_window_ended(window)) {
    struct timespec nap = {.tv_nsec = 500000};
    uint64_t due = (bench_now() - start) / 1000 * (uint64_t) rate / 1000000;

    due -= skipped;
    if (sender->burst > 0 && due > window->datagrams + sender->burst) {
      skipped += due - window->datagrams - sender->burst;
      due = window->datagrams + sender->burst;
    }
    while (window->datagrams < due && !bench_stopped) {
      uint32_t port = next_random(&random) % (uint32_t) sender->port_count;

      sender->headers[0].msg_hdr.msg_name = &sender->peers[port];
      count_sent(sender, window, transmit(sender, 1));
    }
    nanosleep(&nap, NULL);
  }
}

static void send_flood(sender_t* sender, bench_window_t* window) {
  while (!bench_stopped && !bench_window_ended(window))
    count_sent(sender, window, transmit(sender, sender->messages));
}

int main(int argc, char** argv) {
  static sender_t sender;
  long most = bench_number(argc, argv, "window", 0);
  long rate = bench_number(argc, argv, "rate", 0);
  bench_window_t window;
  uint32_t drops = 0; /* by the receiver's socket */
  const char* text;
  int i;

  bench_init();
  bench_window_init(&window, argc, argv);
  sender.fd = bench_socket(0);
  text = bench_text(argc, argv, "text");
  sender.size = (size_t) bench_number(argc, argv, "size", 64);
  if (text != NULL)
    sender.size = fill_payload(text);
  sender.burst = (unsigned) bench_number(argc, argv, "burst", 0);
  sender.segment = bench_number(argc, argv, "segment", 0) != 0;
  sender.share = bench_number(argc, argv, "share", 0) != 0;
  sender.connected = bench_number(argc, argv, "connected", 0) != 0;
  sender.port_count =
      bench_ports(bench_text(argc, argv, "ports"), sender.ports);
  for (i = 0; i < sender.port_count; i++)
    sender.peers[i] = bench_loopback(sender.ports[i]);
  if (sender.connected && connect(sender.fd,
                                  (struct sockaddr*) &sender.peers[0],
                                  sizeof(sender.peers[0])) != 0)
    bench_fail("connect");
  prepare(&sender);
  bench_ready(&sender.fd, 1);
  if (most > 0)
    drops = send_closed_loop(&sender, (uint32_t) most, &window);
  else if (rate > 0)
    send_at_rate(&sender, rate, &window);
  else
    send_flood(&sender, &window);
  bench_window_print(&window);
  printf(",\"drops\":%u}\n", drops);
  return 0;
}
