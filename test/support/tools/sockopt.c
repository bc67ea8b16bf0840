/* Prints options of the socket on descriptor 3, as the kernel has them: one
 * line `name value` for each name in the arguments. */
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define FD 3

static const struct {
  const char* name;
  int level;
  int option;
} options[] = {
    {"IP_TOS", IPPROTO_IP, 1},
    {"IP_MTU_DISCOVER", IPPROTO_IP, 10},
    {"IP_RECVERR", IPPROTO_IP, 11},
    {"IP_FREEBIND", IPPROTO_IP, 15},
    {"IP_TRANSPARENT", IPPROTO_IP, 19},
    {"IP_MULTICAST_ALL", IPPROTO_IP, 49},
    {"IPV6_MTU_DISCOVER", IPPROTO_IPV6, 23},
    {"IPV6_RECVERR", IPPROTO_IPV6, 25},
    {"IPV6_MULTICAST_ALL", IPPROTO_IPV6, 29},
    {"IPV6_TCLASS", IPPROTO_IPV6, 67},
    {"SO_REUSEADDR", SOL_SOCKET, SO_REUSEADDR},
    {"SO_REUSEPORT", SOL_SOCKET, SO_REUSEPORT},
    {"SO_PRIORITY", SOL_SOCKET, SO_PRIORITY},
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

int main(int argc, char** argv) {
  for (int i = 1; i < argc; i++) {
    if (print_option(argv[i]) != 0) {
      perror(argv[i]);
      return 1;
    }
  }
  return 0;
}
