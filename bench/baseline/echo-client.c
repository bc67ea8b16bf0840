/* The load of the echo scenarios. It keeps requests in flight and measures the
 * round-trip time of each.
 *
 *   echo-client --ports P [--size BYTES] [--flight N] [--sockets N]
 *               [--pause MICROS] [--warm MS --measure MS]
 *
 * --flight counts requests per socket. --pause delays the next request, so that
 * the server falls asleep. The client never sleeps, so its own wake-ups are not
 * measured. It uses no GSO and no GRO, like separate clients.
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
  uint8_t buffers[FLIGHT][SIZE_MAX_PAYLOAD];
  size_t size;
} batch_t;

typedef struct {
  uint64_t pause;     /* in nanoseconds */
  uint64_t last_time; /* of a send or a receive */
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
    batch->vectors[i].iov_base = batch->buffers[i];
    batch->vectors[i].iov_len = size;
    batch->headers[i].msg_hdr.msg_iov = &batch->vectors[i];
    batch->headers[i].msg_hdr.msg_iovlen = 1;
  }
}

static void request(client_t* client, batch_t* batch, int count) {
  uint64_t now = bench_now();
  int done = 0;
  int i;

  for (i = 0; i < count; i++)
    memcpy(batch->buffers[i], &now, sizeof(now));
  while (done < count && !bench_stopped) {
    int n = sendmmsg(
        client->fd, batch->headers + done, (unsigned) (count - done), 0);

    if (n > 0)
      done += n;
    else if (errno != EAGAIN && errno != EINTR && errno != ECONNREFUSED)
      bench_fail("sendmmsg");
  }
  client->flight += count;
  client->last_time = now;
}

static void record_replies(client_t* client,
                           batch_t* batch,
                           bench_window_t* window,
                           int count) {
  uint64_t now = bench_now();
  int i;

  for (i = 0; i < count; i++) {
    uint64_t sent;

    memcpy(&sent, batch->buffers[i], sizeof(sent));
    if (window->open && sample_count < SAMPLES)
      samples[sample_count++] = (uint32_t) (now - sent);
  }
  window->datagrams += (uint64_t) count;
  window->bytes += (uint64_t) count * batch->size;
  client->flight -= count;
  client->last_time = now;
}

/* Reads replies and sends as many new requests. */
static void exchange(client_t* client,
                     batch_t* batch,
                     bench_window_t* window,
                     int flight) {
  int n = recvmmsg(client->fd, batch->headers, FLIGHT, MSG_DONTWAIT, NULL);

  if (n > 0) {
    record_replies(client, batch, window, n);
  } else if (bench_now() - client->last_time > LOST_AFTER) {
    lost += (uint64_t) client->flight;
    client->flight = 0;
  }
  if (client->flight < flight &&
      bench_now() - client->last_time >= client->pause)
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
  int flight = (int) bench_number(argc, argv, "flight", 1);
  int count = (int) bench_number(argc, argv, "sockets", 1);
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  struct sockaddr_in server;
  uint64_t checked = bench_now();
  bench_window_t window;
  int i;

  bench_init();
  bench_window_init(&window, argc, argv);
  if (flight > FLIGHT || count > SOCKETS)
    return 1;
  batch_init(&batch, (size_t) bench_number(argc, argv, "size", 64));
  samples = malloc(SAMPLES * sizeof(*samples));
  server = bench_loopback((uint16_t) bench_number(argc, argv, "ports", 0));
  for (i = 0; i < count; i++) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &clients[i]};

    clients[i].fd = bench_socket(0);
    clients[i].pause = (uint64_t) bench_number(argc, argv, "pause", 0) * 1000;
    if (connect(clients[i].fd, (struct sockaddr*) &server, sizeof(server)) != 0)
      bench_fail("connect");
    epoll_ctl(epoll, EPOLL_CTL_ADD, clients[i].fd, &event);
    request(&clients[i], &batch, flight);
  }
  bench_ready(&clients[0].fd, 1);
  while (!bench_stopped && !bench_window_ended(&window)) {
    int n;

    if (count == 1) {
      exchange(&clients[0], &batch, &window, flight);
      continue;
    }
    n = epoll_wait(epoll, events, SOCKETS, 0);
    for (i = 0; i < n; i++)
      exchange(events[i].data.ptr, &batch, &window, flight);
    /* Lost replies do not wake up epoll. */
    if (n == 0 && bench_now() - checked > LOST_AFTER) {
      checked = bench_now();
      for (i = 0; i < count; i++)
        exchange(&clients[i], &batch, &window, flight);
    }
  }
  bench_window_print(&window);
  qsort(samples, sample_count, sizeof(*samples), by_value);
  printf(",\"lost\":%llu,\"rtt50Nanos\":%u,\"rtt99Nanos\":%u}\n",
         (unsigned long long) lost,
         percentile(50),
         percentile(99));
  free(samples);
  return 0;
}
