/* Opens, binds and closes sockets one after the other, with an event loop. It
 * is the C baseline of the scenario of that name.
 *
 *   open-close --count N
 */
#include <sys/epoll.h>

#include "baseline.h"

static void open_and_close(int epoll) {
  struct epoll_event event = {.events = EPOLLIN};
  int fd = bench_socket(0);

  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
    bench_fail("epoll_ctl");
  close(fd);
}

int main(int argc, char** argv) {
  long count = bench_number(argc, argv, "count", 1);
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  bench_window_t window;
  long i;

  bench_init();
  bench_window_init(&window, argc, argv);
  bench_ready(NULL, 0);
  bench_window_open(&window);
  for (i = 0; i < count && !bench_stopped; i++) {
    open_and_close(epoll);
    window.datagrams++;
  }
  bench_window_print(&window);
  printf("}\n");
  return 0;
}
