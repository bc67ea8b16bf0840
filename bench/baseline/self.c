/* Sends one datagram at a time to its own socket. It is the C baseline of the
 * scenario of that name.
 *
 *   self --count N [--size BYTES]
 */
#include <sys/epoll.h>

#include "baseline.h"

int main(int argc, char** argv) {
  uint64_t count = (uint64_t) bench_number(argc, argv, "count", 1);
  size_t size = (size_t) bench_number(argc, argv, "size", 64);
  uint8_t payload[1472] = {0};
  struct epoll_event event = {.events = EPOLLIN};
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  int fd = bench_socket(0);
  struct sockaddr_in self = bench_loopback(bench_port(fd));
  bench_window_t window;

  bench_init();
  bench_window_init(&window, argc, argv);
  if (size > sizeof(payload))
    return 1;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
    bench_fail("epoll_ctl");
  bench_ready(&fd, 1);
  bench_window_open(&window);
  while (window.datagrams < count && !bench_stopped) {
    if (sendto(fd, payload, size, 0, (struct sockaddr*) &self, sizeof(self)) <
        0)
      bench_fail("sendto");
    if (epoll_wait(epoll, &event, 1, 50) <= 0)
      continue;
    if (recv(fd, payload, sizeof(payload), 0) >= 0)
      window.datagrams++;
  }
  bench_window_print(&window);
  printf("}\n");
  return 0;
}
