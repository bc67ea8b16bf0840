/* The load of the echo scenarios: keeps requests in flight, and measures the
 * time each takes there and back.
 *
 *   echo-client --ports P [--size BYTES] [--flight N] [--sockets N]
 *               [--pause MICROS] [--warm MS --measure MS]
 *
 * --flight is for each socket; --pause comes before the next request, and gives
 * the server the time to fall asleep. The client itself never sleeps, so that
 * what is measured is the server's delay and not its own. It sends and reads
 * without segmentation, as many separate clients would.
 */
#include <sys/epoll.h>

#include "baseline.h"

#define FLIGHT 64
#define SOCKETS 256
#define SIZE_MAX_PAYLOAD 1472
#define LOST_AFTER 200000000
#define SAMPLES (1 << 22)

typedef struct {
  struct mmsghdr headers[FLIGHT];
  struct iovec vectors[FLIGHT];
  uint8_t slab[FLIGHT][SIZE_MAX_PAYLOAD];
  size_t size;
} batch_t;

typedef struct {
  uint64_t pause;     /* in nanoseconds */
  uint64_t last_time; /* something was sent or came in */
  int flight;         /* requests without a reply */
  int fd;
} client_t;

static uint32_t* samples;
static size_t sample_count;
static uint64_t lost;

static void batch_init(batch_t* batch, size_t size) {
  int i;

  memset(batch, 0, sizeof(*batch));
  batch->size = size;
  for (i = 0; i < FLIGHT; i++) {
    batch->vectors[i].iov_base = batch->slab[i];
    batch->vectors[i].iov_len = size;
    batch->headers[i].msg_hdr.msg_iov = &batch->vectors[i];
    batch->headers[i].msg_hdr.msg_iovlen = 1;
  }
}

static void request(client_t* client, batch_t* batch, int count) {
  uint64_t now = floor_now();
  int done = 0;
  int i;

  for (i = 0; i < count; i++)
    memcpy(batch->slab[i], &now, sizeof(now));
  while (done < count && !floor_stopped) {
    int n = sendmmsg(
        client->fd, batch->headers + done, (unsigned) (count - done), 0);

    if (n > 0)
      done += n;
    else if (errno != EAGAIN && errno != EINTR && errno != ECONNREFUSED)
      floor_fail("sendmmsg");
  }
  client->flight += count;
  client->last_time = now;
}

static void take(client_t* client,
                 batch_t* batch,
                 floor_window_t* window,
                 int count) {
  uint64_t now = floor_now();
  int i;

  for (i = 0; i < count; i++) {
    uint64_t sent;

    memcpy(&sent, batch->slab[i], sizeof(sent));
    if (window->open && sample_count < SAMPLES)
      samples[sample_count++] = (uint32_t) (now - sent);
  }
  window->datagrams += (uint64_t) count;
  window->bytes += (uint64_t) count * batch->size;
  client->flight -= count;
  client->last_time = now;
}

/* Reads what is there and asks for as much again. */
static void exchange(client_t* client,
                     batch_t* batch,
                     floor_window_t* window,
                     int flight) {
  int n = recvmmsg(client->fd, batch->headers, FLIGHT, MSG_DONTWAIT, NULL);

  if (n > 0) {
    take(client, batch, window, n);
  } else if (floor_now() - client->last_time > LOST_AFTER) {
    lost += (uint64_t) client->flight;
    client->flight = 0;
  }
  if (client->flight < flight &&
      floor_now() - client->last_time >= client->pause)
    request(client, batch, flight - client->flight);
}

static int by_value(const void* a, const void* b) {
  uint32_t left = *(const uint32_t*) a;
  uint32_t right = *(const uint32_t*) b;

  return (left > right) - (left < right);
}

static uint32_t percentile(unsigned hundredths) {
  if (sample_count == 0)
    return 0;
  return samples[(sample_count - 1) * hundredths / 100];
}

int main(int argc, char** argv) {
  static client_t clients[SOCKETS];
  static batch_t batch;
  static struct epoll_event events[SOCKETS];
  int flight = (int) floor_number(argc, argv, "flight", 1);
  int count = (int) floor_number(argc, argv, "sockets", 1);
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  struct sockaddr_in server;
  uint64_t looked = floor_now();
  floor_window_t window;
  int i;

  floor_init();
  floor_window_init(&window, argc, argv);
  if (flight > FLIGHT || count > SOCKETS)
    return 1;
  batch_init(&batch, (size_t) floor_number(argc, argv, "size", 64));
  samples = malloc(SAMPLES * sizeof(*samples));
  server = floor_loopback((uint16_t) floor_number(argc, argv, "ports", 0));
  for (i = 0; i < count; i++) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &clients[i]};

    clients[i].fd = floor_socket(0);
    clients[i].pause = (uint64_t) floor_number(argc, argv, "pause", 0) * 1000;
    if (connect(clients[i].fd, (struct sockaddr*) &server, sizeof(server)) != 0)
      floor_fail("connect");
    epoll_ctl(epoll, EPOLL_CTL_ADD, clients[i].fd, &event);
    request(&clients[i], &batch, flight);
  }
  floor_ready(&clients[0].fd, 1);
  while (!floor_stopped && !floor_window_ended(&window)) {
    int n;

    if (count == 1) {
      exchange(&clients[0], &batch, &window, flight);
      continue;
    }
    n = epoll_wait(epoll, events, SOCKETS, 0);
    for (i = 0; i < n; i++)
      exchange(events[i].data.ptr, &batch, &window, flight);
    /* Those that wait for a reply that was lost. */
    if (n == 0 && floor_now() - looked > LOST_AFTER) {
      looked = floor_now();
      for (i = 0; i < count; i++)
        exchange(&clients[i], &batch, &window, flight);
    }
  }
  floor_window_print(&window);
  qsort(samples, sample_count, sizeof(*samples), by_value);
  printf(",\"lost\":%llu,\"rtt50Nanos\":%u,\"rtt99Nanos\":%u}\n",
         (unsigned long long) lost,
         percentile(50),
         percentile(99));
  free(samples);
  return 0;
}
