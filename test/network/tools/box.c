/* A link that drops, duplicates and reorders: two tun devices, one in each of
 * two network namespaces. For kernels without sch_netem, and for a schedule
 * that depends on the number of a datagram only, so that it is the same each
 * time.
 *
 *
 *   box NAMESPACE NAMESPACE SEED LOSS DUPLICATE SWAP     (percent)
 *
 * IPv4. Applies to packets from the first namespace to the second; the other
 * direction is unchanged. A datagram's number is the first word of its payload.
 * A swapped datagram is delayed until after the next one. Number 0xffffffff
 * always passes, after any delayed datagram. Prints `ready`, then the number of
 * each forwarded datagram. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#define PACKET_MAX 65536
#define UDP_HEADER 8u

typedef struct {
  uint8_t bytes[PACKET_MAX];
  size_t size;
} packet_t;

static void fail(const char* what) {
  perror(what);
  exit(1);
}

static int open_end(const char* namespace) {
  struct ifreq request;
  char path[256];
  int fd;

  snprintf(path, sizeof(path), "/run/netns/%s", namespace);
  fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || setns(fd, CLONE_NEWNET) != 0)
    fail(path);
  close(fd);
  fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
  if (fd < 0)
    fail("/dev/net/tun");
  memset(&request, 0, sizeof(request));
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  snprintf(request.ifr_name, sizeof(request.ifr_name), "t0");
  if (ioctl(fd, TUNSETIFF, &request) != 0)
    fail("TUNSETIFF");
  return fd;
}

static void pass_on(int fd, const packet_t* packet) {
  while (write(fd, packet->bytes, packet->size) < 0) {
    if (errno != EINTR && errno != ENOBUFS)
      return; /* the device is down */
  }
}

/* Returns false unless the packet is a datagram with a number. */
static int read_number(const packet_t* packet, uint32_t* number) {
  size_t header = (packet->bytes[0] & 15u) * 4u + UDP_HEADER;

  if (packet->size < header + sizeof(*number) || packet->bytes[0] >> 4 != 4 ||
      packet->bytes[9] != IPPROTO_UDP)
    return 0;
  memcpy(number, packet->bytes + header, sizeof(*number));
  *number = ntohl(*number);
  return 1;
}

static unsigned draw_chance(uint32_t seed, uint32_t number) {
  uint64_t hash = ((uint64_t) seed << 32 | number) * 0x9e3779b97f4a7c15u;

  hash ^= hash >> 29;
  hash *= 0xbf58476d1ce4e5b9u;
  return (unsigned) ((hash >> 32) % 100);
}

static void emit(int fd, const packet_t* packet, uint32_t number) {
  pass_on(fd, packet);
  printf("%u\n", number);
  fflush(stdout);
}

static void treat(int fd,
                  const packet_t* packet,
                  uint32_t seed,
                  const unsigned* limits) {
  static packet_t delayed;
  static uint32_t delayed_number;
  unsigned chance;
  uint32_t number;

  if (!read_number(packet, &number)) {
    pass_on(fd, packet);
    return;
  }
  chance = number == UINT32_MAX ? 100 : draw_chance(seed, number);
  if (chance < limits[0])
    return;
  if (chance >= limits[1] && chance < limits[2] && delayed.size == 0) {
    delayed = *packet;
    delayed_number = number;
    return;
  }
  if (number != UINT32_MAX)
    emit(fd, packet, number);
  if (chance < limits[1])
    emit(fd, packet, number);
  if (delayed.size > 0) {
    emit(fd, &delayed, delayed_number);
    delayed.size = 0;
  }
  if (number == UINT32_MAX)
    emit(fd, packet, number);
}

int main(int argc, char** argv) {
  static packet_t packet;
  struct pollfd ends[2];
  unsigned limits[3] = {0};
  uint32_t seed;
  int i;

  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (argc != 7)
    return 2;
  for (i = 0; i < 2; i++)
    ends[i] = (struct pollfd){.fd = open_end(argv[1 + i]), .events = POLLIN};
  seed = (uint32_t) strtoul(argv[3], NULL, 10);
  for (i = 0; i < 3; i++)
    limits[i] =
        (unsigned) strtoul(argv[4 + i], NULL, 10) + (i > 0 ? limits[i - 1] : 0);
  puts("ready");
  fflush(stdout);
  while (poll(ends, 2, -1) >= 0 || errno == EINTR) {
    for (i = 0; i < 2; i++) {
      ssize_t size;

      if (!(ends[i].revents & POLLIN))
        continue;
      size = read(ends[i].fd, packet.bytes, sizeof(packet.bytes));
      if (size <= 0)
        continue;
      packet.size = (size_t) size;
      if (i == 0)
        treat(ends[1].fd, &packet, seed, limits);
      else
        pass_on(ends[0].fd, &packet);
    }
  }
  return 0;
}
