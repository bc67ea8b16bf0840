/* Sends: the peer of the receive scenarios, and the C floor of the send
 * scenarios.
 *
 *   send --ports P[,P...] --size BYTES [--segment 1] [--connected 1]
 *        [--window BYTES [--share 1] | --rate PER_SECOND | --burst N]
 *        [--warm MS --measure MS]
 *
 * --segment  runs of up to 64 datagrams in one message (UDP_SEGMENT); otherwise
 *            each is a message of its own in sendmmsg()
 * --window   closed loop: fills the receiver's queue, up to so much memory
 * --share    with --window: sleeps while the queue is full. For a sender on the
 *            receiver's own CPU: a plain sender takes longer for a datagram
 *            than a good receiver, so from another CPU it never builds up a
 *            queue. Here the two take turns, and the receiver finds one.
 * --rate     open loop: so many datagrams a second, each to a port by chance
 * neither    as fast as it goes, to the ports in turn, --burst datagrams a call
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
  uint16_t ports[FLOOR_PORTS];
  unsigned burst;             /* datagrams in one call, 0: any number */
  unsigned messages;          /* that these are */
  unsigned lengths[MESSAGES]; /* of each, in datagrams */
  struct mmsghdr headers[MESSAGES];
  struct iovec vectors[MESSAGES];
  struct sockaddr_in peers[FLOOR_PORTS];
  _Alignas(
      struct cmsghdr) char controls[MESSAGES][CMSG_SPACE(sizeof(uint16_t))];
} sender_t;

static uint8_t payload[FLOOR_RUN_BYTES];

static unsigned run_length(const sender_t* sender) {
  unsigned fit = (unsigned) (FLOOR_RUN_BYTES / sender->size);

  if (!sender->segment)
    return 1;
  return fit < FLOOR_SEGMENTS ? fit : FLOOR_SEGMENTS;
}

static void prepare(sender_t* sender) {
  unsigned run = run_length(sender);
  unsigned left = sender->burst > 0 ? sender->burst : MESSAGES * run;
  unsigned i;

  for (i = 0; i < MESSAGES && left > 0; i++) {
    struct msghdr* header = &sender->headers[i].msg_hdr;
    unsigned length = run < left ? run : left;

    left -= length;
    sender->messages++;
    sender->lengths[i] = length;
    sender->vectors[i].iov_base = payload;
    sender->vectors[i].iov_len = sender->size * length;
    header->msg_iov = &sender->vectors[i];
    header->msg_iovlen = 1;
    if (length > 1)
      floor_segment(header, sender->controls[i], sender->size);
    if (sender->connected)
      continue;
    header->msg_name = &sender->peers[i % (unsigned) sender->port_count];
    header->msg_namelen = sizeof(sender->peers[0]);
  }
}

/* Returns the number of datagrams that left. */
static uint64_t transmit(sender_t* sender, unsigned count) {
  uint64_t datagrams = 0;
  unsigned done = 0;
  unsigned i;

  while (done < count && !floor_stopped) {
    int n = sendmmsg(sender->fd, sender->headers + done, count - done, 0);

    if (n > 0)
      done += (unsigned) n;
    else if (errno == ECONNREFUSED)
      break; /* The receiver has gone: the runner is about to stop us. */
    else if (errno != EAGAIN && errno != EINTR && errno != ENOBUFS)
      floor_fail("sendmmsg");
  }
  for (i = 0; i < done; i++)
    datagrams += sender->lengths[i];
  return datagrams;
}

static void count_sent(const sender_t* sender,
                       floor_window_t* window,
                       uint64_t sent) {
  window->datagrams += sent;
  window->bytes += sent * sender->size;
}

static void rest(int turns) {
  while (turns-- > 0)
    floor_pause();
}

/* Until the receiver has read some. */
static void give_way(const sender_t* sender) {
  struct timespec nap = {.tv_nsec = 50000};

  if (sender->share)
    nanosleep(&nap, NULL);
  else
    rest(20);
}

/* The receiver's queue goes with the receiver, and its end is ours. */
static void read_queue(const queue_t* queue, queue_state_t* state) {
  if (!queue_read(queue, state))
    floor_stopped = 1;
}

/* What one message takes in the receiver's queue. It depends on the receiver:
 * a run is one packet to those who merge, and 64 to the others. */
static uint32_t learn_footprint(sender_t* sender, const queue_t* queue) {
  uint32_t most = 256;
  queue_state_t state = {0};
  int i;

  for (i = 0; i < 20 && !floor_stopped; i++) {
    for (;;) {
      read_queue(queue, &state);
      if (state.used == 0 || floor_stopped)
        break;
      give_way(sender);
    }
    rest(2000); /* so that it sleeps, and we look before it has woken up */
    transmit(sender, 1);
    read_queue(queue, &state);
    if (state.used > most)
      most = state.used;
  }
  return most;
}

/* Keeps the receiver's queue filled, and from overflowing. It is filled up when
 * half is used, not for every single message: a receiver faster than the sender
 * would otherwise be woken up for each, and that is most of what would be
 * measured. */
static uint32_t send_closed_loop(sender_t* sender,
                                 uint32_t most,
                                 floor_window_t* window) {
  uint32_t message;
  queue_state_t state = {0};
  queue_t queue;

  queue_open(&queue, sender->ports[0]);
  if (!queue_read(&queue, &state)) {
    fprintf(stderr, "the kernel does not tell the receiver's queue\n");
    exit(1);
  }
  message = learn_footprint(sender, &queue);
  while (!floor_stopped && !floor_window_ended(window)) {
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

static void send_at_rate(sender_t* sender, long rate, floor_window_t* window) {
  uint64_t start = floor_now();
  uint32_t random = 2463534242;

  while (!floor_stopped && !floor_window_ended(window)) {
    struct timespec nap = {.tv_nsec = 500000};
    uint64_t due = (floor_now() - start) / 1000 * (uint64_t) rate / 1000000;

    while (window->datagrams < due && !floor_stopped) {
      uint32_t port = next_random(&random) % (uint32_t) sender->port_count;

      sender->headers[0].msg_hdr.msg_name = &sender->peers[port];
      count_sent(sender, window, transmit(sender, 1));
    }
    nanosleep(&nap, NULL);
  }
}

static void send_flood(sender_t* sender, floor_window_t* window) {
  while (!floor_stopped && !floor_window_ended(window))
    count_sent(sender, window, transmit(sender, sender->messages));
}

int main(int argc, char** argv) {
  static sender_t sender;
  long most = floor_number(argc, argv, "window", 0);
  long rate = floor_number(argc, argv, "rate", 0);
  floor_window_t window;
  uint32_t drops = 0; /* by the receiver's socket */
  int i;

  floor_init();
  floor_window_init(&window, argc, argv);
  sender.fd = floor_socket(0);
  sender.size = (size_t) floor_number(argc, argv, "size", 64);
  sender.burst = (unsigned) floor_number(argc, argv, "burst", 0);
  sender.segment = floor_number(argc, argv, "segment", 0) != 0;
  sender.share = floor_number(argc, argv, "share", 0) != 0;
  sender.connected = floor_number(argc, argv, "connected", 0) != 0;
  sender.port_count =
      floor_ports(floor_text(argc, argv, "ports"), sender.ports);
  for (i = 0; i < sender.port_count; i++)
    sender.peers[i] = floor_loopback(sender.ports[i]);
  if (sender.connected && connect(sender.fd,
                                  (struct sockaddr*) &sender.peers[0],
                                  sizeof(sender.peers[0])) != 0)
    floor_fail("connect");
  prepare(&sender);
  floor_ready(&sender.fd, 1);
  if (most > 0)
    drops = send_closed_loop(&sender, (uint32_t) most, &window);
  else if (rate > 0)
    send_at_rate(&sender, rate, &window);
  else
    send_flood(&sender, &window);
  floor_window_print(&window);
  printf(",\"drops\":%u}\n", drops);
  return 0;
}
