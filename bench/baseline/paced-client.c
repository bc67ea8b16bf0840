/* The load of the latency scenarios. It sends requests on a schedule and
 * measures the time from the planned send to the reply. A delay therefore
 * counts in full, and does not reduce the load (coordinated omission).
 *
 *   paced-client --ports P --rate PER_SECOND [--size BYTES]
 *                --warm MS --measure MS
 *
 * A request without a reply after 200 ms counts as one of 200 ms. The result
 * has the latencies as pairs of value and count; a value is exact to 0.4%.
 */
#include "baseline.h"

#define REPLIES 64
#define SIZE_MAX_PAYLOAD 1472
#define LOST_AFTER 200000000
/* Buckets for each power of 2. */
#define STEPS 128
#define BUCKETS (STEPS * 58)

static uint64_t buckets[BUCKETS];
static uint8_t buffers[REPLIES][SIZE_MAX_PAYLOAD];

static size_t bucket_of(uint64_t value) {
  unsigned shift = 0;

  while (value >> shift >= 2 * STEPS)
    shift++;
  return shift * STEPS + (size_t) (value >> shift);
}

/* The middle of a bucket. */
static uint64_t value_of(size_t bucket) {
  size_t shift = bucket < 2 * STEPS ? 0 : bucket / STEPS - 1;

  return ((uint64_t) (bucket - shift * STEPS) << shift) +
         (((uint64_t) 1 << shift) >> 1);
}

static void print_latencies(void) {
  const char* comma = "";
  size_t i;

  printf(",\"latencies\":[");
  for (i = 0; i < BUCKETS; i++) {
    if (buckets[i] == 0)
      continue;
    printf("%s[%llu,%llu]",
           comma,
           (unsigned long long) value_of(i),
           (unsigned long long) buckets[i]);
    comma = ",";
  }
  printf("]");
}

/* Counts the replies to requests that were planned at `from` or later. Returns
 * their number. */
static uint64_t receive(int fd, uint64_t from) {
  static struct mmsghdr headers[REPLIES];
  static struct iovec vectors[REPLIES];
  uint64_t counted = 0;
  uint64_t now;
  int n;
  int i;

  for (i = 0; i < REPLIES; i++) {
    vectors[i].iov_base = buffers[i];
    vectors[i].iov_len = SIZE_MAX_PAYLOAD;
    headers[i].msg_hdr.msg_iov = &vectors[i];
    headers[i].msg_hdr.msg_iovlen = 1;
  }
  n = recvmmsg(fd, headers, REPLIES, MSG_DONTWAIT, NULL);
  now = bench_now();
  for (i = 0; i < n; i++) {
    uint64_t planned;

    memcpy(&planned, buffers[i], sizeof(planned));
    /* A later reply is counted as lost. */
    if (planned < from || now - planned >= LOST_AFTER)
      continue;
    buckets[bucket_of(now - planned)]++;
    counted++;
  }
  return counted;
}

static void request(int fd, uint8_t* payload, size_t size, uint64_t planned) {
  memcpy(payload, &planned, sizeof(planned));
  while (send(fd, payload, size, 0) < 0 && !bench_stopped) {
    if (errno != EAGAIN && errno != EINTR && errno != ENOBUFS &&
        errno != ECONNREFUSED)
      bench_fail("send");
  }
}

int main(int argc, char** argv) {
  static uint8_t payload[SIZE_MAX_PAYLOAD];
  size_t size = (size_t) bench_number(argc, argv, "size", 64);
  uint64_t rate = (uint64_t) bench_number(argc, argv, "rate", 0);
  uint64_t warm = (uint64_t) bench_number(argc, argv, "warm", 0) * 1000000;
  uint64_t length = (uint64_t) bench_number(argc, argv, "measure", 0) * 1000000;
  uint64_t number = 0;   /* of the next request */
  uint64_t counted = 0;  /* requests */
  uint64_t answered = 0; /* of those */
  uint64_t start;
  uint64_t planned;
  struct sockaddr_in server;
  int fd = bench_socket(4 * 1024 * 1024);

  bench_init();
  if (rate == 0 || length == 0 || size < sizeof(planned) ||
      size > SIZE_MAX_PAYLOAD) {
    fprintf(stderr,
            "--rate and --measure are required; --size: 8 to %d\n",
            SIZE_MAX_PAYLOAD);
    return 1;
  }
  server = bench_loopback((uint16_t) bench_number(argc, argv, "ports", 0));
  if (connect(fd, (struct sockaddr*) &server, sizeof(server)) != 0)
    bench_fail("connect");
  bench_ready(&fd, 1);
  start = bench_now();
  for (;;) {
    planned = start + number * 1000000000 / rate;
    if (bench_stopped || planned >= start + warm + length)
      break;
    if (bench_now() >= planned) {
      request(fd, payload, size, planned);
      number++;
      counted += planned >= start + warm;
    }
    answered += receive(fd, start + warm);
  }
  while (!bench_stopped && answered < counted &&
         bench_now() < planned + LOST_AFTER)
    answered += receive(fd, start + warm);
  buckets[bucket_of(LOST_AFTER)] += counted - answered;
  printf("{\"datagrams\":%llu,\"wallNanos\":%llu,\"sent\":%llu,\"lost\":%llu",
         (unsigned long long) answered,
         (unsigned long long) length,
         (unsigned long long) counted,
         (unsigned long long) (counted - answered));
  print_latencies();
  printf("}\n");
  return 0;
}
