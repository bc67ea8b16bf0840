/* The load of the echo scenarios. It keeps requests in flight and measures the
 * round-trip time of each.
 *
 *   echo-client --ports P [--size BYTES] [--flight N] [--sources N]
 *               [--pause MICROS] [--warm MS --measure MS]
 *
 * --sources  the server sees this many clients. They are addresses of
 *            127.0.0.0/8; one socket sends from each in turn (IP_PKTINFO)
 * --pause    delays the next request, so that the server falls asleep
 *
 * The client never sleeps, so its own wake-ups are not measured. It uses no GSO
 * and no GRO, like separate clients.
 */
#include "baseline.h"

#define FLIGHT 64
#define SIZE_MAX_PAYLOAD 1472
#define LOST_AFTER 200000000
#define SAMPLES (1 << 22)
/* The first source address. The network and broadcast addresses of 127.0.0.0/8
 * are out of range. */
#define FIRST_SOURCE 0x7f010000u

typedef struct {
  _Alignas(struct cmsghdr) char bytes[CMSG_SPACE(sizeof(struct in_pktinfo))];
} ancillary_t;

typedef struct {
  struct mmsghdr headers[FLIGHT];
  struct iovec vectors[FLIGHT];
  ancillary_t ancillary[FLIGHT];
  uint8_t buffers[FLIGHT][SIZE_MAX_PAYLOAD];
  size_t size;
} batch_t;

typedef struct {
  struct sockaddr_in server;
  uint64_t pause;     /* in nanoseconds */
  uint64_t last_time; /* of a send or a receive */
  uint32_t sources;
  uint32_t next_source;
  int flight; /* requests without a reply */
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

/* One source: a connected socket. Several: a socket bound to all addresses. */
static void client_open(client_t* client, uint32_t sources) {
  struct sockaddr_in any = {.sin_family = AF_INET};

  client->sources = sources;
  if (sources == 1) {
    client->fd = bench_socket(0);
    if (connect(client->fd,
                (struct sockaddr*) &client->server,
                sizeof(client->server)) != 0)
      bench_fail("connect");
    return;
  }
  client->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (client->fd < 0)
    bench_fail("socket");
  if (bind(client->fd, (struct sockaddr*) &any, sizeof(any)) != 0)
    bench_fail("bind");
}

static void set_source(client_t* client, batch_t* batch, int i) {
  struct msghdr* header = &batch->headers[i].msg_hdr;
  struct in_pktinfo info = {0};
  struct cmsghdr* cmsg;

  info.ipi_spec_dst.s_addr = htonl(FIRST_SOURCE + client->next_source);
  if (++client->next_source == client->sources)
    client->next_source = 0;
  header->msg_name = &client->server;
  header->msg_namelen = sizeof(client->server);
  header->msg_control = batch->ancillary[i].bytes;
  header->msg_controllen = sizeof(batch->ancillary[i].bytes);
  cmsg = CMSG_FIRSTHDR(header);
  cmsg->cmsg_level = IPPROTO_IP;
  cmsg->cmsg_type = IP_PKTINFO;
  cmsg->cmsg_len = CMSG_LEN(sizeof(info));
  memcpy(CMSG_DATA(cmsg), &info, sizeof(info));
}

static void request(client_t* client, batch_t* batch, int count) {
  uint64_t now = bench_now();
  int done = 0;
  int i;

  for (i = 0; i < count; i++) {
    memcpy(batch->buffers[i], &now, sizeof(now));
    if (client->sources > 1)
      set_source(client, batch, i);
  }
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

/* Returns the number of replies. */
static int receive(client_t* client, batch_t* batch) {
  int i;

  for (i = 0; i < FLIGHT; i++) {
    struct msghdr* header = &batch->headers[i].msg_hdr;

    header->msg_name = NULL;
    header->msg_namelen = 0;
    header->msg_control = NULL;
    header->msg_controllen = 0;
  }
  return recvmmsg(client->fd, batch->headers, FLIGHT, MSG_DONTWAIT, NULL);
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
  /* A reply may follow after it was counted as lost. */
  client->flight = client->flight > count ? client->flight - count : 0;
  client->last_time = now;
}

/* Reads replies and sends as many new requests. */
static void exchange(client_t* client,
                     batch_t* batch,
                     bench_window_t* window,
                     int flight) {
  int n = receive(client, batch);

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
  static batch_t batch;
  static client_t client;
  int flight = (int) bench_number(argc, argv, "flight", 1);
  long sources = bench_number(argc, argv, "sources", 1);
  bench_window_t window;

  bench_init();
  bench_window_init(&window, argc, argv);
  if (flight < 1 || flight > FLIGHT || sources < 1 || sources > 1 << 20) {
    fprintf(stderr,
            "--flight: expected 1 to %d, --sources: 1 to %d\n",
            FLIGHT,
            1 << 20);
    return 1;
  }
  batch_init(&batch, (size_t) bench_number(argc, argv, "size", 64));
  samples = malloc(SAMPLES * sizeof(*samples));
  client.server =
      bench_loopback((uint16_t) bench_number(argc, argv, "ports", 0));
  client.pause = (uint64_t) bench_number(argc, argv, "pause", 0) * 1000;
  client_open(&client, (uint32_t) sources);
  request(&client, &batch, flight);
  bench_ready(&client.fd, 1);
  while (!bench_stopped && !bench_window_ended(&window))
    exchange(&client, &batch, &window, flight);
  bench_window_print(&window);
  qsort(samples, sample_count, sizeof(*samples), by_value);
  printf(",\"lost\":%llu,\"rtt50Nanos\":%u,\"rtt99Nanos\":%u}\n",
         (unsigned long long) lost,
         percentile(50),
         percentile(99));
  free(samples);
  return 0;
}
