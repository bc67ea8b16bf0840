/* Options of the socket on descriptor 3. For each argument `name` it prints a
 * line `name value`, as the kernel has it; `name=value` sets the option first.
 * The value of IP_OPTIONS is a number of no-operation options. */
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define FD 3

static const struct {
  const char* name;
  int level;
  int option;
} options[] = {
    {"IP_TOS", IPPROTO_IP, 1},
    {"IP_TTL", IPPROTO_IP, 2},
    {"IP_RECVOPTS", IPPROTO_IP, 6},
    {"IP_RETOPTS", IPPROTO_IP, 7},
    {"IP_PKTINFO", IPPROTO_IP, 8},
    {"IP_MTU_DISCOVER", IPPROTO_IP, 10},
    {"IP_RECVERR", IPPROTO_IP, 11},
    {"IP_RECVTTL", IPPROTO_IP, 12},
    {"IP_RECVTOS", IPPROTO_IP, 13},
    {"IP_FREEBIND", IPPROTO_IP, 15},
    {"IP_TRANSPARENT", IPPROTO_IP, 19},
    {"IP_RECVORIGDSTADDR", IPPROTO_IP, 20},
    {"IP_CHECKSUM", IPPROTO_IP, 23},
    {"IP_MULTICAST_TTL", IPPROTO_IP, 33},
    {"IP_MULTICAST_LOOP", IPPROTO_IP, 34},
    {"IP_MULTICAST_ALL", IPPROTO_IP, 49},
    {"IPV6_UNICAST_HOPS", IPPROTO_IPV6, 16},
    {"IPV6_MULTICAST_HOPS", IPPROTO_IPV6, 18},
    {"IPV6_MULTICAST_LOOP", IPPROTO_IPV6, 19},
    {"IPV6_MTU_DISCOVER", IPPROTO_IPV6, 23},
    {"IPV6_RECVERR", IPPROTO_IPV6, 25},
    {"IPV6_V6ONLY", IPPROTO_IPV6, 26},
    {"IPV6_MULTICAST_ALL", IPPROTO_IPV6, 29},
    {"IPV6_RECVPKTINFO", IPPROTO_IPV6, 49},
    {"IPV6_RECVHOPLIMIT", IPPROTO_IPV6, 51},
    {"IPV6_RECVTCLASS", IPPROTO_IPV6, 66},
    {"IPV6_TCLASS", IPPROTO_IPV6, 67},
    {"SO_TIMESTAMPNS", SOL_SOCKET, SO_TIMESTAMPNS},
    {"SO_TIMESTAMPING", SOL_SOCKET, SO_TIMESTAMPING},
    {"SO_REUSEADDR", SOL_SOCKET, SO_REUSEADDR},
    {"SO_REUSEPORT", SOL_SOCKET, SO_REUSEPORT},
    {"UDP_GRO", IPPROTO_UDP, 104},
    {"SO_PRIORITY", SOL_SOCKET, SO_PRIORITY},
    {"SO_MAX_PACING_RATE", SOL_SOCKET, 47},
    {"SO_MARK", SOL_SOCKET, SO_MARK},
};

static int print_device(void) {
  char name[IFNAMSIZ] = "";
  socklen_t size = sizeof(name);

  if (getsockopt(FD, SOL_SOCKET, SO_BINDTODEVICE, name, &size) != 0)
    return -1;
  printf("SO_BINDTODEVICE %s\n", name);
  return 0;
}

static int print_option(const char* name) {
  socklen_t size = sizeof(int);
  int value = 0;

  if (strcmp(name, "SO_BINDTODEVICE") == 0)
    return print_device();
  for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
    if (strcmp(options[i].name, name) != 0)
      continue;
    if (getsockopt(FD, options[i].level, options[i].option, &value, &size) != 0)
      return -1;
    printf("%s %d\n", name, value);
    return 0;
  }
  errno = EINVAL;
  return -1;
}

static int set_option(const char* name, int value) {
  static const unsigned char no_operations[40] = {
      1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
      1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

  if (strcmp(name, "IP_OPTIONS") == 0 && value >= 0 && value <= 40)
    return setsockopt(
        FD, IPPROTO_IP, IP_OPTIONS, no_operations, (socklen_t) value);
  for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
    if (strcmp(options[i].name, name) == 0)
      return setsockopt(
          FD, options[i].level, options[i].option, &value, sizeof(value));
  errno = EINVAL;
  return -1;
}

static int handle(char* argument) {
  char* equals = strchr(argument, '=');

  if (equals == NULL)
    return print_option(argument);
  *equals = '\0';
  return set_option(argument, (int) strtol(equals + 1, NULL, 10));
}

int main(int argc, char** argv) {
  for (int i = 1; i < argc; i++) {
    if (handle(argv[i]) != 0) {
      perror(argv[i]);
      return 1;
    }
  }
  return 0;
}
