/* A client that opens a socket for each request and closes it after the reply.
 * It is the C baseline of the scenario of that name.
 *
 *   socket-per-request --ports P --count N [--concurrent N]
 */
#include <sys/epoll.h>

#include "baseline.h"

#define REQUEST_SIZE 48
#define CONCURRENT 256

/* The first send binds the socket. */
static void request(int epoll, const struct sockaddr_in* server) {
  uint8_t payload[REQUEST_SIZE] = {0};
  struct epoll_event event = {.events = EPOLLIN};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  if (fd < 0)
    bench_fail("socket");
  event.data.fd = fd;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
    bench_fail("epoll_ctl");
  if (sendto(fd,
             payload,
             sizeof(payload),
             0,
             (const struct sockaddr*) server,
             sizeof(*server)) < 0)
    bench_fail("sendto");
}

static bool read_reply(int fd) {
  uint8_t reply[REQUEST_SIZE];

  if (recv(fd, reply, sizeof(reply), 0) < 0)
    return false;
  close(fd);
  return true;
}

int main(int argc, char** argv) {
  uint64_t count = (uint64_t) bench_number(argc, argv, "count", 1);
  uint64_t concurrent = (uint64_t) bench_number(argc, argv, "concurrent", 20);
  struct sockaddr_in server =
      bench_loopback((uint16_t) bench_number(argc, argv, "ports", 0));
  struct epoll_event events[CONCURRENT];
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  bench_window_t window;
  uint64_t i;

  bench_init();
  bench_window_init(&window, argc, argv);
  bench_ready(NULL, 0);
  bench_window_open(&window);
  for (i = 0; i < concurrent && i < CONCURRENT; i++)
    request(epoll, &server);
  while (window.datagrams < count && !bench_stopped) {
    int n = epoll_wait(epoll, events, CONCURRENT, 50);
    int at;

    for (at = 0; at < n; at++) {
      if (!read_reply(events[at].data.fd))
        continue;
      window.datagrams++;
      request(epoll, &server);
    }
  }
  bench_window_print(&window);
  printf("}\n");
  return 0;
}
