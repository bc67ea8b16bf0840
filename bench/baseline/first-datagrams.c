/* Sends the first datagrams that a process receives.
 *
 *   first-datagrams --ports P [--count N] [--interval MICROS]
 *
 * It waits until the receiver is idle. Each datagram begins with the time of
 * its send on the monotonic clock, in nanoseconds. It never sleeps between two
 * datagrams, so that it keeps short intervals.
 */
#include "baseline.h"

#define SETTLE 150000000

static void wait_until(uint64_t time) {
  while (bench_now() < time && !bench_stopped)
    bench_pause();
}

int main(int argc, char** argv) {
  uint8_t payload[64] = {0};
  long count = bench_number(argc, argv, "count", 1);
  uint64_t interval = (uint64_t) bench_number(argc, argv, "interval", 0) * 1000;
  struct sockaddr_in receiver =
      bench_loopback((uint16_t) bench_number(argc, argv, "ports", 0));
  struct timespec settle = {.tv_nsec = SETTLE};
  int fd = bench_socket(0);
  uint64_t next;
  long i;

  bench_init();
  if (connect(fd, (struct sockaddr*) &receiver, sizeof(receiver)) != 0)
    bench_fail("connect");
  bench_ready(&fd, 1);
  nanosleep(&settle, NULL);
  next = bench_now();
  for (i = 0; i < count && !bench_stopped; i++) {
    uint64_t now;

    wait_until(next);
    now = bench_now();
    next = now + interval;
    memcpy(payload, &now, sizeof(now));
    if (send(fd, payload, sizeof(payload), 0) < 0 && errno != ECONNREFUSED)
      bench_fail("send");
  }
  while (!bench_stopped)
    pause();
  printf("{\"datagrams\":%ld}\n", i);
  return 0;
}
