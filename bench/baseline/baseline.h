/* Shared by the C programs of the benchmark: options, clocks, sockets, the
 * measured window and the final line of JSON. The programs are the peers of
 * every implementation. They are also the implementation "C baseline": a small
 * C program with the same system calls and no runtime. */
#ifndef BENCH_BASELINE_H
#define BENCH_BASELINE_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Since Linux 4.18 and 5.0; the C library may be older. */
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

#define BENCH_SEGMENTS 64
#define BENCH_GROUP_BYTES 65507
#define BENCH_PORTS 4096

static volatile sig_atomic_t bench_stopped;

static inline void bench_on_signal(int number) {
  (void) number;
  bench_stopped = 1;
}

/* The runner stops a peer with SIGTERM. The kernel does so if the runner dies.
 */
static inline void bench_init(void) {
  struct sigaction action = {.sa_handler = bench_on_signal};

  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGINT, &action, NULL);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
}

static inline void bench_fail(const char* what) {
  perror(what);
  exit(1);
}

/* The value of --name, or NULL. */
static inline const char* bench_text(int argc, char** argv, const char* name) {
  int i;

  for (i = 1; i + 1 < argc; i += 2) {
    if (strncmp(argv[i], "--", 2) == 0 && strcmp(argv[i] + 2, name) == 0)
      return argv[i + 1];
  }
  return NULL;
}

static inline long bench_number(int argc,
                                char** argv,
                                const char* name,
                                long fallback) {
  const char* text = bench_text(argc, argv, name);

  return text == NULL ? fallback : strtol(text, NULL, 10);
}

static inline uint64_t bench_now(void) {
  struct timespec time;

  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t) time.tv_sec * 1000000000 + (uint64_t) time.tv_nsec;
}

/* User and system time of this process, in microseconds. */
static inline uint64_t bench_cpu(void) {
  struct rusage usage;

  getrusage(RUSAGE_SELF, &usage);
  return (uint64_t) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
         (uint64_t) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static inline void bench_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

static inline struct sockaddr_in bench_loopback(uint16_t port) {
  struct sockaddr_in address = {
      .sin_family = AF_INET,
      .sin_port = htons(port),
      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
  };

  return address;
}

/* A socket on a free port of the loopback address. */
static inline int bench_socket(int receive_buffer) {
  struct sockaddr_in address = bench_loopback(0);
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  if (fd < 0)
    bench_fail("socket");
  if (receive_buffer > 0)
    setsockopt(
        fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
  if (bind(fd, (struct sockaddr*) &address, sizeof(address)) != 0)
    bench_fail("bind");
  return fd;
}

static inline uint16_t bench_port(int fd) {
  struct sockaddr_in address = {0};
  socklen_t size = sizeof(address);

  if (getsockname(fd, (struct sockaddr*) &address, &size) != 0)
    bench_fail("getsockname");
  return ntohs(address.sin_port);
}

/* The runner waits for this line before it starts the other side. */
static inline void bench_ready(const int* fds, int count) {
  int i;

  printf("{\"ready\":true,\"ports\":[");
  for (i = 0; i < count; i++)
    printf("%s%u", i == 0 ? "" : ",", bench_port(fds[i]));
  printf("]}\n");
  fflush(stdout);
}

/* "1,2,3" */
static inline int bench_ports(const char* text, uint16_t* ports) {
  int count = 0;

  while (text != NULL && *text != '\0' && count < BENCH_PORTS) {
    char* end;

    ports[count++] = (uint16_t) strtoul(text, &end, 10);
    text = *end == ',' ? end + 1 : end;
  }
  if (count == 0) {
    fprintf(stderr, "--ports is missing\n");
    exit(1);
  }
  return count;
}

/* Makes the message a GSO send with segments of `size` bytes. */
static inline void bench_segment(struct msghdr* header,
                                 void* control,
                                 size_t size) {
  uint16_t segment = (uint16_t) size;
  struct cmsghdr* cmsg;

  header->msg_control = control;
  header->msg_controllen = CMSG_SPACE(sizeof(segment));
  cmsg = CMSG_FIRSTHDR(header);
  cmsg->cmsg_level = IPPROTO_UDP;
  cmsg->cmsg_type = UDP_SEGMENT;
  cmsg->cmsg_len = CMSG_LEN(sizeof(segment));
  memcpy(CMSG_DATA(cmsg), &segment, sizeof(segment));
}

/* The measured window. It opens `warm` after the first datagram and lasts for
 * `length`. Without a length it is the lifetime of the process. */
typedef struct {
  uint64_t warm;
  uint64_t length;
  uint64_t first;
  uint64_t datagrams;
  uint64_t bytes;
  bool open;
  uint64_t start_time;
  uint64_t start_cpu;
  uint64_t start_datagrams;
  uint64_t start_bytes;
} bench_window_t;

static inline void bench_window_init(bench_window_t* window,
                                     int argc,
                                     char** argv) {
  memset(window, 0, sizeof(*window));
  window->warm = (uint64_t) bench_number(argc, argv, "warm", 0) * 1000000;
  window->length = (uint64_t) bench_number(argc, argv, "measure", 0) * 1000000;
}

static inline void bench_window_open(bench_window_t* window) {
  window->open = true;
  window->start_cpu = bench_cpu();
  window->start_datagrams = window->datagrams;
  window->start_bytes = window->bytes;
  window->start_time = bench_now();
}

/* Called once per batch. Returns true when the window has ended. */
static inline bool bench_window_ended(bench_window_t* window) {
  uint64_t now;

  if (window->length == 0 || window->datagrams == 0)
    return false;
  now = bench_now();
  if (window->first == 0)
    window->first = now;
  if (!window->open && now - window->first >= window->warm)
    bench_window_open(window);
  return window->open && now - window->start_time < UINT64_MAX / 2 &&
         now - window->start_time >= window->length;
}

/* Prints the figures as an object that the caller has to close. */
static inline void bench_window_print(const bench_window_t* window) {
  uint64_t cpu = bench_cpu() - window->start_cpu;
  uint64_t wall = bench_now() - window->start_time;

  printf(
      "{\"datagrams\":%llu,\"bytes\":%llu,\"cpuMicros\":%llu,"
      "\"wallNanos\":%llu,\"total\":%llu",
      (unsigned long long) (window->datagrams - window->start_datagrams),
      (unsigned long long) (window->bytes - window->start_bytes),
      (unsigned long long) cpu,
      (unsigned long long) wall,
      (unsigned long long) window->datagrams);
}

#endif
